"""Classes in the names of image files: asked for, and read by the pattern of the caller."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Task
from datacheck.sources import open_source

from .pets_data import write_image


def _write(root: Path, names: Iterable[str]) -> Path:
    for name in names:
        write_image(root / name)
    return root


@pytest.mark.parametrize(
    ("form", "labels"),
    [
        ("train/{word}.{n}.jpg", ["cat", "dog"]),
        ("{word}_great_{n}.JPG", ["cat_great", "dog_great"]),
        ("{word} ({n}).png", ["cat", "dog"]),
        ("{n:04}_{word}.png", ["cat", "dog"]),
        ("val/images/{word}{n}.png", ["cat", "dog"]),
        ("{word}ö-{n}.png", ["catö", "dogö"]),
    ],
)
def test_what_may_be_classes_is_asked_for_and_the_remedy_reads_it(tmp_path: Path, form: str, labels: list[str]) -> None:
    root = _write(tmp_path, (form.format(word=word, n=n) for n in range(6) for word in ("cat", "dog")))
    manifest = open_source(root)
    (question,) = manifest.inventory.questions
    assert (manifest.task, question.unjudged) == (Task.UNLABELLED, True)
    assert question.remedy is not None
    pattern = question.remedy.python.partition("=")[2]
    named = open_source(root, label_pattern=eval(pattern))
    assert named.classes == tuple(labels)
    for uri, label in zip(named.table["uri"].to_pylist(), named.table["label"].to_pylist(), strict=True):
        assert label in uri
    assert named.inventory.questions == ()


@pytest.mark.parametrize(
    "names",
    [
        [f"{word}_{n:04}.jpg" for n in range(6) for word in ("IMG", "DSC", "cat")],
        [f"{word}_{n}.jpg" for n in range(6) for word in ("train", "test")],
        [f"frame{n}.jpg" for n in range(20)],
        [f"{n:032x}.jpg" for n in range(20)],
        [f"p{n // 5:02}_{n % 5}.jpg" for n in range(20)],
        [f"thing {chr(97 + n)} of many {n}.jpg" for n in range(20)],
    ],
)
def test_names_of_cameras_numbers_and_things_are_no_classes(tmp_path: Path, names: list[str]) -> None:
    assert open_source(_write(tmp_path, names)).inventory.questions == ()


def test_a_test_set_without_classes_in_its_names_hides_none(tmp_path: Path) -> None:
    train = (f"train/{word}.{n}.jpg" for n in range(6) for word in ("cat", "dog"))
    root = _write(tmp_path, [*train, *(f"test/{n}.jpg" for n in range(8))])
    (question,) = open_source(root).inventory.questions
    assert question.unjudged
    manifest = open_source(root, label_pattern=r"^(\D+?)[ ._(-]*\d")
    rows = zip(manifest.table["split"].to_pylist(), manifest.table["label"].to_pylist(), strict=True)
    assert set(rows) == {("train", "cat"), ("train", "dog"), ("test", None)}


def test_who_says_that_there_are_no_labels_is_not_asked(tmp_path: Path) -> None:
    root = _write(tmp_path, (f"{word}.{n}.jpg" for n in range(6) for word in ("cat", "dog")))
    assert open_source(root, task="unlabelled").inventory.questions == ()


def test_a_pattern_wins_over_folders_and_leaves_what_it_does_not_match_unlabelled(tmp_path: Path) -> None:
    root = _write(tmp_path, ["monday/cat.1.jpg", "monday/dog.2.jpg", "sunday/cat.3.jpg", "sunday/other.jpg"])
    manifest = open_source(root, label_pattern=r"^(\w+)\.\d")
    rows = zip(manifest.table["uri"].to_pylist(), manifest.table["label"].to_pylist(), strict=True)
    assert dict(rows) == {
        "monday/cat.1.jpg": "cat",
        "monday/dog.2.jpg": "dog",
        "sunday/cat.3.jpg": "cat",
        "sunday/other.jpg": None,
    }
    assert "1 without a class in their name" in manifest.took_for


def test_numbers_in_names_are_targets_where_that_is_asked(tmp_path: Path) -> None:
    root = _write(tmp_path, ["25_0.jpg", "31_1.jpg"])
    manifest = open_source(root, label_pattern=r"^(\d+)_", task="regression")
    assert manifest.table["target"].to_pylist() == [25.0, 31.0]


@pytest.mark.parametrize(("pattern", "words"), [("(", "regular expression"), ("cat", "a group"), (r"^x(\d)", "'cat.1")])
def test_a_pattern_that_cannot_serve_is_refused(tmp_path: Path, pattern: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        open_source(_write(tmp_path, ["cat.1.jpg"]), label_pattern=pattern)
