from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.findings import NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage

from .examples import shown
from .split_tables import NEAR_A, A, B, C, context, found


def test_exact_and_near_copies_across_splits() -> None:
    splits = ["train", "train", "test", "test", "test", "val"]
    checked = context([A, B, B, NEAR_A, C, (2**20 - 1) << 15], ["a", "b", "b", "d", "e", "f"], split=splits)
    outcome = found(SplitLeakage().check(checked))
    (finding,) = outcome.findings
    assert finding.severity is Severity.ERROR
    assert (finding.evidence["earlier"], finding.evidence["later"]) == ("train", "test")
    assert (finding.evidence["n_exact"], finding.evidence["n_near"]) == (1, 1)
    assert finding.evidence["share"]["value"] == 2 / 3
    assert finding.evidence["clusters"] == [["2.png", "1.png"], ["3.png", "0.png"]]
    assert outcome.issues["note"].to_pylist() == ["exact duplicate in train", "near duplicate in train"]


def test_copies_within_a_split_are_not_leakage() -> None:
    splits = ["train", "train", "test"]
    assert isinstance(SplitLeakage().check(context([A, NEAR_A, B], split=splits)), Passed)


def test_the_clean_twin_is_silent_and_one_split_cannot_leak() -> None:
    assert isinstance(SplitLeakage().check(context([A, B, C], split=["train", "val", "test"])), Passed)
    assert isinstance(SplitLeakage().check(context([A, A])), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = found(SplitLeakage().check(context([A, A, B], ["1", "1", "2"], split=["train", "test", "test"])))
    assert outcome.findings[0].message == shown(SplitLeakage)


def test_rows_of_a_table_that_stand_in_both_splits() -> None:
    x = np.random.default_rng(0).normal(size=(60, 5)).round(3)
    x[50:] = x[:10]
    columns = {f"x{k}": x[:, k] for k in range(5)} | {"split": ["train"] * 40 + ["test"] * 20, "label": ["a", "b"] * 30}
    outcome = found(SplitLeakage().check(RuleContext(Manifest.from_columns(columns))))
    assert outcome.findings[0].message.startswith("at least 10 of 20 rows of 'test' (50 %) are also in 'train'")
    assert outcome.issues["related_id"].to_pylist() == [f"0{row}" for row in range(10)]
    columns |= {"x0": np.random.default_rng(1).normal(size=60)}
    assert isinstance(SplitLeakage().check(RuleContext(Manifest.from_columns(columns))), Passed)


def test_a_clean_result_says_that_not_all_pairs_were_compared() -> None:
    judged = context([A, B, C], split=["train", "val", "test"])
    outcome = SplitLeakage().check(judged)
    assert outcome == Passed("no sample has a duplicate in another split")
    whole = judged.duplicates
    assert whole is not None
    cut = RuleContext(judged.manifest, judged.measurements, find_copies=lambda: replace(whole, complete=False))
    outcome = SplitLeakage().check(cut)
    assert isinstance(outcome, Passed)
    assert outcome.summary.endswith("the images are too many for all of them")
