from __future__ import annotations

import numpy as np

from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.registration import Registered
from datacheck.findings import Found, NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.splits.dc310_scene_leakage import SceneLeakage

from .examples import shown
from .quality_tables import context_of, photos


def judged(pairs: list[list[int]], copies: list[bool], splits: list[str]) -> Outcome:
    """The rule on images of which some pairs were laid over one another."""
    base = context_of(photos(len(splits)), split=splits)
    n = len(pairs)
    ones = np.ones(n)
    registered = Registered(np.array(pairs, np.int64).reshape(n, 2), np.array(copies, bool), ones, 0 * ones, ones > 1)
    alone = DuplicateClusters.equal(np.full(len(splits), -1, np.int64))
    found = DuplicateClusters(
        alone.exact, alone.near, alone.near_pairs, alone.near_distance, alone.orientation, registered=registered
    )
    return SceneLeakage().check(RuleContext(base.manifest, base.measurements, find_copies=lambda: found))


def test_the_example() -> None:
    outcome = judged([[0, 4]], [False], ["train"] * 4 + ["test"] * 4)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(SceneLeakage)
    assert outcome.findings[0].severity is Severity.WARNING
    assert outcome.issues["related_id"].to_pylist() == [outcome.findings[0].evidence["clusters"][0][1]]


def test_each_image_counts_once_and_only_across_splits() -> None:
    outcome = judged([[0, 4], [1, 4], [2, 3], [4, 5]], [False] * 4, ["train"] * 4 + ["test"] * 4)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 1


def test_copies_and_pairs_of_one_split_are_silent() -> None:
    assert isinstance(judged([[0, 4], [0, 1]], [True, False], ["train"] * 4 + ["test"] * 4), Passed)


def test_without_a_comparison_of_details_it_cannot_tell() -> None:
    base = context_of(photos(8), split=["train"] * 4 + ["test"] * 4)
    assert isinstance(SceneLeakage().check(base), NotApplicable)
