"""``datacheck export``: what it says, what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import datacheck
from datacheck.cli import run
from datacheck.cli.export import listed_samples
from datacheck.errors import ConfigError
from datacheck.testing import toy_images

EMPTY = "train/bar/bar_0001.jpg"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 60 images, one of them empty and one a copy."""
    folder = tmp_path_factory.mktemp("export")
    toy_images(folder / "data", size=16, n_per_class=20)
    (folder / "data" / EMPTY).write_bytes(b"")
    (folder / "data/train/star/star_0002.jpg").write_bytes((folder / "data/train/star/star_0001.jpg").read_bytes())
    datacheck.audit(folder / "data", out=folder / "run", select=["DC101", "DC301"])
    return folder / "run"


def test_without_a_place_it_only_says_what_it_would_do(audited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(audited.parent.rglob("*"))
    assert run(["export", str(audited)]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[:3] == [
        "left out: 1 for DC101 unreadable-sample",
        "left out: 1 for an exact copy of a sample that stays",
        "kept: 58 of 60 samples (96.7 %): train 34, val 12, test 12",
    ]
    assert said.endswith("  … and 53 more\ndry run: nothing was written; --clean FOLDER writes it\n")
    assert sorted(audited.parent.rglob("*")) == before


def test_a_dry_run_with_a_place_writes_nothing(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(audited), "--clean", str(tmp_path / "clean"), "--dry-run"]) == 0
    assert f"without --dry-run it goes to {tmp_path / 'clean'}" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_clean_copy_is_written_and_audits_clean(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "clean"
    assert run(["export", str(audited), "--clean", str(place)]) == 0
    assert f"{place}: 58 files\nnext: datacheck audit {place}\n" in capsys.readouterr().out
    report = datacheck.audit(place / "data", select=["DC101", "DC301"])
    assert (len(report.manifest), report.findings) == (58, ())


def test_a_run_folder_is_no_dataset_and_its_manifest_is(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fingerprint", str(audited), "-o", str(tmp_path / "f.json")]) == 2
    said = capsys.readouterr().err
    assert f"{audited} is the run folder of an audit, not a dataset: name the dataset, or {audited}/manifest.p" in said
    assert run(["fingerprint", str(audited / "manifest.parquet"), "-o", str(tmp_path / "f.json"), "-q"]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/f.json: 60 samples")


def test_verbose_names_what_is_left_out_and_quiet_names_the_place_alone(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(audited), "-v"]) == 0
    assert f"left out: 1 for DC101 unreadable-sample\n  {EMPTY}\n" in capsys.readouterr().out
    place = tmp_path / "list.txt"
    options = ["--as", "list", "--classes", "bar, star", "--share", "0.25", "--drop", "none", "-q"]
    assert run(["export", str(audited), "-o", str(place), *options]) == 0
    assert capsys.readouterr().out == f"{place}\n"
    classes = [line.split("/")[1] for line in place.read_text().splitlines()]
    assert {name: classes.count(name) for name in sorted(set(classes))} == {"bar": 5, "star": 5}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "expected a run folder"),
        (["{run}", "--as", "link"], "--as: expected one of list, links, copies, found 'link' (did you mean 'links'?)"),
        (["{run}", "--drop", "DC999"], "found 'DC999'"),
        (["{run}", "--share", "10"], "--share: expected a share between 0 and 1"),
        (["{run}", "--classes", "bra"], "did you mean 'bar'"),
        (["{run}", "--duplicates", "no"], "--duplicates: expected one of exact, near, keep"),
        (["{run}", "--duplicates", "near"], "found 'DC302'"),
        (["{run}", "--clean", "{run}"], "new or empty folder"),
        (["{run}", "--clean", "{run}/../data/x"], "is inside the dataset"),
    ],
)
def test_bad_input_is_two_and_one_line(
    audited: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["export", *(word.format(run=audited) for word in arguments)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("content", ["sample_id,tag\n{0},drop\n", "\ufeff{0}\n\n", "tag,sample_id\nx,{0}\n"])
def test_a_list_of_samples_is_read(tmp_path: Path, content: str) -> None:
    name = "train/a b/1.jpg"
    (tmp_path / "list.csv").write_text(content.format(name), encoding="utf-8")
    assert listed_samples(tmp_path / "list.csv") == (name,)


@pytest.mark.parametrize("content", [b"", b"\n", b"sample_id\n", b"\xff\xfe\x00"])
def test_an_empty_or_broken_list_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(ConfigError, match="--leave-out"):
        listed_samples(tmp_path / "list.csv")
