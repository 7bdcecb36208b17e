from __future__ import annotations

from datacheck.findings import NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc305_group_leakage import GroupLeakage

from .examples import shown
from .split_tables import found


def context(groups: list[str | None], splits: list[str]) -> RuleContext:
    return RuleContext(Manifest.from_columns({"group": groups, "split": splits}))


def test_a_group_in_two_splits() -> None:
    outcome = found(
        GroupLeakage().check(
            context(["p", "q", "p", "p", "r", None], ["train", "train", "test", "test", "test", "test"])
        )
    )
    (finding,) = outcome.findings
    assert finding.evidence["groups"] == {"p": 2}
    assert finding.evidence["share"]["value"] == 2 / 3
    assert finding.sample_ids == ("2", "3")
    assert outcome.issues["note"].to_pylist() == ["p", "p"]


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(GroupLeakage().check(context(["p", "q", None], ["train", "test", "test"])), Passed)
    assert isinstance(GroupLeakage().check(context(["p", "p"], ["train", "train"])), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = found(GroupLeakage().check(context(["p1", "p2", "p1", "p3"], ["train", "train", "test", "test"])))
    assert outcome.findings[0].message == shown(GroupLeakage)


def test_the_largest_group_comes_first() -> None:
    groups: list[str | None] = ["p", "q", "p", "q", "q"]
    outcome = found(GroupLeakage().check(context(groups, ["train", "train", "test", "test", "test"])))
    assert list(outcome.findings[0].evidence["groups"].items()) == [("q", 2), ("p", 1)]
