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
from datacheck.stats.intervals import (
    Z95,
    Interval,
    benjamini_hochberg,
    bootstrapped,
    multinomial_intervals,
    proportion,
    wilson,
)
from datacheck.stats.paired import Gains, class_weights_of, mean_difference, paired_difference, simultaneous_gains
from datacheck.stats.sketches import DistinctCount, Quantiles
from datacheck.stats.states import Counts, MinMax, Moments, State
from datacheck.stats.stratified import Stratum, stratified_count

__all__ = [
    "Z95",
    "Counts",
    "DistinctCount",
    "Gains",
    "Interval",
    "MinMax",
    "Moments",
    "Quantiles",
    "State",
    "Stratum",
    "auc",
    "auc_from_summary",
    "benjamini_hochberg",
    "bootstrapped",
    "category_shift",
    "class_weights_of",
    "cohens_h",
    "cramers_v",
    "hedges_g",
    "jensen_shannon",
    "ks_distance",
    "mean_difference",
    "multinomial_intervals",
    "paired_difference",
    "proportion",
    "simultaneous_gains",
    "stratified_count",
    "total_variation",
    "wasserstein",
    "wilson",
]
