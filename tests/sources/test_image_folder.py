from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Manifest, Modality, Remedy, Task
from datacheck.manifest.readers import FileReader
from datacheck.sources import list_files, open_source
from datacheck.sources.layout import read_layout

from .pets_data import Pets, write_image


def column(manifest: Manifest, name: str) -> list[object]:
    return manifest.table[name].to_pylist()


def test_split_folders_with_class_folders(pets: Pets) -> None:
    manifest = open_source(pets.root)
    assert column(manifest, "uri") == list(pets.names)
    assert column(manifest, "sample_id") == list(pets.names)
    assert column(manifest, "label") == list(pets.labels)
    assert column(manifest, "split") == list(pets.splits)
    assert (manifest.task, manifest.modality, manifest.root) == (Task.CLASSIFICATION, Modality.IMAGE, pets.root)
    assert "split folders with class folders: 6 images, 2 classes, splits train, val" in manifest.took_for
    assert isinstance(manifest.reader, FileReader)
    assert manifest.reader.read("train/cat/10.png")[:4] == b"\x89PNG"


def test_flat_class_folders_in_the_order_of_image_folder(tmp_path: Path) -> None:
    for name in ("b/x10.png", "b/x2.png", "a10/1.png", "a9/1.png", "b/deeper/3.png"):
        write_image(tmp_path / name)
    manifest = open_source(str(tmp_path))
    assert column(manifest, "uri") == ["a10/1.png", "a9/1.png", "b/x10.png", "b/x2.png", "b/deeper/3.png"]
    assert column(manifest, "label") == ["a10", "a9", "b", "b", "b"]
    assert manifest.classes == ("a10", "a9", "b")
    assert manifest.splits == ()


def test_class_folders_with_split_folders(tmp_path: Path) -> None:
    for name in ("cat/Training/1.png", "cat/eval/2.png", "dog/Training/1.png"):
        write_image(tmp_path / name)
    manifest = open_source(tmp_path)
    assert column(manifest, "label") == ["cat", "cat", "dog"]
    assert column(manifest, "split") == ["train", "test", "train"]


@pytest.mark.parametrize("word", ["train", "TRAINING", "val", "valid", "Validation", "dev", "test", "testing", "eval"])
def test_every_word_for_a_split(tmp_path: Path, word: str) -> None:
    write_image(tmp_path / word / "cat" / "1.png")
    write_image(tmp_path / word / "dog" / "1.png")
    wanted = {"t": {"r": "train", "e": "test"}, "v": "val", "d": "val", "e": "test"}[word[0].lower()]
    wanted = wanted if isinstance(wanted, str) else wanted[word[1].lower()]
    manifest = open_source(tmp_path)
    assert manifest.splits == (wanted,)
    assert manifest.classes == ("cat", "dog")


def test_one_flat_folder_is_unlabelled(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    write_image(tmp_path / "2.JPG")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.UNLABELLED
    assert manifest.table.column_names == ["sample_id", "uri"]
    assert "images without labels: 2 images" in manifest.took_for


@pytest.mark.parametrize(("row", "named"), [("1.png,cat", True), ("11.png,cat", False), ("a/1.pngx,cat", False)])
def test_a_table_beside_the_folder_that_names_its_images_is_named(tmp_path: Path, row: str, named: bool) -> None:
    write_image(tmp_path / "images" / "1.png")
    write_image(tmp_path / "images" / "2.png")
    (tmp_path / "labels.csv").write_text(f"file,label\n{row}\n")
    (tmp_path / "notes.txt").write_text("1.png is blurred")
    hint = f"labels.csv beside the folder names them: give {tmp_path} to have its labels read"
    manifest = open_source(tmp_path / "images")
    assert manifest.task is Task.UNLABELLED
    assert (hint in manifest.took_for) is named


def test_hidden_and_other_files_are_counted_and_broken_images_stay(tmp_path: Path) -> None:
    write_image(tmp_path / "cat" / "1.png")
    (tmp_path / "cat" / "broken.jpg").write_text("not an image")
    (tmp_path / "cat" / "notes.txt").touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / "cat" / ".DS_Store").touch()
    (tmp_path / "dog").mkdir()
    manifest = open_source(tmp_path)
    assert column(manifest, "uri") == ["cat/1.png", "cat/broken.jpg"]
    assert manifest.classes == ("cat", "dog")
    assert "1 empty class folder" in manifest.took_for
    unread = {item.name: item.labels for item in manifest.inventory.unread}
    assert unread == {
        "cat/notes.txt": HoldsLabels.MAYBE,
        "dog/": HoldsLabels.NO,
        "cat/.DS_Store": HoldsLabels.NO,
        ".git/": HoldsLabels.NO,
    }
    assert [(item.name, item.count) for item in manifest.inventory.used] == [("*.png", 1), ("*.jpg", 1)]


