"""Masks of colours are read by the table that lies beside them, and no colour is guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.annotations.mask_classes import MaskClasses
from datacheck.annotations.mask_files import measure_masks
from datacheck.findings import Found, Passed
from datacheck.fingerprints.build import fingerprint
from datacheck.manifest import Manifest, colour_name, unknown_colour
from datacheck.probing.segments.grids import read_grid
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc822_mask_values import MaskValues
from datacheck.rules.masks.dc823_blank_mask import BlankMask
from datacheck.rules.masks.dc826_mask_islands import MaskIslands
from tests.annotations.drawn_masks import SIZE, mask, write_masks

COLOURS = np.array([(128, 128, 128), (200, 10, 10), (0, 0, 0)], dtype=np.uint8)
TABLES = {
    "class_dict.csv": "name,r,g,b\nvoid,0,0,0\nsky,128,128,128\ndisc,200,10,10\n",
    "label_colors.txt": "0 0 0\tvoid\n128 128 128\tsky\n200 10 10\tdisc\n",
    "labelmap.txt": "# label:color_rgb:parts:actions\nvoid:0,0,0::\nsky:128,128,128::\ndisc:200,10,10::\n",
}


def written(
    root: Path, table: str = "class_dict.csv", extra: Callable[[Path], None] | None = None, n_masks: int = 12
) -> Path:
    """Write a dataset whose masks are colours: the sky, a disc, and void where the box is."""

    def colour(root: Path) -> None:
        for path in (root / "masks").iterdir():
            Image.fromarray(COLOURS[np.array(Image.open(path))]).save(path)
        if table:
            (root / table).parent.mkdir(exist_ok=True)
            (root / table).write_text(TABLES[table.rpartition("/")[2]])
        if extra is not None:
            extra(root)

    write_masks(root, colour, n_masks)
    return root


@pytest.mark.parametrize("table", [*TABLES, "masks/class_dict.csv"])
def test_the_table_gives_the_classes_and_their_order(tmp_path: Path, table: str) -> None:
    manifest = datacheck.open(written(tmp_path / "data", table))
    assert manifest.classes == ("void", "sky", "disc")
    assert manifest.took_for.endswith(f"masks read by the 3 colours of {table}")
    assert [item.name for item in manifest.inventory.used if item.role == "colours of the classes"] == [table]
    assert manifest.inventory.unread == ()
    masks = measure_masks(manifest)
    right = np.array([1, 2, 0])[np.array(mask(4))]
    assert (masks.column("values")[4], masks.column("counts")[4]) == ([0, 1, 2], np.bincount(right.ravel()).tolist())
    grid = read_grid(manifest, 4, MaskClasses.of(manifest, masks))
    assert grid is not None
    assert np.bincount(grid.ravel()).argmax() == 1
    manifest.save(tmp_path / "manifest.parquet")
    assert Manifest.load(tmp_path / "manifest.parquet").mask_format == manifest.mask_format


def test_two_shades_of_grey_are_colours_too(tmp_path: Path) -> None:
    def grey(root: Path) -> None:
        Image.fromarray(COLOURS[np.where(np.array(mask(7)) == 1, 0, np.array(mask(7)))]).save(root / "masks/07.png")

    manifest = datacheck.open(written(tmp_path / "data", extra=grey))
    assert measure_masks(manifest).column("values")[7] == [0, 1]


def test_a_colour_outside_the_table_is_named_and_no_class(tmp_path: Path) -> None:
    def strange(root: Path) -> None:
        pixels = np.array(Image.open(root / "masks/04.png"))
        pixels[:20, :20] = (10, 10, 200)
        Image.fromarray(pixels).save(root / "masks/04.png")

    clean = RuleContext(datacheck.open(written(tmp_path / "clean")))
    report = datacheck.audit(written(tmp_path / "data", extra=strange), select=["DC82"], jobs=1)
    assert [(each.code, each.evidence["unknown"]) for each in report.findings] == [("DC828", ["(10, 10, 200)"])]
    masks = measure_masks(report.manifest)
    assert [colour_name(unknown_colour(each)) for each in masks.column("values")[4] if each < 0] == ["(10, 10, 200)"]
    grid = read_grid(report.manifest, 4, MaskClasses.of(report.manifest, masks))
    assert grid is not None
    assert (grid[:20, :15] == -1).all()
    assert MaskValues().check(clean) == Passed("12 masks with 4 values")


def test_void_is_declared_by_its_number(tmp_path: Path) -> None:
    root = written(tmp_path / "data")
    manifest = datacheck.open(root, ignore_index=0)
    assert MaskClasses.of(manifest, measure_masks(manifest)) == MaskClasses((1, 2), ("sky", "disc"))
    given = datacheck.open(root, classes=["sky", "disc"])
    outcome = MaskValues().check(RuleContext(given))
    assert isinstance(outcome, Found)
    assert "declared are 2 classes" in outcome.findings[0].message
    assert "(void)" in outcome.findings[0].message
    assert "ignore_index=2" in outcome.findings[0].remedy
    declared = datacheck.open(root, classes=["sky", "disc"], ignore_index=2)
    assert isinstance(MaskValues().check(RuleContext(declared)), Passed)


def test_findings_name_classes(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        Image.new("RGB", SIZE, (128, 128, 128)).save(root / "masks/09.png")
        pixels = np.array(Image.open(root / "masks/04.png"))
        pixels[2, 3:5] = (200, 10, 10)
        Image.fromarray(pixels).save(root / "masks/04.png")

    context = RuleContext(datacheck.open(written(tmp_path / "data", extra=spoil, n_masks=24)))
    blank, specks = BlankMask().check(context), MaskIslands().check(context)
    assert isinstance(blank, Found)
    assert blank.findings[0].message.endswith("'masks/09.png' (sky)")
    assert isinstance(specks, Found)
    assert "of value disc with 2 pixels" in specks.findings[0].message


def test_a_table_about_something_else_is_not_used(tmp_path: Path) -> None:
    plain = datacheck.open(written(tmp_path / "none", table=""))
    assert (plain.classes, plain.mask_format.colours) == ((), ())

    def other(root: Path) -> None:
        (root / "class_dict.csv").write_text("name,r,g,b\nroad,1,2,3\ncar,128,128,128\n")

    manifest = datacheck.open(written(tmp_path / "other", extra=other))
    assert (manifest.classes, manifest.mask_format.colours) == ((), ())
    write_masks(tmp_path / "index", n_masks=6)
    (tmp_path / "index/class_dict.csv").write_text(TABLES["class_dict.csv"])
    assert datacheck.open(tmp_path / "index").mask_format.colours == ()
    given = datacheck.open(written(tmp_path / "names"), classes=["sky", "tree"])
    assert given.mask_format.colours == ()
    assert "it has no class 'tree'" in given.inventory.questions[-1].text


def test_other_colours_are_another_dataset(tmp_path: Path) -> None:
    root = written(tmp_path / "data")
    before = fingerprint(datacheck.open(root)).identity
    (root / "class_dict.csv").write_text(TABLES["class_dict.csv"].replace("disc", "sign"))
    assert fingerprint(datacheck.open(root)).identity != before


def test_splits_that_are_read_otherwise_are_asked_about(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert datacheck.open({"train": first, "val": second}).classes == ("void", "sky", "disc")
    (second / "class_dict.csv").unlink()
    mixed = datacheck.open({"train": first, "val": second})
    assert (mixed.classes, mixed.mask_format.colours) == ((), ())
    assert any("so all masks are read as they are" in each.text for each in mixed.inventory.questions)
