"""A list, links or copies: whole or not at all, never into the dataset, and never anything from outside it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import datacheck
from datacheck.errors import ConfigError, StorageError
from datacheck.exporting import Export, Wanted, choose
from datacheck.exporting.write import LEAVES
from datacheck.manifest import Manifest
from datacheck.report import Report
from datacheck.testing import toy_images, toy_pairs

EMPTY = "train/bar/bar_0001.jpg"


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """30 images, one of them empty."""
    toy_images(tmp_path / "data", size=16, n_per_class=10)
    (tmp_path / "data" / EMPTY).write_bytes(b"")
    return datacheck.audit(tmp_path / "data", select=["DC101", "DC301"])


def planned(report: Report, form: str, wanted: Wanted | None = None) -> Export:
    return Export.plan(choose(report, wanted or Wanted()), form, report.measurements)


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_copies_have_the_same_places_and_the_same_bytes(report: Report, tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "clean" / "data"
    before = {name: (data / name).read_bytes() for name in files_below(data)}
    planned(report, "copies").write(tmp_path / "clean")
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == ["data", "manifest.parquet"]
    assert files_below(place) == sorted(set(before) - {EMPTY})
    assert all((place / name).read_bytes() == before[name] for name in before if name != EMPTY)
    assert not any(path.is_symlink() for path in place.rglob("*"))
    assert {name: (data / name).read_bytes() for name in files_below(data)} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean", "data"]


@pytest.mark.parametrize("form", ["copies", "links"])
def test_the_copy_opens_as_a_folder_and_by_its_manifest(report: Report, tmp_path: Path, form: str) -> None:
    planned(report, form).write(tmp_path / "clean")
    manifests = [datacheck.open(tmp_path / "clean" / name) for name in ("data", "manifest.parquet", "")]
    for manifest in manifests:
        assert manifest.root == tmp_path / "clean" / "data"
        assert sorted(manifest.sample_ids.to_pylist()) == sorted(set(report.manifest.sample_ids.to_pylist()) - {EMPTY})
        assert dict(zip(*(manifest.table[name].to_pylist() for name in ("uri", "label")), strict=True)) == {
            uri: uri.split("/")[1] for uri in manifest.table["uri"].to_pylist()
        }
        assert bool(datacheck.scan(manifest).measurements.readable.all())


def test_the_copy_opens_where_it_was_moved_to_and_names_what_else_lies_in_it(report: Report, tmp_path: Path) -> None:
    planned(report, "copies").write(tmp_path / "clean")
    shutil.copytree(tmp_path / "clean", tmp_path / "moved")
    shutil.rmtree(tmp_path / "clean")
    (tmp_path / "moved" / "README.md").write_text("a card")
    (tmp_path / "moved" / "data" / "new.jpg").write_bytes(b"x")
    for place in (tmp_path / "moved", tmp_path / "moved" / "manifest.parquet"):
        manifest = datacheck.open(place)
        assert manifest.root == tmp_path / "moved" / "data"
        assert bool(datacheck.scan(manifest).measurements.readable.all())
    unread = datacheck.open(tmp_path / "moved").inventory.unread
    assert sorted(item.name for item in unread) == ["README.md", "data/new.jpg"]


def test_links_point_at_the_files(report: Report, tmp_path: Path) -> None:
    planned(report, "links").write(tmp_path / "clean")
    links = [path for path in (tmp_path / "clean").rglob("*") if path.is_symlink()]
    assert len(links) == 29
    assert all(
        path.resolve() == (tmp_path / "data" / path.relative_to(tmp_path / "clean" / "data")).resolve()
        for path in links
    )


def test_a_list_has_a_path_a_line_relative_to_the_dataset(report: Report, tmp_path: Path) -> None:
    planned(report, "list").write(tmp_path / "clean.txt")
    lines = (tmp_path / "clean.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == sorted(set(report.manifest.sample_ids.to_pylist()) - {EMPTY})
    assert all((tmp_path / "data" / line).is_file() for line in lines)


def test_label_files_come_along(tmp_path: Path) -> None:
    manifest = toy_pairs(tmp_path / "data", n=4)
    choice = choose(datacheck.audit(manifest, select=["DC101"]), Wanted())
    Export.plan(choice, "copies").write(tmp_path / "clean")
    names = [f"images/img_000{n}.jpg" for n in range(1, 5)] + [f"masks/mask_000{n}.png" for n in range(1, 5)]
    assert files_below(tmp_path / "clean" / "data") == names


def linked_out(tmp_path: Path) -> Manifest:
    """A file and a folder of the dataset are links that lead out of it, and one link stays inside."""
    manifest = toy_images(tmp_path / "data", size=16, n_per_class=4, splits=None)
    data, outside = tmp_path / "data", tmp_path / "secret"
    outside.mkdir()
    shutil.move(data / "bar" / "bar_0001.jpg", outside / "bar_0001.jpg")
    (data / "bar" / "bar_0001.jpg").symlink_to(outside / "bar_0001.jpg")
    shutil.move(data / "star", outside / "star")
    (data / "star").symlink_to(outside / "star")
    shutil.move(data / "disc" / "disc_0001.jpg", data / "disc" / "real.jpg")
    (data / "disc" / "disc_0001.jpg").symlink_to(data / "disc" / "real.jpg")
    return manifest


@pytest.mark.parametrize("form", ["list", "links", "copies"])
def test_what_lies_outside_the_dataset_is_left_out_and_said(tmp_path: Path, form: str) -> None:
    manifest = linked_out(tmp_path)
    export = Export.plan(choose(datacheck.audit(manifest, select=["DC101"]), Wanted()), form)
    left = ["bar/bar_0001.jpg", *(f"star/star_000{n}.jpg" for n in range(1, 5))]
    assert export.choice.left_out == {LEAVES: left}
    place = tmp_path / ("clean.txt" if form == "list" else "clean")
    export.write(place)
    inside = [f"bar/bar_000{n}.jpg" for n in (2, 3, 4)] + [f"disc/disc_000{n}.jpg" for n in (1, 2, 3, 4)]
    if form == "list":
        assert place.read_text().splitlines() == inside
        return
    assert files_below(place / "data") == inside
    assert sorted(datacheck.open(place / "manifest.parquet").sample_ids.to_pylist()) == inside
    reached = {path.resolve() for path in place.rglob("*.jpg")}
    assert not any(path.is_relative_to(tmp_path / "secret") for path in reached)


def test_a_place_that_is_used_or_inside_the_dataset_is_refused(report: Report, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    for form, place, said in (
        ("copies", tmp_path / "full", "expected a new or empty folder"),
        ("copies", tmp_path / "full" / "x", "expected a new or empty folder"),
        ("list", tmp_path / "full" / "x", "expected a new file for the list"),
        ("links", tmp_path / "data" / "clean", "is inside the dataset"),
        ("list", tmp_path / "data" / "list.txt", "is inside the dataset"),
    ):
        with pytest.raises(ConfigError, match=said):
            planned(report, form).write(place)
    assert (tmp_path / "full" / "x").read_text() == "mine"
    assert not (tmp_path / "data" / "clean").exists()
    (tmp_path / "empty").mkdir()
    planned(report, "copies").write(tmp_path / "empty")
    assert len(files_below(tmp_path / "empty")) == 30


def test_files_that_are_gone_or_changed_since_the_audit_are_refused(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "data" / "train/bar/bar_0002.jpg"
    content = file.read_bytes()
    file.write_bytes(content + b"x")
    size = len(content)
    with pytest.raises(StorageError, match=rf"has {size + 1:,} bytes, and had {size:,} bytes when it was audited"):
        planned(report, "copies")
    file.unlink()
    with pytest.raises(StorageError, match=r"bar_0002.jpg is missing: restore it"):
        planned(report, "list")


def test_a_failure_leaves_nothing(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []

    def place_file(source: Path, target: Path, link: str) -> None:
        calls.append(target)
        if len(calls) == 9:
            raise OSError(28, "No space left on device")
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr("datacheck.manifest.file_copies.place_file", place_file)
    with pytest.raises(StorageError, match=r"nothing is left of it: .*No space left"):
        planned(report, "copies").write(tmp_path / "clean")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_samples_that_are_no_files_go_into_a_list_of_ids_alone(tmp_path: Path) -> None:
    columns = {"sample_id": ["p", "q", "r"], "x": [0.1, 0.2, 0.3], "label": ["a", "b", None]}
    report = datacheck.audit(columns, select=["DC106"])
    with pytest.raises(ConfigError, match=r"--as copies needs samples that are files .* --as list, or use report"):
        planned(report, "copies")
    with pytest.raises(ConfigError, match=r"--as: expected one of list, links, copies, found 'link'"):
        planned(report, "link")
    planned(report, "list", Wanted(drop=("DC106",))).write(tmp_path / "ids.txt")
    assert (tmp_path / "ids.txt").read_text() == "p\nq\n"


def test_a_list_refuses_a_name_that_would_be_two_lines(tmp_path: Path) -> None:
    manifest = Manifest.from_columns({"sample_id": ["a\n../b", "c"], "label": ["k", "l"]})
    export = Export.plan(choose(Report(manifest), Wanted(drop=(), duplicates="keep")), "list")
    with pytest.raises(ConfigError, match="has a line break"):
        export.write(tmp_path / "list.txt")
    assert not (tmp_path / "list.txt").exists()


def test_a_path_that_leads_out_of_the_dataset_is_left_out(report: Report, tmp_path: Path) -> None:
    (tmp_path / "other.jpg").write_bytes(b"secret")
    uris = report.manifest.table["uri"].to_pylist()
    rows = np.array([row for row, uri in enumerate(uris) if uri == "train/bar/bar_0002.jpg"])
    uris[rows[0]] = "../other.jpg"
    changed = replace(report, manifest=report.manifest.with_column("uri", uris))
    export = planned(changed, "copies")
    assert export.choice.left_out[LEAVES] == ["train/bar/bar_0002.jpg"]
    export.write(tmp_path / "clean")
    assert not list((tmp_path / "clean").rglob("other.jpg"))
