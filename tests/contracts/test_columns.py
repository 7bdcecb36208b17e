"""Feature columns in a contract: absent, empty, of another kind, out of range, drifted; the clean twin keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datacheck.auditing import audit
from datacheck.cli import run
from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck_expectations import (
    Contract,
    Term,
    check_tables,
    diff_terms,
    propose_expectations,
    write_contract,
)

N = 600


def rows(seed: int) -> pd.DataFrame:
    """A week's table of fruit: two features, an id that counts on from week to week, and a remark."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(["apple", "pear", "plum"], N, p=[0.5, 0.3, 0.2])
    return pd.DataFrame({
        "sample_id": [f"s{seed}_{number:04d}" for number in range(N)],
        "label": labels,
        "weight": (rng.normal(10, 2, N) + (labels == "apple")).round(2),
        "colour": rng.choice(["red", "green", "blue"], N),
        "humidity": np.where(rng.random(N) < 0.1, np.nan, rng.uniform(0, 1, N)),
        "number": np.arange(N) + seed * N,
        "remark": [f"seen by {rng.integers(10**9)}" for _ in range(N)],
        "split": rng.choice(["train", "val"], N, p=[0.8, 0.2]),
    })  # fmt: skip


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """The contract of the first week."""
    folder = tmp_path_factory.mktemp("columns")
    rows(1).to_csv(folder / "accepted.csv", index=False)
    report = audit(folder / "accepted.csv")
    return write_contract(folder / "contract", propose_expectations(report), reference=report.fingerprint)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[pd.DataFrame], Manifest]:
    def opened(frame: pd.DataFrame) -> Manifest:
        from datacheck.sources import open_source

        frame.to_csv(tmp_path / "fresh.csv", index=False)
        return open_source(tmp_path / "fresh.csv")

    return opened


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_the_next_weeks_keep_the_contract(
    contract: Contract, table: Callable[[pd.DataFrame], Manifest], seed: int
) -> None:
    result = check_tables(contract, table(rows(seed)))
    assert result.success, [one.sentence for one in (*result.broken, *result.unchecked)]
    assert result.uncovered == ()


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        (lambda t: t.drop(columns="weight"), 2, "column 'weight' is missing"),
        (lambda t: t.assign(weight=None), 1, "column 'weight' has no value in 600 of 600 rows (none may be)"),
        (lambda t: t.assign(weight=t["weight"].map("{:.2f} kg".format)), 2, "column 'weight' holds text, such as '"),
        (lambda t: t.assign(weight=t["weight"].where(t.index > 2)), 1, "column 'weight' has no value in 3 of 600 rows"),
        (lambda t: t.assign(humidity=t["humidity"].where(t.index > 200)), 1, "column 'humidity' has no value in "),
        (lambda t: t.assign(weight=t["weight"] * 1000), 1, "the mean weight of split 'train' is 10,"),
        (lambda t: t.assign(weight=10.5), 1, "600 of 600 samples have the weight 10.5, and at most "),
        (lambda t: t.assign(weight=t["weight"].where(t.index > 99, 10.5)), 1, "have the weight 10.5, and at most "),
        (lambda t: t.assign(colour=t["colour"].replace("red", "rad")), 1, "samples have another colour: 'rad' ("),
        (lambda t: t.drop(columns="remark"), 1, "column 'remark' is missing"),
        (lambda t: t.assign(number=t["number"].map("no {}".format)), 1, "column 'number' holds text"),
    ],
    ids=["absent", "empty", "retyped", "some missing", "more missing", "another unit", "stuck", "often stuck",
         "new value", "no remark", "ids"],
)  # fmt: skip
def test_a_broken_column_is_named(
    contract: Contract,
    table: Callable[[pd.DataFrame], Manifest],
    change: Callable[[pd.DataFrame], pd.DataFrame],
    code: int,
    sentence: str,
) -> None:
    result = check_tables(contract, table(change(rows(2))))
    sentences = [one.sentence for one in result.broken]
    assert any(sentence in found for found in sentences), sentences
    assert result.exit_code() == code
    assert sentence.split("'")[1] if "'" in sentence else sentence in result.render()