def test_a_test_split_without_labels_keeps_null_labels(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/1.png", "test/1.png"):
        write_image(tmp_path / name)
    manifest = open_source(tmp_path)
    assert dict(zip(column(manifest, "uri"), column(manifest, "label"), strict=True)) == {
        "train/cat/1.png": "cat",
        "train/dog/1.png": "dog",
        "test/1.png": None,
    }
    assert manifest.splits == ("train", "test")
    assert "1 outside any class folder" in manifest.took_for


@pytest.mark.parametrize(
    ("folders", "labels", "splits"),
    [
        ([("cat",), ("test",)], (None, None), (None, "test")),
        ([("bus",), ("car",), ("train",)], ("bus", "car", "train"), (None, None, None)),
        ([("images",), ("labels",)], (None, None), (None, None)),
        ([("train", "images", "cat"), ("train", "images", "dog")], ("cat", "dog"), ("train", "train")),
        ([("images", "train", "cat"), ("images", "val", "dog")], ("cat", "dog"), ("train", "val")),
        ([("pets", "PetImages", "Cat"), ("pets", "PetImages", "Dog")], ("Cat", "Dog"), (None, None)),
        ([("cat", "a")], ("cat",), (None,)),
        ([("train", "cat"), ("validaton", "cat")], ("cat", "cat"), ("train", "validaton")),
        ([("train",), ("Tset",)], (None, None), ("train", "Tset")),
        ([("data", "cat"), ("data", "dog")], ("cat", "dog"), (None, None)),
        ([("pets", "cat"), ("pets", "dog")], ("cat", "dog"), (None, None)),
        ([("pets", "train", "cat"), ("pets", "val", "cat")], ("cat", "cat"), ("train", "val")),
        ([("cat",)], ("cat",), (None,)),
        ([("images",)], (None,), (None,)),
        ([("train",), ("val",)], (None, None), ("train", "val")),
        ([("val", "cat"), ("dev", "cat")], ("cat", "cat"), ("val", "dev")),
        ([("train", "cat"), ("holdout", "cat")], ("cat", "cat"), ("train", "holdout")),
        ([("train", "cat", "deep")], ("cat",), ("train",)),
        ([()], (None,), (None,)),
    ],
)
def test_layouts(
    folders: list[tuple[str, ...]], labels: tuple[str | None, ...], splits: tuple[str | None, ...]
) -> None:
    layout = read_layout(folders)
    assert (layout.labels, layout.splits) == (labels, splits)


def test_class_folders_named_by_numbers_are_targets_on_request(tmp_path: Path) -> None:
    write_image(tmp_path / "1.5" / "a.png")
    write_image(tmp_path / "20" / "b.png")
    manifest = open_source(tmp_path, task="regression")
    assert manifest.target.tolist() == [1.5, 20.0]
    write_image(tmp_path / "old" / "c.png")
    with pytest.raises(SourceError, match=r"named by numbers, found 'old'"):
        open_source(tmp_path, task="regression")


def test_classes_keep_the_order_given(pets: Pets) -> None:
    manifest = open_source(pets.root, classes=["dog", "cat"])
    assert manifest.classes == ("dog", "cat")
    assert manifest.label_codes.tolist() == [1, 1, 1, 0, 1, 0]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write_image(tmp_path / "elsewhere" / "1.png")
    root = tmp_path / "root"
    write_image(root / "cat" / "1.png")
    (root / "dog").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "loop").symlink_to(root)
    assert column(open_source(root), "uri") == ["cat/1.png", "dog/1.png"]


