"""Mergeable statistics, and effect sizes with their intervals."""

from datacheck.stats.compare import (
    auc,
    auc_from_summary,
    category_shift,
    cohens_h,
    cramers_v,
    hedges_g,
    jensen_shannon,
    ks_distance,
    total_variation,
    wasserstein,
)
from datacheck.stats.intervals import Z95, Interval, benjamini_hochberg, multinomial_intervals, proportion
from datacheck.stats.sketches import DistinctCount, Quantiles
from datacheck.stats.states import Counts, MinMax, Moments, State

__all__ = [
    "Z95",
    "Counts",
    "DistinctCount",
    "Interval",
    "MinMax",
    "Moments",
    "Quantiles",
    "State",
    "auc",
    "auc_from_summary",
    "benjamini_hochberg",
    "category_shift",
    "cohens_h",
    "cramers_v",
    "hedges_g",
    "jensen_shannon",
    "ks_distance",
    "multinomial_intervals",
    "proportion",
    "total_variation",
    "wasserstein",
]
