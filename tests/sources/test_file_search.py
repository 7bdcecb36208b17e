"""Files are found where people have them: beside the table, below it, above it, without extension, moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.errors import SourceError
from datacheck.sources import open_source

from .pets_data import write_image

NAMES = [f"{number:03x}a" for number in range(6)]


def table(path: Path, names: list[str], header: str = "id,label") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(f"{name},{'ab'[row % 2]}" for row, name in enumerate(names))]) + "\n")
    return path


def uris(source: Path, **options: str) -> list[object]:
    values: list[object] = open_source(source, **options).table["uri"].to_pylist()
    return values


def test_ids_without_extension_in_a_folder_beside_the_table(tmp_path: Path) -> None:
    for name in NAMES:
        write_image(tmp_path / "train" / f"{name}.tif")
        write_image(tmp_path / "test" / f"other{name}.tif")
    path = table(tmp_path / "train_labels.csv", NAMES)
    manifest = open_source(path)
    assert manifest.table["uri"].to_pylist() == [f"train/{name}.tif" for name in NAMES]
    assert manifest.table["label"].to_pylist() == ["a", "b"] * 3
    assert "files found in train/, with the extension .tif added to each name" in manifest.took_for
    assert uris(path, root=str(tmp_path / "train")) == [f"{name}.tif" for name in NAMES]
    assert uris(path, path="id", label="label") == [f"train/{name}.tif" for name in NAMES]


def test_ids_of_digits_alone(tmp_path: Path) -> None:
    for number in range(1, 7):
        write_image(tmp_path / "img" / f"{number}.png")
    assert uris(table(tmp_path / "t.csv", list("123456"))) == [f"img/{number}.png" for number in range(1, 7)]


def test_a_missing_file_keeps_its_place(tmp_path: Path) -> None:
    for name in NAMES[1:]:
        write_image(tmp_path / "train" / f"{name}.jpg")
    assert uris(table(tmp_path / "t.csv", NAMES))[0] == f"train/{NAMES[0]}.jpg"


@pytest.mark.parametrize("prefix", ["C:\\data\\IMG\\", "/old/disk/IMG/", "D:/IMG/", "../IMG/"])
def test_a_prefix_of_another_machine_is_replaced_and_said(tmp_path: Path, prefix: str) -> None:
    for name in NAMES:
        write_image(tmp_path / "data" / "photos" / f"{name}.png")
    manifest = open_source(table(tmp_path / "data" / "t.csv", [f"{prefix}{name}.png" for name in NAMES], "path,label"))
    assert manifest.table["uri"].to_pylist() == [f"photos/{name}.png" for name in NAMES]
    (question,) = manifest.inventory.questions
    assert question.text.startswith(f"the paths start with {prefix!r}, where nothing is; they were read from")


def test_files_in_several_folders(tmp_path: Path) -> None:
    for row, name in enumerate(NAMES):
        write_image(tmp_path / f"part_{row % 2}" / f"{name}.jpg")
    assert uris(table(tmp_path / "t.csv", NAMES)) == [f"part_{row % 2}/{name}.jpg" for row, name in enumerate(NAMES)]


def test_images_beside_the_folder_of_the_table(tmp_path: Path) -> None:
    for name in NAMES:
        write_image(tmp_path / "images" / f"{name}.jpg")
        write_image(tmp_path / "another dataset" / f"{name}.jpg")
    manifest = open_source(table(tmp_path / "labels" / "t.csv", [f"{name}.jpg" for name in NAMES], "file,label"))
    assert manifest.root == tmp_path
    assert manifest.table["uri"].to_pylist() == [f"images/{name}.jpg" for name in NAMES]


def test_names_in_two_folders_are_not_guessed(tmp_path: Path) -> None:
    for row, name in enumerate(NAMES):
        write_image(tmp_path / f"part_{row % 2}" / f"{name}.jpg")
        write_image(tmp_path / f"part_{(row + 1) % 2}" / f"{NAMES[0]}.jpg")
    manifest = open_source(table(tmp_path / "t.csv", [f"{name}.jpg" for name in NAMES], "file,label"))
    assert "files found in part_1/" in manifest.took_for


def test_nothing_found_says_so(tmp_path: Path) -> None:
    manifest = open_source(table(tmp_path / "t.csv", [f"{name}.jpg" for name in NAMES], "file,label"))
    assert "none of the first 6 files found below" in manifest.took_for
    assert manifest.table["uri"].to_pylist() == [f"{name}.jpg" for name in NAMES]


def test_a_table_of_features_beside_numbered_plots_stays_one(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    (tmp_path / "t.csv").write_text("id,height,y\n" + "".join(f"{n},{n / 3:.2f},{'ab'[n % 2]}\n" for n in range(1, 9)))
    assert "uri" not in open_source(tmp_path / "t.csv")


def test_images_and_masks_of_a_table_have_one_root(tmp_path: Path) -> None:
    for name in NAMES:
        write_image(tmp_path / "images" / f"{name}.jpg")
        write_image(tmp_path / "lists" / "masks" / f"{name}.png")
    (tmp_path / "lists" / "t.csv").write_text("image,mask\n" + "".join(f"{n}.jpg,masks/{n}.png\n" for n in NAMES))
    manifest = open_source(tmp_path / "lists" / "t.csv")
    assert manifest.root == tmp_path
    assert manifest.table["uri"].to_pylist()[0] == f"images/{NAMES[0]}.jpg"
    assert manifest.table["label_uri"].to_pylist()[0] == f"lists/masks/{NAMES[0]}.png"


def test_a_split_that_is_a_slip_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("label,split,size\na,train,1\nb,train,2\na,Tset,3\nb,Tset,4\n")
    (question,) = open_source(tmp_path / "t.csv").inventory.questions
    assert question.text == "the split 'Tset' was read as a split of its own; 'test' may be meant"


def test_ids_that_a_library_made_decimal_or_took_the_zeros_from(tmp_path: Path) -> None:
    for number in range(1, 9):
        write_image(tmp_path / "decimal" / "img" / f"{number}.png")
        write_image(tmp_path / "zeros" / "img" / f"{number:04d}.png")
    decimal = table(tmp_path / "decimal" / "t.csv", [f"{number}.0" for number in range(1, 10)])
    assert uris(decimal) == [f"img/{number}.png" for number in range(1, 10)]  # the last one is missing
    zeros = table(tmp_path / "zeros" / "t.csv", list("12345678"))
    assert uris(zeros) == [f"img/{number:04d}.png" for number in range(1, 9)]
    assert "zeros in front and the extension .png added to each name" in open_source(zeros).took_for


def test_decimals_are_no_ids(tmp_path: Path) -> None:
    for number in range(1, 7):
        write_image(tmp_path / "img" / f"{number}.png")
    path = table(tmp_path / "t.csv", [f"{number}.5" for number in range(1, 7)], header="weight,label")
    assert "uri" not in open_source(path).table.column_names


def test_addresses_are_refused_and_found_by_name_once_fetched(tmp_path: Path) -> None:
    source = table(tmp_path / "labels.csv", [f"https://host.example/pets/{name}.tif" for name in NAMES], "url,label")
    with pytest.raises(SourceError, match=r"expected paths of files, found addresses such as 'https://host.*fetch the"):
        open_source(source)
    for name in NAMES:
        write_image(tmp_path / "images" / f"{name}.tif")
    assert [str(uri).rsplit("/", 1)[-1] for uri in uris(source)] == [f"{name}.tif" for name in NAMES]
