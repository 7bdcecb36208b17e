"""Planted cohorts for the tests of the plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datacheck.manifest import Manifest
from datacheck.plan.cohort import Cohort, make_cohort
from datacheck.plan.inputs import PlanInputs


def cohort_of(
    codes: np.ndarray, features: np.ndarray, names: Sequence[str], *, seed: int = 0, n_seeds: int = 1
) -> Cohort:
    """Return all samples as a cohort; the features are "planted features"."""
    labels = [names[code] for code in codes]
    manifest = Manifest.from_columns({"label": labels}, classes=tuple(names))
    data = PlanInputs(manifest, seed=seed, n_seeds=n_seeds)
    return make_cohort(data, np.arange(len(codes)), features, "planted features")
