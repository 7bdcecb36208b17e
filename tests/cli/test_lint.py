"""``datacheck lint`` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datacheck.cli import run

WRONG = """import glob

images = glob.glob("images/*.png")
masks = glob.glob("masks/*.png")
for image, mask in zip(images, masks):
    use(image, mask)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(WRONG)
    return tmp_path


def test_a_finding_has_its_place_and_fix(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "train.py"]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "train.py:5:20: error DC701 `images` and `masks` are listed in an order that is not defined"
    )
    assert last.startswith("1 file read, 1 error")


def test_verbose_names_the_files_and_the_rules(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "clean.py").write_text("x = 1\n")
    assert run(["lint", ".", "-v", "--select", "DC701,DC713"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["clean.py: read", "train.py: read", "DC701 unsorted-listing: 1 finding"]
    assert lines[3].startswith("DC713 ")
    assert lines[3].endswith(": 0 findings")
    assert run(["lint", ".", "-v", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["code"] == "DC701"


def test_fix_sorts_the_listings_and_leaves_the_rest(here: Path) -> None:
    assert run(["lint", "train.py", "--fix"]) == 0
    fixed = WRONG.replace('glob.glob("images/*.png")', 'sorted(glob.glob("images/*.png"))')
    assert (here / "train.py").read_text() == fixed.replace(
        'glob.glob("masks/*.png")', 'sorted(glob.glob("masks/*.png"))'
    )
    assert run(["lint", "train.py"]) == 0


def test_noqa_select_and_fail_on(here: Path) -> None:
    assert run(["lint", "train.py", "--ignore", "DC701"]) == 0
    assert run(["lint", "train.py", "--select", "DC713"]) == 0
    assert run(["lint", "train.py", "--select", "DC9x"]) == 2
    (here / "train.py").write_text(WRONG.replace("masks):", "masks):  # noqa: DC701"))
    assert run(["lint", "train.py"]) == 0


def test_what_cannot_be_read_is_named_and_the_rest_is_judged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "old.py").write_text('print "two"\n')
    (here / "noise.py").write_bytes(bytes(range(256)))
    (here / "loop").symlink_to(here)
    assert run(["lint", "."]) == 2
    out = capsys.readouterr().out
    assert "old.py: not read: it is no Python 3: line 1" in out
    assert "noise.py: not read: it is binary" in out
    assert out.count("DC701") == 1
    assert run(["lint", "nowhere"]) == 2


def test_a_notebook_with_magics(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ["%matplotlib inline\n", "!ls\n", *WRONG.splitlines(keepends=True)]
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    (here / "train.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert run(["lint", "train.ipynb"]) == 1
    assert capsys.readouterr().out.startswith("train.ipynb:cell1:7:20: error DC701")


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_formats_for_programs(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "train.py", "--format", name]) == 1
    assert "DC701" in json.dumps(json.loads(capsys.readouterr().out))
