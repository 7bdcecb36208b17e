"""Lists such as ``train.txt``: a path, a space, a class number, no header."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Task
from datacheck.sources import open_source

from .pets_data import write_image


def listing(root: Path, text: str, name: str = "train.txt") -> Path:
    for image in ("a 1.jpg", "b.jpg", "c.jpg", "d.jpg"):
        write_image(root / "train" / image)
    (root / name).write_text(text)
    return root / name


def test_a_path_and_a_class_number(tmp_path: Path) -> None:
    path = listing(tmp_path, "train/a 1.jpg 0\ntrain/b.jpg 1\n\ntrain/missing 1.jpg 1\n\n")
    for options in ({}, {"columns": ["path", "label"]}):
        manifest = open_source(path, **options)
        assert manifest.table["uri"].to_pylist() == ["train/a 1.jpg", "train/b.jpg", "train/missing 1.jpg"]
        assert manifest.table["label"].to_pylist() == ["0", "1", "1"]
        assert manifest.classes == ("0", "1")


@pytest.mark.parametrize("names", ["cat\ndog\n", "0 cat\n1 dog\n"])
def test_names_of_the_classes_beside_the_list(tmp_path: Path, names: str) -> None:
    (tmp_path / "classes.txt").write_text(names)
    manifest = open_source(listing(tmp_path, "train/b.jpg 1\ntrain/c.jpg 0\n"))
    assert manifest.table["label"].to_pylist() == ["dog", "cat"]
    assert manifest.classes == ("cat", "dog")
    assert "class names from classes.txt" in manifest.took_for


def test_words_values_masks_and_several_classes(tmp_path: Path) -> None:
    assert open_source(listing(tmp_path, "b.jpg cat\nc.jpg dog\n")).classes == ("cat", "dog")
    assert open_source(listing(tmp_path, "b.jpg 1.5\nc.jpg 2.25\n")).target.tolist() == [1.5, 2.25]
    paired = open_source(listing(tmp_path, "train/b.jpg masks/b.png\ntrain/c.jpg masks/c.png\n"))
    assert paired.task is Task.SEGMENTATION
    assert paired.table["label_uri"].to_pylist() == ["masks/b.png", "masks/c.png"]
    several = open_source(listing(tmp_path, "b.jpg 0 1 1\nc.jpg 1 0 1\nd.jpg 0 0 0\n"))
    assert several.label_matrix.tolist() == [[False, True, True], [True, False, True], [False, False, False]]


def test_paths_alone_have_no_labels(tmp_path: Path) -> None:
    manifest = open_source(listing(tmp_path, "train/a 1.jpg\ntrain/b.jpg\n"))
    assert manifest.task is Task.UNLABELLED
    assert manifest.table["uri"].to_pylist() == ["train/a 1.jpg", "train/b.jpg"]


def test_a_table_that_is_called_txt(tmp_path: Path) -> None:
    manifest = open_source(listing(tmp_path, "file,label\nb.jpg,cat\nc.jpg,dog\n"))
    assert manifest.table["label"].to_pylist() == ["cat", "dog"]
    assert open_source(listing(tmp_path, "b.jpg\tcat\nc.jpg\tdog\n")).table["label"].to_pylist() == ["cat", "dog"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected images in .*train\.txt, found an empty list"),
        ("b.jpg 1 0\nc.jpg 1\n", "expected the same number of values behind each image in .*, found 1 to 2"),
    ],
)
def test_damaged_lists(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(listing(tmp_path, text))


def test_names_of_the_classes_are_read_in_a_folder_too_and_not_called_unread(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    listing(tmp_path, "train/b.jpg 1\ntrain/c.jpg 0\n")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    unread = [item.name for item in manifest.inventory.unread]
    assert "classes.txt" not in unread
    assert "notes.csv" in unread


def test_a_label_in_front_of_each_image_is_read(tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / "imgs" / f"{number}.jpg", number)
    (tmp_path / "train.txt").write_text("".join(f"{number % 2} imgs/{number}.jpg\n" for number in range(4)))
    manifest = open_source(tmp_path / "train.txt")
    assert manifest.table["uri"].to_pylist() == [f"imgs/{number}.jpg" for number in range(4)]
    assert manifest.table["label"].to_pylist() == ["0", "1", "0", "1"]


def test_names_of_two_words_are_no_labels(tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / f"photo{number} of a cat.jpg", number)
    (tmp_path / "train.txt").write_text("".join(f"photo{number} of a cat.jpg\n" for number in range(4)))
    assert open_source(tmp_path / "train.txt").table["uri"].to_pylist()[0] == "photo0 of a cat.jpg"


def test_prose_is_no_list_of_images(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("The cat sat on the mat.\n\nIt was not a very good day for it.\n" * 5)
    with pytest.raises(SourceError, match="found sentences, such as"):
        open_source(tmp_path / "book.txt")
