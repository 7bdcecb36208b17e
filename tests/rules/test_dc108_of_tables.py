"""DC108 on tables: labels that slipped against the columns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes

from datacheck.findings import Found, NotApplicable, Outcome, Passed
from datacheck.probing.outputs import ProbeOutputs
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc108_labels_carry_no_signal import LabelsCarryNoSignal
from datacheck.sources import open_source

N = 600
NOTHING_EMBEDDED = cast(ProbeOutputs, SimpleNamespace(embeddings=None, backend="tabular"))


def judged(columns: dict[str, Any]) -> Outcome:
    return LabelsCarryNoSignal().check(RuleContext(open_source(columns), probe=NOTHING_EMBEDDED))


def features(seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(N, 4))


def table(x: NDArray[np.float64], **labels: Any) -> dict[str, Any]:
    return {**{f"x{column}": values for column, values in enumerate(x.T)}, **labels}


@pytest.mark.parametrize(("start", "roll", "words"), [
    (200, 1, "from row 200 on, each sample has the label of the row before it"),
    (350, -2, "from row 350 on, each sample has the label of the sample 2 rows after it"),
    (0, 1, "from row 0 on, each sample has the label of the row before it"),
])  # fmt: skip
def test_a_target_that_slipped_is_found_and_put_back(start: int, roll: int, words: str) -> None:
    x = features()
    target = x @ [1.0, 2.0, -1.0, 0.5] + 0.1 * np.random.default_rng(1).normal(size=N)
    outcome = judged(table(x, target=np.r_[target[:start], np.roll(target[start:], roll)]))
    assert isinstance(outcome, Found)
    assert words in outcome.findings[0].message
    for row in outcome.issues.to_pylist():
        if row["suspicion"] > 0.9:
            assert float(row["note"]) == pytest.approx(target[int(row["sample_id"])], rel=1e-6)
    assert isinstance(judged(table(x, target=target)), Passed)


def test_classes_beside_words_slipped() -> None:
    rng = np.random.default_rng(2)
    colour = rng.integers(0, 3, N)
    label = np.where(rng.random(N) < 0.9, colour, rng.integers(0, 3, N))
    words = {"colour": np.array(["red", "green", "blue"])[colour], "size": rng.normal(size=N)}
    names = np.array(["a", "b", "c"])
    outcome = judged({**words, "label": names[np.r_[label[:300], np.roll(label[300:], 1)]]})
    assert isinstance(outcome, Found)
    assert "has the label of the row before it" in outcome.findings[0].message
    assert isinstance(judged({**words, "label": names[label]}), Passed)


def test_a_lag_in_time_is_no_slip() -> None:
    level = np.zeros(N)
    for row, noise in enumerate(np.random.default_rng(3).normal(size=N)):
        level[row] = 0.8 * level[row - 1] + noise
    outcome = judged({"today": level, "target": np.roll(level, -1)})
    assert isinstance(outcome, NotApplicable)
    assert "a series in time" in outcome.reason


def test_labels_that_no_sum_of_columns_shows_are_not_called_wrong() -> None:
    x = features()
    outcome = judged(table(x, label=np.where(x[:, 0] * x[:, 1] > 0, "yes", "no")))
    assert isinstance(outcome, NotApplicable)
    assert "no sum of the columns" in outcome.reason


@pytest.mark.parametrize("seed", range(5))
def test_real_tables_in_any_order_are_silent(seed: int) -> None:
    for data, name in ((load_breast_cancer(), "label"), (load_diabetes(), "target")):
        order = np.random.default_rng(seed).permutation(len(data.target))
        label = data.target[order] if name == "target" else np.array(["a", "b"])[data.target[order]]
        assert isinstance(judged(table(data.data[order], **{name: label})), Passed)


def test_few_rows_are_not_judged() -> None:
    x = features()[:150]
    assert isinstance(judged(table(x, target=x[:, 0])), NotApplicable)
