"""A declared value of pixels that do not count, from the call to the rules, the probe and the identity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.annotations.mask_classes import MaskClasses
from datacheck.annotations.mask_files import measure_masks
from datacheck.cli import run
from datacheck.errors import SourceError
from datacheck.findings import Found
from datacheck.fingerprints.build import fingerprint
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc823_blank_mask import BlankMask
from tests.annotations.drawn_masks import SIZE, write_masks


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Return a dataset whose last mask is 2 everywhere."""
    write_masks(tmp_path / "data", lambda root: Image.new("L", SIZE, 2).save(root / "masks/11.png"), n_masks=12)
    return tmp_path / "data"


def test_all_ways_to_declare_it_agree(dataset: Path, tmp_path: Path) -> None:
    images, masks = str(dataset / "images"), str(dataset / "masks")
    opened = [
        datacheck.open(dataset, ignore_index=2),
        datacheck.open((images, masks), ignore_index=2),
        datacheck.open({"train": dataset}, ignore_index=2),
        datacheck.open(datacheck.open(dataset), ignore_index=2),
    ]
    opened[0].save(tmp_path / "manifest.parquet")
    opened.append(Manifest.load(tmp_path / "manifest.parquet"))
    assert [each.mask_format.ignored for each in opened] == [2] * 5
    assert opened[0].took_for.endswith("; pixels of 2 are ignored")
    assert datacheck.open(dataset).mask_format.ignored == 255


def test_the_command_line_and_a_configuration_file(dataset: Path, tmp_path: Path) -> None:
    options = ["audit", str(dataset), "--select", "DC823", "--jobs", "1"]
    assert run([*options, "--out", str(tmp_path / "a"), "--ignore-index", "2"]) == 0
    assert datacheck.Report.load(tmp_path / "a").manifest.mask_format.ignore_index == 2
    (tmp_path / "datacheck.toml").write_text("[source]\nignore_index = 1\n")
    assert run([*options, "--out", str(tmp_path / "b"), "--config", str(tmp_path / "datacheck.toml")]) == 0
    assert datacheck.Report.load(tmp_path / "b").manifest.mask_format.ignore_index == 1


def test_the_probe_has_no_class_of_ignored_pixels(dataset: Path) -> None:
    plain, declared = datacheck.open(dataset), datacheck.open(dataset, ignore_index=2)
    masks = measure_masks(plain)
    assert MaskClasses.of(plain, masks).values == (0, 1, 2)
    assert MaskClasses.of(declared, masks).values == (0, 1)
    named = datacheck.open(dataset, classes=["ground", "disc", "box"], ignore_index=0)
    assert MaskClasses.of(named, masks) == MaskClasses((1, 2), ("disc", "box"))


def test_a_mask_of_ignored_pixels_alone_is_named_as_such(dataset: Path) -> None:
    outcome = BlankMask().check(RuleContext(datacheck.open(dataset, ignore_index=2)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.endswith("'masks/11.png' (2, ignored)")


def test_the_identity_depends_on_it(dataset: Path) -> None:
    manifest = datacheck.open(dataset)
    found = {fingerprint(each).identity for each in (manifest, datacheck.open(dataset, ignore_index=2))}
    assert len(found) == 2
    whole = datacheck.open(dataset, ignore_index=2)
    parts = [fingerprint(whole.take(np.arange(start, start + 6))) for start in (0, 6)]
    assert parts[0].merge(parts[1]).identity == fingerprint(whole).identity


def test_it_is_refused_where_it_means_nothing(dataset: Path) -> None:
    with pytest.raises(SourceError, match="expected a dataset with masks, found one of classification"):
        datacheck.open({"label": ["cat", "dog"]}, ignore_index=11)
    with pytest.raises(SourceError, match="a whole number, found '11'"):
        datacheck.open(dataset, ignore_index="11")  # type: ignore[arg-type]
