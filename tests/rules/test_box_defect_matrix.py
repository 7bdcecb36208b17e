"""Every defect of boxes in every format that can hold it: found in its image, by file, and silent on the clean twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, Severity
from datacheck.rules import RULES, RuleContext
from datacheck.sources.annotations.base import ParsedObject
from tests.annotations.drawn import CLASSES, FORMATS, WIDTH, Objects, drawn_objects
from tests.annotations.drawn_more import ALL_FORMATS, DrawnInAny

FILE_CODES = ("DC110", *(rule.code for rule in RULES if "DC801" <= rule.code <= "DC813"))
"""The rules about annotation files with boxes, and the one about class names that differ by their spelling."""

EVERY = frozenset(ALL_FORMATS)
NUMBERED = frozenset({"YOLO", "COCO"})
POLYGONS = frozenset({"YOLO", "LabelMe", "COCO", "CVAT"})
DECLARED = NUMBERED | {"CVAT"}
SIZED = EVERY - {"YOLO", "Hugging Face objects"}

HELD: Mapping[str, frozenset[str]] = {
    "DC110": EVERY - DECLARED,
    "DC801": EVERY,
    "DC802": EVERY,
    "DC803": frozenset({"COCO"}),
    "DC804": SIZED,
    "DC805": EVERY,
    "DC806": EVERY,
    "DC807": EVERY - {"LabelMe"},
    "DC808": DECLARED,
    "DC809": EVERY,
    "DC810": EVERY,
    "DC811": EVERY,
    "DC812": EVERY,
    "DC813": POLYGONS,
}
"""Which formats can hold which defect. Label files of no image are DC102's, a table or a column states no orphans;
YOLO and the column state no size; only some draw polygons; where no list declares the classes, a class is unknown only
by its spelling; the two corners of LabelMe have no order, so that most conventions read alike."""

N_IMAGES = 120
"""Images that the judgement of odd boxes needs."""


def image(number: int) -> str:
    return f"{number:04d}.jpg"


def polygon(each: ParsedObject, crossed: bool) -> ParsedObject:
    left, top, right, bottom = each.box
    corners = [(left, top), (right, top), (right, bottom), ((left + right) / 2, bottom - 2), (left, bottom)]
    if crossed:
        corners[1], corners[2] = corners[2], corners[1]
    return replace(each, shape="polygon", points=tuple(value for corner in corners for value in corner))


def damage(form: str) -> Callable[[Path], None]:
    """Return what makes the annotations of image 6 unreadable, and those of a removed image an orphan."""

    def spoil(root: Path) -> None:
        if form in FORMATS and form != "COCO":
            (path,) = (root / "labels").glob("0006.*")
            path.write_text({"YOLO": "ring at the left\n", "Pascal VOC": "<annotation>", "LabelMe": "{"}[form])
            return
        path = next(p for p in (root / "instances.json", root / "annotations.xml", root / "labels.csv",
                                root / "metadata.jsonl") if p.exists())  # fmt: skip
        text = path.read_text()
        start = text.index('"image_id": 7,' if form == "COCO" else "images/0006.jpg")
        head, tail = text[:start], text[start:]
        if form == "COCO":
            tail = tail.replace('"bbox": [', '"bbox": ["x", ', 1)
            tail = tail.replace('"image_id": 118,', '"image_id": 999,')
        elif form == "CVAT":
            tail = tail.replace('points="', 'points="x', 1)
        elif form == "a table":
            line, end, rest = tail.partition("\n")
            tail = line.rpartition(",")[0] + "," + end + rest
        else:
            tail = tail.replace('"bbox": [[', '"bbox": [[1, ', 1)
        path.write_text(head + tail)

    return spoil


def planted(form: str) -> Objects:
    """Return objects with a defect of each kind, each in other images."""
    objects = drawn_objects(N_IMAGES, edge=20)
    first = {number: objects[image(number)][0] for number in range(N_IMAGES)}
    objects[image(10)][0] = replace(first[10], box=(134.0, 20.0, 153.0, 40.0))
    left, top, _, bottom = first[12].box
    objects[image(12)][0] = replace(first[12], box=(left, top, left, bottom))
    objects[image(14)][0] = replace(first[14], name="99" if form in NUMBERED else "Ring")
    objects[image(16)] = [*objects[image(16)], first[16]]
    objects[image(18)][0] = replace(first[18], box=(4.0, 30.0, 92.0, 32.0))
    template = replace(first[0], name="ring", box=(61.0, 40.0, 79.0, 66.0))
    for number in range(20, 44):
        objects[image(number)] = [replace(first[number], name="cone"), template]
    if form in POLYGONS:
        objects = {name: [polygon(each, crossed=False) for each in found] for name, found in objects.items()}
        objects[image(50)][0] = polygon(first[50], crossed=True)
    return objects


EXPECTED: Mapping[str, tuple[int, ...]] = {
    "DC801": (6,),
    "DC804": (8,),
    "DC805": (10,),
    "DC806": (12,),
    "DC808": (14,),
    "DC809": (16,),
    "DC811": (18,),
    "DC812": tuple(range(20, 44)),
    "DC813": (50,),
}
"""The images of each defect in `planted`."""


def found_by(context: RuleContext) -> dict[str, Found]:
    """Return what each rule finds."""
    outcomes = {rule.code: rule().check(context) for rule in RULES if rule.code in FILE_CODES}
    return {code: outcome for code, outcome in outcomes.items() if isinstance(outcome, Found)}


def named(form: str, number: int) -> str:
    """Return the annotation file of an image as a finding names it."""
    endings = {"YOLO": "txt", "Pascal VOC": "xml", "LabelMe": "json"}
    files = {"COCO": "instances.json", "CVAT": "annotations.xml", "a table": "labels.csv"}
    if form in endings:
        return f"labels/{number:04d}.{endings[form]}"
    return files.get(form, "metadata.jsonl")


def test_the_matrix_names_every_rule() -> None:
    assert set(HELD) == set(FILE_CODES)
    assert set(EXPECTED) | {"DC110", "DC802", "DC803", "DC807", "DC810"} == set(FILE_CODES)


@pytest.mark.parametrize("form", ALL_FORMATS)
def test_defects_of_single_images(tmp_path: Path, form: str) -> None:
    context = DrawnInAny(tmp_path, form, planted(form), {image(8): (640, 480)}).write(damage(form))
    found = found_by(context)
    for code, numbers in EXPECTED.items():
        if form not in HELD[code]:
            continue
        assert code in found, f"{code} in {form}"
        ids = set(found[code].issues["sample_id"].to_pylist())
        assert ids == {f"images/{image(number)}" for number in numbers}, f"{code} in {form}"
        evidence = " ".join(f"{each.message} {each.evidence}" for each in found[code].findings)
        if code != "DC804":  # it names the picture
            assert named(form, numbers[0]) in evidence, f"{code} in {form}"
    assert ("DC803" in found) == (form == "COCO")
    assert ("DC110" in found) == (form in HELD["DC110"])
    if "DC110" in found:
        assert "'Ring'" in found["DC110"].findings[0].message


@pytest.mark.parametrize("form", ALL_FORMATS)
def test_defects_of_whole_datasets(tmp_path: Path, form: str) -> None:
    usual = drawn_objects(40, edge=20)
    empty = {name: [] if number < 20 else found for number, (name, found) in enumerate(usual.items())}
    found = found_by(DrawnInAny(tmp_path / "empty", form, empty).write())
    assert set(found) == {"DC802"}
    assert [each.severity for each in found["DC802"].findings] == [Severity.INFO]
    tiny = {name: [many[0], replace(many[0], box=(60.0, 60.0, 61.0, 61.0))] for name, many in usual.items()}
    assert "DC810" in found_by(DrawnInAny(tmp_path / "tiny", form, tiny).write())
    if form not in HELD["DC807"]:
        return
    swapped = {name: [replace(each, box=other(form, each.box)) for each in many] for name, many in usual.items()}
    found = found_by(DrawnInAny(tmp_path / "other", form, swapped).write())
    assert len(found["DC807"].issues) == 40


def other(form: str, box: tuple[float, ...]) -> tuple[float, float, float, float]:
    """Return corners under which the four numbers of a format are those of another convention."""
    left, top, right, bottom = box
    if form in ("COCO", "Hugging Face objects"):  # the far corner, where width and height belong
        return (left, top, left + right, top + bottom)
    if form == "YOLO":  # pixels, where shares belong
        return tuple(side * (WIDTH if axis % 2 == 0 else 72) for axis, side in enumerate(box))  # type: ignore[return-value]
    return (left, top, right - left, bottom - top)


@pytest.mark.parametrize("form", ALL_FORMATS)
def test_clean_twins_are_silent(tmp_path: Path, form: str) -> None:
    objects = drawn_objects(N_IMAGES, edge=20)
    assert set(found_by(DrawnInAny(tmp_path, form, objects).write())) == set()
    assert {each.name for found in objects.values() for each in found} == set(CLASSES)
