from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import datacheck
from datacheck.errors import ProbeError, StorageError
from datacheck.probing.objects import load_box_probe, save_box_probe
from datacheck.probing.objects.outputs import object_ids
from datacheck.probing.objects.suspects import suspects_of
from datacheck.report import Report
from tests.annotations.boxed import probed, with_probe, write_exchanged
from tests.annotations.drawn import Drawn, drawn_objects

PROBE = {"budget": 60, "backend": "descriptors", "weights": "none"}


def test_boxes_of_an_image_are_in_one_fold() -> None:
    probe, objects = probed().context.box_probe, probed().context.manifest.objects
    assert probe is not None
    assert probe.crops is not None
    assert objects is not None
    rows = objects.row[probe.objects]
    assert len(probe.objects) == len(objects) == 300
    for row in np.unique(rows):
        assert len(set(probe.crops.fold[rows == row].tolist())) == 1


def test_suspects_name_file_line_classes_and_box() -> None:
    context, wrong = probed().context, probed().wrong
    assert context.box_probe is not None
    table = suspects_of(context.box_probe, context.manifest, context.measurements).to_pylist()
    first = table[: len(wrong)]
    hit = [(Path(one["sample_id"]).name, one["line"]) in wrong for one in first]
    assert np.mean(hit) > 0.9
    one = first[0]
    assert one["kind"] == "class"
    assert one["given"] != one["suggested"]
    assert one["annotation_file"] == f"labels/{Path(one['sample_id']).stem}.xml"
    assert 0 <= one["left"] < one["right"] <= 96
    assert table[0]["suspicion"] >= table[-1]["suspicion"]


def test_a_saved_probe_is_the_same(tmp_path: Path) -> None:
    context = probed().context
    probe = context.box_probe
    assert probe is not None
    save_box_probe(probe, context.manifest, context.measurements, tmp_path)
    again = load_box_probe(tmp_path, context.manifest)
    assert probe.crops is not None
    assert again.crops is not None
    assert again.objects.tolist() == probe.objects.tolist()
    assert again.crops.label_quality.tolist() == probe.crops.label_quality.tolist()
    fewer = context.manifest.take(np.arange(10))
    with pytest.raises(StorageError, match="probe again"):
        load_box_probe(tmp_path, fewer)


def test_ids_number_the_boxes_of_an_image() -> None:
    manifest = probed().context.manifest
    assert manifest.objects is not None
    ids = object_ids(manifest, manifest.objects)
    assert ids[:3].tolist() == ["images/0000.jpg#0", "images/0001.jpg#0", "images/0001.jpg#1"]
    assert len(set(ids.tolist())) == len(ids)


def test_an_audit_probes_boxes_and_keeps_the_probe(tmp_path: Path) -> None:
    write_exchanged(tmp_path / "data", drawn_objects(40), 0.1)
    report = datacheck.audit(tmp_path / "data", select=["DC84"], jobs=1, probe=PROBE, out=tmp_path / "run")
    assert report.outcomes[0].status in {"found", "passed"}
    assert (tmp_path / "run" / "boxes" / "suspects.parquet").is_file()
    assert pq.read_table(tmp_path / "run" / "boxes" / "suspects.parquet").num_rows > 0
    assert Report.load(tmp_path / "run").box_probe is not None
    again = datacheck.audit(tmp_path / "data", select=["DC84"], jobs=1, out=tmp_path / "run")
    assert again.outcomes[0].outcome == report.outcomes[0].outcome
    assert again.notes[0].startswith("the probe is that of an earlier audit")


def test_arrays_of_the_user_are_refused(tmp_path: Path) -> None:
    Drawn(tmp_path, "YOLO", drawn_objects(12)).write()
    with pytest.raises(ProbeError, match="takes no features"):
        datacheck.audit(tmp_path, jobs=1, probe={"features": np.zeros((12, 3))})


def test_a_damaged_image_leaves_out_its_boxes_alone(tmp_path: Path) -> None:
    def damage(root: Path) -> None:
        (root / "images" / "0001.jpg").write_bytes(b"no image")
        Image.new("L", (96, 72)).save(root / "images" / "0002.jpg")

    found = with_probe(Drawn(tmp_path, "Pascal VOC", drawn_objects(40)).write(damage)).box_probe
    assert found is not None
    assert found.left_out == (("are in images that cannot be read", 2),)
    assert len(found.objects) == 77


def test_an_audit_of_one_class_says_that_it_judged_no_class(tmp_path: Path) -> None:
    one = {name: [replace(each, name="ring") for each in many] for name, many in drawn_objects(30).items()}
    Drawn(tmp_path, "YOLO", one).write()
    report = datacheck.audit(tmp_path, select=["DC84"], jobs=1, probe=PROBE)
    assert "two or more classes" in report.unmet[0]
    assert report.exit_code() == 2
