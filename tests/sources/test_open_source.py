from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datacheck.errors import SourceError
from datacheck.sources import SOURCES, open_source

from .pets_data import Pets


def test_kinds_are_distinct() -> None:
    kinds = [source.kind for source in SOURCES]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) >= {"image-folder", "table", "pairs", "arrays", "torch-dataset", "hugging-face", "webdataset"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lable": "x"}, r"unknown option 'lable' \(did you mean 'label'\?\)"),
        ({"label": "x"}, "option 'label' is for a table that names the images: found none below"),
        ({"task": "clasification"}, r"task: expected one of .* found 'clasification' \(did you mean 'classification'"),
        ({"kind": "imagefolder"}, r"kind: expected one of .* \(did you mean 'image-folder'\?\)"),
        ({"classes": "cat"}, "classes and columns: expected a list of names"),
    ],
)
def test_unusable_options(pets: Pets, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(pets.root, **options)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ((), "found an empty tuple"),
        ([], "found an empty list"),
        (3, "found a builtins.int"),
        ((1, 2), "found a tuple of int, int; pass two listings or two arrays"),
    ],
)
def test_unusable_sources(source: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(source)


def test_an_unknown_extension_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    with pytest.raises(SourceError, match=r"with the extension '\.onnx'"):
        open_source(tmp_path / "model.onnx")


def test_a_manifest_is_itself(pets: Pets) -> None:
    manifest = open_source(pets.root)
    assert open_source(manifest) is manifest
    with pytest.raises(SourceError, match="expected no options with a manifest, found task"):
        open_source(manifest, task="regression")


def test_the_kind_can_be_named(pets: Pets) -> None:
    assert open_source(pets.root, kind="image-folder").table.equals(open_source(pets.root).table)


def test_splits_from_two_folders_have_one_root(pets: Pets) -> None:
    manifest = open_source({"train": pets.root / "train", "holdout": pets.root / "valid"})
    assert manifest.root == pets.root
    assert manifest.table["uri"].to_pylist()[-1] == "valid/dog/3.png"
    assert manifest.splits == ("train", "holdout")
    with pytest.raises(SourceError, match="expected all splits to be of one kind"):
        open_source({"train": pets.root / "train", "val": np.zeros((2, 8, 8), np.uint8)})


def test_opening_imports_no_framework() -> None:
    code = (
        "import sys, datacheck.sources\n"
        "heavy = {'torch', 'pandas', 'datasets', 'cleanlab', 'ray', 'great_expectations'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