def test_a_drift_of_categories_is_a_warning(contract: Contract, table: Callable[[pd.DataFrame], Manifest]) -> None:
    frame = rows(2)
    frame.loc[frame.index[: N // 2], "colour"] = "red"
    result = check_tables(contract, table(frame))
    assert [one.term.type for one in result.broken] == ["expect_category_drift_at_most"]
    assert "the largest change is 'red': " in result.broken[0].sentence
    assert result.exit_code() == 0


def test_a_new_column_is_said_to_be_uncovered(contract: Contract, table: Callable[[pd.DataFrame], Manifest]) -> None:
    result = check_tables(contract, table(rows(2).assign(price=1.5)))
    assert result.uncovered == ("price",)
    assert "columns that no term covers: 'price'" in result.render()
    assert json.loads(result.render("json"))["uncovered_columns"] == ["price"]


def test_columns_whose_values_do_not_repeat_are_not_compared(contract: Contract) -> None:
    assert contract.not_compared == ("number", "remark")
    assert {"weight", "colour", "humidity"} <= contract.columns


@pytest.mark.parametrize(
    ("columns", "direction"),
    [
        ({"a": ("number", 0.0)}, "looser"),
        ({"a": ("number", 0.0), "b": ("text", 0.2)}, "looser"),
        ({"a": ("number", 0.0), "b": ("text", 0.0)}, "tighter"),
        ({"a": ("number", 0.0), "b": ("text", 0.1), "c": ("time", 0.0)}, "tighter"),
        ({"a": ("number", 0.1), "b": ("text", 0.0)}, "other"),
        ({"a": ("text", 0.0), "b": ("text", 0.1)}, "other"),
    ],
)
def test_a_diff_of_columns_has_a_direction(columns: dict[str, tuple[str, float]], direction: str) -> None:
    def term(kinds: dict[str, tuple[str, float]]) -> Term:
        value = {name: {"kind": kind, "max_missing": share} for name, (kind, share) in kinds.items()}
        return Term("expect_columns_present", {"columns": value, "confidence": 0.9})

    before = term({"a": ("number", 0.0), "b": ("text", 0.1)})
    assert [change.direction for change in diff_terms([before], [term(columns)]).changes] == [direction]


def test_missing_groups_and_targets_are_noticed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {"target": rng.normal(size=400), "split": ["train", "test"] * 200, "group": ["a", "b"] * 200}
    accepted = Manifest.from_columns(columns)
    made = write_contract(tmp_path / "c", propose_expectations(fingerprint(accepted)), reference=fingerprint(accepted))
    assert check_tables(made, accepted).success
    target = np.where(np.arange(400) < 9, np.nan, columns["target"])
    less = check_tables(made, Manifest.from_columns({**columns, "target": target}))
    assert [one.sentence for one in less.broken] == ["column 'target' has no value in 9 of 400 rows (none may be)"]
    ungrouped = check_tables(made, Manifest.from_columns({**columns, "group": [None] * 400}))
    assert [one.sentence for one in ungrouped.broken] == [
        "column 'group' has no value in 400 of 400 rows (none may be)"
    ]


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows(1).to_csv("accepted.csv", index=False)
    rows(2).drop(columns="weight").to_csv("missing.csv", index=False)
    assert run(["audit", "accepted.csv", "--out", "run", "-q"]) == 0
    assert run(["contract", "init", "run", "-v"]) == 0
    said = capsys.readouterr().out
    assert "checked for presence, kind and missing values only" in said
    assert "'number' and 'remark'" in said
    assert "  critical: The dataset has these columns, by kind of values: " in said
    assert run(["contract", "check", "missing.csv", "-q"]) == 2
    assert "column 'weight' is missing" in capsys.readouterr().out