def test_a_name_that_is_no_utf8_is_written_with_escapes_and_read_all_the_same(tmp_path: Path) -> None:
    write_image(tmp_path / "cat" / "1.png")
    folder = os.fsencode(tmp_path / "cat")
    os.rename(folder + b"/1.png", folder + b"/caf\xe9.png")  # noqa: PTH104
    manifest = open_source(tmp_path)
    assert column(manifest, "uri") == ["cat/caf\\xe9.png"]
    assert isinstance(manifest.reader, FileReader)
    assert manifest.reader.read("cat/caf\\xe9.png")[:4] == b"\x89PNG"
    assert manifest.reader.stamp("cat/caf\\xe9.png") is not None


@pytest.mark.parametrize("uri", ["cat/\\x2e\\x2e/\\x2e\\x2e/x.png", "\\x2fetc", "cat/\\xe9/../1.png"])
def test_escapes_put_no_dots_and_separators_into_a_path(tmp_path: Path, uri: str) -> None:
    assert FileReader(tmp_path).path(uri) == Path(os.path.normpath(tmp_path / uri))


def test_no_folder_suggests_a_sibling(pets: Pets) -> None:
    with pytest.raises(SourceError, match=r"found nothing of that name in .* \(did you mean 'pets'\?\)"):
        open_source(pets.root.parent / "pest")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(SourceError, match=r"expected images below .*, found none among 1 file;"):
        open_source(tmp_path)


def test_round_trip(pets: Pets, tmp_path: Path) -> None:
    manifest = open_source(pets.root)
    manifest.save(tmp_path / "manifest.parquet")
    assert Manifest.load(tmp_path / "manifest.parquet") == manifest


def test_list_files_orders(tmp_path: Path) -> None:
    for name in ("a10.png", "a9.png", "A1.png", ".hidden"):
        (tmp_path / name).touch()
    assert [Path(path).name for path in list_files(tmp_path)] == ["A1.png", "a9.png", "a10.png"]
    assert [Path(path).name for path in list_files(tmp_path, "lexicographic")] == ["A1.png", "a10.png", "a9.png"]
    assert sorted(list_files(tmp_path, "as-listed")) == sorted(list_files(f"{tmp_path}/*.png"))
    with pytest.raises(SourceError, match=r"expected files in .*, found none"):
        list_files(f"{tmp_path}/*.jpg")


