"""Splits under words of their own: holdout, public and private test sets, marks such as ``is_valid``."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.sources import open_source


def _write(path: Path, rows: list[str]) -> None:
    path.write_text("height,label\n" + "\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "holdout"), ("train", "holdout")),
        (("train", "test", "hold_out"), ("train", "test", "holdout")),
        (("train", "public_test", "private_test"), ("train", "private_test", "public_test")),
        (("entrenamiento", "prueba"), ("train", "test")),
    ],
)
def test_tables_named_for_splits_are_read_together(
    tmp_path: Path, names: tuple[str, ...], splits: tuple[str, ...]
) -> None:
    for number, name in enumerate(names):
        _write(tmp_path / f"{name}.csv", [f"{number}.{row},{'xy'[row % 2]}" for row in range(4)])
    manifest = open_source(tmp_path)
    assert len(manifest) == 4 * len(names)
    assert manifest.splits == splits


def test_a_column_that_marks_a_split_is_the_split(tmp_path: Path) -> None:
    table = {"height": [1.5, 2.0, 3.0, 4.5], "label": ["x", "y", "x", "y"]}
    assert open_source({**table, "is_valid": [False, True, False, False]}).table["split"].to_pylist() == [
        *("train", "val", "train", "train")
    ]
    assert open_source({**table, "is_train": [1, 0, 1, 1]}).table["split"].to_pylist()[:2] == ["train", "test"]
    assert open_source({**table, "is_male": [1, 0, 1, 1]}).splits == ()


def test_the_words_of_fer2013_are_splits() -> None:
    manifest = open_source(
        {"label": ["x", "y", "x"], "height": [1.5, 2.0, 3.0], "Usage": ["Training", "PublicTest", "PrivateTest"]}
    )
    assert manifest.splits == ("train", "private_test", "public_test")
