"""A small file beside each image, or in a folder of its own, that says its class."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datacheck.manifest import HoldsLabels, Task
from datacheck.sources import open_source

from .pets_data import write_image

WORDS = ["cat", "dog", "cat", "dog", "cat", "dog"]


def _write(root: Path, form: str, contents: list[str]) -> Path:
    for number, content in enumerate(contents):
        write_image(root / "images" / f"{number}.png", number)
        path = root / form.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


@pytest.mark.parametrize("form", ["images/{}.txt", "labels/{}.txt"])
@pytest.mark.parametrize("written", ["{}", " {} \n", "\ufeff{}\n"])
def test_one_word_a_file_is_the_class(tmp_path: Path, form: str, written: str) -> None:
    manifest = open_source(_write(tmp_path, form, [written.format(word) for word in WORDS]))
    assert manifest.task is Task.CLASSIFICATION
    rows = zip(manifest.table["uri"].to_pylist(), manifest.table["label"].to_pylist(), strict=True)
    assert dict(rows) == {f"images/{number}.png": word for number, word in enumerate(WORDS)}
    assert manifest.inventory.unread == ()


@pytest.mark.parametrize("key", ["label", "class", "category"])
def test_a_key_of_json_is_the_class(tmp_path: Path, key: str) -> None:
    manifest = open_source(_write(tmp_path, "images/{}.json", [json.dumps({"by": "me", key: word}) for word in WORDS]))
    assert manifest.table["label"].to_pylist() == WORDS


def test_an_image_without_its_file_has_no_label(tmp_path: Path) -> None:
    _write(tmp_path, "images/{}.txt", WORDS)
    write_image(tmp_path / "images" / "9.png")
    manifest = open_source(tmp_path)
    assert manifest.table["label"].to_pylist() == [*WORDS, None]


@pytest.mark.parametrize(
    "contents",
    [
        [f"a photo of thing {number} with a hat" for number in range(6)],
        ["cat\ndog\n"] * 3 + ["dog\n"] * 3,
        ["cat"] * 6,
        ["cat", "dog", "", "", "cat", "dog"],
    ],
)
def test_descriptions_and_other_files_are_no_classes(tmp_path: Path, contents: list[str]) -> None:
    manifest = open_source(_write(tmp_path, "images/{}.txt", contents))
    assert manifest.task is Task.PAIRED
    (unread,) = manifest.inventory.unread
    assert unread.labels is HoldsLabels.YES
    assert unread.remedy is not None
    assert unread.remedy.command_line == "--task unlabelled"


def test_boxes_stay_boxes(tmp_path: Path) -> None:
    manifest = open_source(_write(tmp_path, "labels/{}.txt", ["0 0.5 0.5 0.2 0.2\n", "1 0.5 0.5 0.2 0.2\n"] * 3))
    assert manifest.task is Task.DETECTION
