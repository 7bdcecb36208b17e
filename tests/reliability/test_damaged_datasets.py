"""Damaged annotation files, tables, tars and manifests: audited or refused, and no lost picture goes unsaid."""

from __future__ import annotations

import io
import json
import tarfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import datacheck
from datacheck.errors import DatacheckError
from datacheck.report import Report
from tests.mutations import EXAMPLES, damaged_bytes, fuzz, seeds

few = settings(fuzz, max_examples=max(1, EXAMPLES // 2))
"""Half as many examples as elsewhere: each is a whole audit."""

N = 8
SIDE = 24


def picture(number: int) -> bytes:
    rng = np.random.default_rng(number)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


PICTURES = [picture(number) for number in range(N)]


def images(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, content in enumerate(PICTURES):
        (folder / f"{number}.png").write_bytes(content)


def yolo(folder: Path) -> Path:
    images(folder / "images")
    (folder / "labels").mkdir()
    for number in range(N):
        (folder / f"labels/{number}.txt").write_text(f"{number % 2} 0.5 0.5 0.25 0.25\n1 0.25 0.25 0.1 0.1\n")
    (folder / "data.yaml").write_text("path: .\ntrain: images\nnames: [cat, dog]\n")
    return folder / "labels/3.txt"


def voc(folder: Path) -> Path:
    images(folder / "JPEGImages")
    (folder / "Annotations").mkdir()
    for number in range(N):
        (folder / f"Annotations/{number}.xml").write_text(
            f"<annotation><filename>{number}.png</filename><size><width>{SIDE}</width><height>{SIDE}</height>"
            "<depth>3</depth></size><object><name>cat</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>12</xmax>"
            "<ymax>13</ymax></bndbox></object></annotation>"
        )
    return folder / "Annotations/3.xml"


def coco(folder: Path) -> Path:
    images(folder / "images")
    written = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": SIDE, "height": SIDE} for n in range(N)],
        "annotations": [
            {"id": n, "image_id": n, "category_id": 1 + n % 2, "bbox": [2, 3, 10, 10], "area": 100, "iscrowd": 0}
            for n in range(N)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    }
    (folder / "images/_annotations.coco.json").write_text(json.dumps(written))
    return folder / "images/_annotations.coco.json"


def table(folder: Path) -> Path:
    images(folder / "images")
    rows = "".join(f"images/{n}.png,{'cat' if n % 2 else 'dog'},train\n" for n in range(N))
    (folder / "labels.csv").write_text("path,label,split\n" + rows)
    return folder / "labels.csv"


DATASETS: dict[str, Callable[[Path], Path]] = {"YOLO": yolo, "VOC": voc, "COCO": coco, "csv": table}
RULES = ["DC1", "DC2", "DC8"]
"""Rules that look at files and annotations."""


def audited(source: Path) -> Report | None:
    """Return the report; None where the source was refused. Anything else that is raised fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report = datacheck.audit(source, select=RULES, jobs=1)
        except DatacheckError:
            return None
    assert not report.failed, report.failed
    return report


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATASETS)
def test_damaged_annotations(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.scanning.run.can_travel", lambda reader: False)  # no process for each example
    file = DATASETS[kind](tmp_path / "data")
    source = file if kind == "csv" else tmp_path / "data"
    content = file.read_bytes()
    whole = audited(source)
    assert whole is not None
    assert len(whole.manifest) == N
    counted: Counter[str] = Counter()

    @few
    @given(seeds)
    def damaged(seed: int) -> None:
        file.write_bytes(damaged_bytes(content, seed))
        report = audited(source)
        if report is None:
            counted["refused"] += 1
            return
        same = report.manifest.table.equals(whole.manifest.table)
        said = report.findings != whole.findings or report.exit_code() != whole.exit_code()
        said |= report.manifest.inventory != whole.manifest.inventory
        counted["as before" if same else "said" if said else "read as other values"] += 1
        # A picture that an annotation names no more, or that a row lost, is not left out without a word.
        assert len(report.manifest) >= N or said

    damaged()
    print(f"{kind}: {dict(counted)}")


@pytest.mark.slow
def test_a_tar_that_was_cut_anywhere_is_never_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.scanning.run.can_travel", lambda reader: False)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, content in enumerate(PICTURES):
            for name, data in ((f"{number}.png", content), (f"{number}.cls", str(number % 2).encode())):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    whole, path, counted = buffer.getvalue(), tmp_path / "train-0.tar", Counter[str]()
    last = max(at for at in range(0, len(whole), 512) if any(whole[at : at + 512])) + 512

    @few
    @given(st.integers(0, last - 1))
    def cut(at: int) -> None:
        path.write_bytes(whole[:at])
        report = audited(path)
        counted["refused" if report is None else "said"] += 1
        if report is not None:
            codes = [finding.code for finding in report.findings]
            unread = [*report.manifest.inventory.unread, *report.manifest.inventory.questions]
            assert report.exit_code() or "DC101" in codes or unread, at

    cut()
    print(f"tar, cut: {dict(counted)}")


@pytest.mark.slow
def test_damaged_manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.scanning.run.can_travel", lambda reader: False)
    table(tmp_path / "data")
    path = tmp_path / "data/manifest.parquet"
    datacheck.open(tmp_path / "data/labels.csv").save(path)
    content, counted = path.read_bytes(), Counter[str]()
    whole = audited(path)
    assert whole is not None

    @few
    @given(seeds)
    def damaged(seed: int) -> None:
        path.write_bytes(damaged_bytes(content, seed))
        report = audited(path)
        counted["refused" if report is None else "read"] += 1
        assert report is None or report.manifest.table.equals(whole.manifest.table)

    damaged()
    print(f"manifest: {dict(counted)}")
