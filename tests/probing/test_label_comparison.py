"""Old labels against new ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from datacheck.cli import run
from datacheck.errors import ProbeError
from datacheck.labels.agreement import class_agreement
from datacheck.manifest import Manifest, Task
from datacheck.probing.label_comparison import LabelComparison, compare_labels
from datacheck.testing import toy_images

NAMES = np.array(["cat", "dog", "fox"])


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    return rng.normal(size=(n, 8)) + 3 * np.eye(3, 8)[label], label


def compared(new_labels: np.ndarray, *, seed: int = 0) -> LabelComparison:
    """Compare 600 old samples with 400 new ones that have these labels."""
    x, label = drawn(1000, seed)
    old, new = (Manifest.from_columns({"label": one.tolist()}) for one in (NAMES[label[:600]], new_labels))
    return compare_labels(old, new, features=(x[:600], x[600:]), budget=5, seed=seed)


def true_names(seed: int = 0) -> np.ndarray:
    return NAMES[drawn(1000, seed)[1][600:]].astype(object)


def test_two_parts_of_one_set_are_silent() -> None:
    found = compared(true_names())
    assert found.changed == ()
    assert found.exit_code == 0
    assert found.to_text().startswith("no class of 3 judged shows another guideline")
    assert [one["verdict"] for one in found.to_json()["by_class"]] == ["same"] * 3


def test_the_class_that_takes_in_others_is_named_with_them_and_what_cannot_be_judged_too() -> None:
    names = true_names()
    foxes = np.flatnonzero(names == "fox")
    names[foxes[:40]] = "dog"
    names[foxes[50:]] = "wolf"
    found = compared(names)
    assert found.changed == ("dog",)
    assert found.exit_code == 1
    (dog,) = [one for one in found.to_json()["by_class"] if one["class"] == "dog"]
    assert dog["looks_like"] == "fox"
    wrong = {f"{row:03d}" for row in foxes[:40]}
    assert len(wrong & set(dog["contradicted"])) >= 20
    assert len(set(dog["contradicted"]) - wrong) <= 5
    assert dog["contradicted_more"]["low"] > 0.04
    assert found.new_classes == ("wolf",)
    text = found.to_text()
    assert "most of them look like 'fox'" in text
    assert "not judged, because the old data does not have them: 'wolf'" in text
    assert "'fox': not judged, " in text


def test_uncertain_predictions_of_other_looking_samples_contradict_nothing() -> None:
    old = np.repeat([0, 1], 200)
    sure, unsure = np.array([[0.95, 0.05], [0.05, 0.95]]), np.array([[0.45, 0.55], [0.55, 0.45]])
    found = class_agreement(sure[old], old, unsure[old], old)
    assert [one.new.value for one in found] == [0.0, 0.0]
    assert not any(one.changed for one in found)


def test_too_few_samples_are_undecided() -> None:
    old, new = np.repeat([0, 1], 200), np.repeat([0, 1], [19, 25])
    found = class_agreement(np.eye(2)[old], old, np.eye(2)[new], new)
    assert [one.judged for one in found] == [False, True]
    assert [one.undecided for one in found] == [True, True]
    assert found[1].contradicted.high > 0.1


def test_data_that_does_not_fit_is_refused() -> None:
    classes = Manifest.from_columns({"label": ["a", "b"] * 30})
    numbers = Manifest.from_columns({"target": np.arange(60.0)})
    with pytest.raises(ProbeError, match="the new dataset: expected one class label a sample, found task 'regression'"):
        compare_labels(classes, numbers)
    assert numbers.task is Task.REGRESSION
    noise = np.random.default_rng(0).normal(size=(60, 4))
    with pytest.raises(ProbeError, match="the labels cannot be compared: the probe is too weak"):
        compare_labels(classes, classes, features=(noise, noise), budget=5)
    with pytest.raises(ProbeError, match="4 columns for the old samples, 3 for the new"):
        compare_labels(classes, classes, features=(noise, noise[:, :3]), budget=5)


def table(path: Path, rows: slice, *, moved: int = 0) -> str:
    x, label = drawn(900, 3)
    names = NAMES[label].astype(object)[rows]
    names[np.flatnonzero(names == "fox")[:moved]] = "dog"
    lines = ["label," + ",".join(f"x{column}" for column in range(8))]
    lines += [f"{name}," + ",".join(f"{value:.4f}" for value in row) for name, row in zip(names, x[rows], strict=True)]
    path.write_text("\n".join(lines))
    return str(path)


def test_the_command_exits_as_an_audit_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, same = table(tmp_path / "old.csv", slice(500)), table(tmp_path / "new.csv", slice(500, 900))
    assert run(["compare-labels", old, same, "--budget", "3s", "--quiet"]) == 0
    other = table(tmp_path / "other.csv", slice(500, 900), moved=50)
    capsys.readouterr()
    assert run(["compare-labels", old, other, "--budget", "3s", "--quiet", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["changed"] == ["dog"]
    assert run(["compare-labels", old, str(tmp_path / "absent.csv"), "--quiet"]) == 2


def test_images_of_two_folders_are_compared(tmp_path: Path) -> None:
    old, new = (toy_images(tmp_path / name, n_per_class=40, size=32, seed=seed) for name, seed in (("a", 1), ("b", 2)))
    names = np.array(new.table["label"].to_pylist(), dtype=object)
    names[np.flatnonzero(names == "star")[:30]] = "disc"
    other = new.with_column("label", names.tolist())
    same, found = (compare_labels(old, one, budget=20, weights="none") for one in (new, other))
    assert (same.changed, same.exit_code) == ((), 0)
    (disc,) = [one for one in found.by_class if found.classes[one.label] == "disc"]
    assert disc.contradicted.value > 0.1
    assert disc.undecided  # the probe of these small images is right in two of three cases
    assert compare_labels(old, new.take(np.arange(9)), budget=20, weights="none").exit_code == 2