def test_real_photos(shared_data: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cardboard", "glass", "metal", "paper", "plastic", "trash")
    assert np.bincount(manifest.label_codes).tolist() == [153, 193, 155, 225, 184, 52]


def test_each_file_comes_once_whatever_links_there_are(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/2.png"):
        write_image(tmp_path / name)
    (tmp_path / "cat" / "more").symlink_to("../dog", target_is_directory=True)
    (tmp_path / "dog" / "more").symlink_to("../cat", target_is_directory=True)
    (tmp_path / "cat" / "again.png").symlink_to("1.png")
    (tmp_path / "cat" / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "dog" / "up").symlink_to(tmp_path.parent, target_is_directory=True)
    manifest = open_source(tmp_path)
    assert column(manifest, "uri") == ["cat/1.png", "cat/loop.jpg", "dog/2.png"]
    links = next(item for item in manifest.inventory.unread if item.name == "links")
    assert (links.count, links.examples) == (4, ("cat/again.png", "cat/more", "dog/more"))


def test_links_into_a_hidden_store_are_files(tmp_path: Path) -> None:
    write_image(tmp_path / ".store" / "abc.png")
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").symlink_to("../.store/abc.png")
    assert column(open_source(tmp_path), "uri") == ["cat/1.png"]


def test_a_class_folder_empty_in_every_split_is_a_class(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_image(tmp_path / split / "day" / "1.png")
        write_image(tmp_path / split / "night" / "1.png")
        (tmp_path / split / "dusk").mkdir()
    manifest = open_source(tmp_path)
    assert manifest.classes == ("day", "dusk", "night")
    assert [item.name for item in manifest.inventory.unread] == ["train/dusk/", "val/dusk/"]


def test_nested_class_folders_say_which_level_was_taken(tmp_path: Path) -> None:
    for name in ("cat/siam", "cat/manx", "dog/pug", "dog/corgi"):
        write_image(tmp_path / name / "1.png")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    (question,) = manifest.inventory.questions
    assert "the upper level was read as the class, as ImageFolder does (2 classes such as 'cat' and 'dog')" in (
        question.text
    )
    assert question.remedy == Remedy("--class-level 2", "class_level=2")
    lower = open_source(tmp_path, class_level=2)
    assert lower.classes == ("corgi", "manx", "pug", "siam")
    assert lower.inventory.questions == ()
    with pytest.raises(SourceError, match="class_level=3: expected images that many class folders deep, found 2 at"):
        open_source(tmp_path, class_level=3)


def test_a_single_class_is_questioned(tmp_path: Path) -> None:
    write_image(tmp_path / "cat" / "1.png")
    (question,) = open_source(tmp_path).inventory.questions
    assert question.text == "all images with a class are of one, the folder 'cat'"


def test_a_misspelt_split_is_questioned(tmp_path: Path) -> None:
    for name in ("train/cat", "train/dog", "validaton/cat", "validaton/dog"):
        write_image(tmp_path / name / "1.png")
    manifest = open_source(tmp_path)
    assert (manifest.splits, manifest.classes) == (("train", "validaton"), ("cat", "dog"))
    (question,) = manifest.inventory.questions
    assert question.text == "the folder 'validaton' was read as a split of its own; 'validation' may be meant"


def test_what_systems_leave_behind_is_named(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png", ".ipynb_checkpoints/1-checkpoint.png", "__MACOSX/cat/._1.png"):
        write_image(tmp_path / name)
    for name in ("cat/._1.png", "dog/._1.png", "cat/Thumbs.db", "desktop.ini"):
        (tmp_path / name).write_bytes(b"\0")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cat", "dog")
    assert {item.name: item.count for item in manifest.inventory.unread} == {
        ".ipynb_checkpoints/": 1,
        "__MACOSX/": 1,
        "._*": 2,
        "hidden files": 2,
    }


def test_an_archive_is_to_be_unpacked_first(tmp_path: Path) -> None:
    (tmp_path / "pets.zip").write_bytes(b"PK")
    with pytest.raises(SourceError, match=r"found none among 1 file; unpack pets\.zip first"):
        open_source(tmp_path)


def test_bare_predictions_of_an_image_folder_fit_row_by_row(tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    for name in ("b/10", "b/2", "b/deep-1/1", "b/deep/3", "B/1", "a10/1", "a9/1", "a/1", "b-c/7"):
        write_image(tmp_path / f"{name}.png")
    dataset = torchvision.datasets.ImageFolder(tmp_path)
    manifest = open_source(tmp_path)
    assert list(manifest.classes) == dataset.classes
    assert [str(tmp_path / str(uri)) for uri in column(manifest, "uri")] == [path for path, _ in dataset.samples]
    assert manifest.label_codes.tolist() == dataset.targets


def test_a_split_folder_in_a_folder_of_its_name_as_archives_unpack(tmp_path: Path) -> None:
    for split in ("training_set", "test_set"):
        for name in ("cats", "dogs"):
            write_image(tmp_path / split / split / name / f"{split}.png")
    manifest = open_source(tmp_path)
    assert column(manifest, "split") == ["test", "test", "train", "train"]
    assert column(manifest, "label") == ["cats", "dogs"] * 2


def test_a_class_that_is_called_as_its_split_stays_a_class(tmp_path: Path) -> None:
    for name in ("train/train/1.png", "train/car/1.png", "test/train/2.png", "test/car/2.png"):
        write_image(tmp_path / name)
    manifest = open_source(tmp_path)
    assert column(manifest, "label") == ["car", "train"] * 2
    assert column(manifest, "split") == ["test", "test", "train", "train"]
