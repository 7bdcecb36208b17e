from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacheck.manifest import Manifest, Task
from datacheck.sources.annotations import labelme, voc, yolo
from datacheck.sources.annotations.base import ParsedObject, WriteRequest

from .drawn import CLASSES, FORMATS, HEIGHT, WIDTH, Drawn, drawn_objects


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_boxes(tmp_path: Path, form: str) -> None:
    objects = drawn_objects(12)
    context = Drawn(tmp_path, form, objects).write()
    manifest = context.manifest
    assert manifest.task is Task.DETECTION
    assert set(manifest.classes) == set(CLASSES)
    boxes = context.boxes
    assert boxes is not None
    assert np.isfinite(boxes.boxes).all()
    uris = manifest.table["uri"].to_pylist()
    found = {
        (uris[row].rpartition("/")[2], manifest.classes[number], tuple(np.round(box, 2)))
        for row, number, box in zip(boxes.objects.row, boxes.objects.class_id, boxes.boxes, strict=True)
    }
    assert found == {(name, each.name, each.box) for name, many in objects.items() for each in many}
    assert [sorted(each) for each in manifest.table["labels"].to_pylist()] == [
        sorted({each.name for each in objects[uri.rpartition("/")[2]]}) for uri in uris
    ]
    assert not manifest.inventory.unread_labels


@pytest.mark.parametrize("form", FORMATS)
def test_a_manifest_with_boxes_is_saved_and_loaded_whole(tmp_path: Path, form: str) -> None:
    manifest = Drawn(tmp_path / "data", form, drawn_objects(5)).write().manifest
    manifest.save(tmp_path / "manifest.parquet")
    loaded = Manifest.load(tmp_path / "manifest.parquet")
    assert loaded.table.equals(manifest.table)
    assert loaded.annotation_format == manifest.annotation_format
    assert loaded.classes == manifest.classes
    some = loaded.take([3, 1])
    assert some.objects is not None
    assert some.objects.row.max() == 1
    assert some.table["uri"].to_pylist() == [manifest.table["uri"][row].as_py() for row in (3, 1)]


corner = st.floats(-50, 150, allow_nan=False)
box_values = st.tuples(corner, corner, corner, corner)
names = st.sampled_from(["0", "1", "2"])
objects_strategy = st.lists(st.tuples(names, box_values), max_size=5)


@given(objects_strategy)
def test_label_files_round_trip(found: list[tuple[str, tuple[float, float, float, float]]]) -> None:
    objects = [ParsedObject(name, box, line) for line, (name, box) in enumerate(found, start=1)]
    for kind in (yolo.FORMAT, voc.FORMAT, labelme.FORMAT):
        again = kind.parse(kind.write(WriteRequest("a.jpg", WIDTH, HEIGHT, objects)))
        assert not again.problems
        assert [each.name for each in again.objects] == [each.name for each in objects]
        written, read = (np.array([each.box for each in many]).reshape(-1, 4) for many in (objects, again.objects))
        if kind is labelme.FORMAT:  # its corners have no order
            written = np.concatenate([np.minimum(written[:, :2], written[:, 2:]),
                                      np.maximum(written[:, :2], written[:, 2:])], axis=1)  # fmt: skip
        assert np.allclose(read, written, atol=1e-6)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_named(data: bytes) -> None:
    for kind in (yolo.FORMAT, voc.FORMAT, labelme.FORMAT):
        found = kind.parse(data)
        assert all(np.isfinite(each.box).all() for each in found.objects)


@pytest.mark.parametrize(
    ("line", "shape", "box"),
    [
        ("1 0.5 0.5 0.2 0.4", "box", (0.4, 0.3, 0.6, 0.7)),
        ("1 0.5 0.5 0.2 0.4 0.93", "box", (0.4, 0.3, 0.6, 0.7)),
        ("1 0.1 0.1 0.5 0.1 0.3 0.6", "polygon", (0.1, 0.1, 0.5, 0.6)),
        ("1 0.1 0.1 0.5 0.1 0.5 0.6 0.1 0.6", "oriented box", (0.1, 0.1, 0.5, 0.6)),
        ("1 0.5 0.5 0.2 0.4 0.45 0.4 2", "keypoints", (0.4, 0.3, 0.6, 0.7)),
    ],
)
def test_the_kinds_of_lines_of_yolo(line: str, shape: str, box: tuple[float, ...]) -> None:
    found = yolo.parse(line.encode())
    assert not found.problems
    assert found.objects[0].shape == shape
    assert np.allclose(found.objects[0].box, box)


def test_xml_that_declares_entities_is_not_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xx">]><annotation><object>&x;</object></annotation>'
    assert "entities" in voc.parse(bomb).problems[0][1]
    assert "entities" in voc.parse(b"\xff\xfe" + bomb.decode().encode("utf-16-le")).problems[0][1]
