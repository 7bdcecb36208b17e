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
from tests.rules.test_instance_masks import DEFECTS

FILE_CODES = ("DC110", *(rule.code for rule in RULES if "DC801" <= rule.code <= "DC814"))
"""The rules about annotation files with boxes, and the one about class names that differ by their spelling."""

FORMS: Mapping[str, tuple[str, bool]] = {
    "YOLO detect": ("YOLO", False),
    "YOLO segment": ("YOLO", True),
    "COCO": ("COCO", True),
    "Pascal VOC": ("Pascal VOC", False),
    "csv": ("a table", False),
    "Open Images csv": ("Open Images", False),
    "LabelMe": ("LabelMe", True),
    "CVAT xml": ("CVAT", True),
    "Hugging Face objects": ("Hugging Face objects", False),
}
"""The formats as people call them: how they are drawn, and whether the objects are polygons."""

EVERY = frozenset(FORMS)
YOLO = frozenset({"YOLO detect", "YOLO segment"})
NUMBERED = YOLO | {"COCO"}
POLYGONS = frozenset(name for name, (_, polygons) in FORMS.items() if polygons)
DECLARED = NUMBERED | {"CVAT xml"}
NAMING = frozenset({"Pascal VOC", "LabelMe"})

HELD: Mapping[str, frozenset[str]] = {
    "DC110": EVERY - DECLARED,
    "DC801": EVERY,
    "DC802": EVERY - {"Open Images csv"},
    "DC803": frozenset({"COCO", "CVAT xml"}),
    "DC804": EVERY - YOLO - {"Open Images csv", "Hugging Face objects"},
    "DC805": EVERY,
    "DC806": EVERY,
    "DC807": EVERY - {"LabelMe"},
    "DC808": DECLARED,
    "DC809": EVERY,
    "DC810": EVERY,
    "DC811": EVERY,
    "DC812": EVERY,
    "DC813": POLYGONS,
    "DC814": NAMING,
}
"""Which formats can hold which defect.

Label files of no image are DC102's, and images without a file DC101's where each has a row. YOLO, Open Images and the
column state no size. Open Images lists no image without a box. Only some draw polygons. Where no list declares the
classes, a class is unknown only by its spelling. The two corners of LabelMe have no order: most conventions read
alike. Only two state the image's name beside that of their own file.
"""

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


def damage(name: str) -> Callable[[Path], None]:
    """Return what makes image 6 unreadable, annotations of COCO an orphan, and has a file name another image."""
    form = FORMS[name][0]

    def spoil(root: Path) -> None:
        if form in FORMATS and form != "COCO":
            (path,) = (root / "labels").glob("0006.*")
            path.write_text({"YOLO": "ring at the left\n", "Pascal VOC": "<annotation>", "LabelMe": "{"}[form])
            (path,) = (root / "labels").glob("0060.*")
            path.write_text(path.read_text().replace("0060.jpg", "0061.jpg"))
            return
        path = root / named(name, 6)
        text = path.read_text()
        places = {"COCO": '"image_id": 7,', "Open Images": "\n0006,"}
        start = text.index(places.get(form, "images/0006.jpg"))
        head, tail = text[:start], text[start:]
        if form == "COCO":
            tail = tail.replace('"bbox": [', '"bbox": ["x", ', 1)
            tail = tail.replace('"image_id": 118,', '"image_id": 999,')
        elif form == "CVAT":
            tail = tail.replace('points="', 'points="x', 1).replace("images/0118.jpg", "images/0999.jpg")
        elif form in ("a table", "Open Images"):
            cells = tail.split(",")
            cells[7] = "\n".join(["", *cells[7].split("\n")[1:]])
            tail = ",".join(cells)
        else:
            tail = tail.replace('"bbox": [[', '"bbox": [[1, ', 1)
        path.write_text(head + tail)

    return spoil


def planted(name: str) -> Objects:
    """Return objects with a defect of each kind, each in other images."""
    objects = drawn_objects(N_IMAGES, edge=20)
    first = {number: objects[image(number)][0] for number in range(N_IMAGES)}
    objects[image(10)][0] = replace(first[10], box=(134.0, 20.0, 153.0, 40.0))
    left, top, _, bottom = first[12].box
    objects[image(12)][0] = replace(first[12], box=(left, top, left, bottom))
    objects[image(14)][0] = replace(first[14], name="99" if name in NUMBERED else "Ring")
    objects[image(16)] = [*objects[image(16)], first[16]]
    objects[image(18)][0] = replace(first[18], box=(4.0, 30.0, 92.0, 32.0))
    template = replace(first[0], name="ring", box=(61.0, 40.0, 79.0, 66.0))
    for number in range(20, 44):
        objects[image(number)] = [replace(first[number], name="cone"), template]
    if name in POLYGONS:
        objects = {key: [polygon(each, crossed=False) for each in found] for key, found in objects.items()}
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
    "DC814": (60,),
}
"""The images of each defect in `planted`."""


def found_by(context: RuleContext) -> dict[str, Found]:
    """Return what each rule finds."""
    outcomes = {rule.code: rule().check(context) for rule in RULES if rule.code in FILE_CODES}
    return {code: outcome for code, outcome in outcomes.items() if isinstance(outcome, Found)}


def named(name: str, number: int) -> str:
    """Return the annotation file of an image as a finding names it."""
    endings = {"YOLO": "txt", "Pascal VOC": "xml", "LabelMe": "json"}
    files = {"COCO": "instances.json", "CVAT": "annotations.xml", "a table": "labels.csv",
             "Open Images": "annotations-bbox.csv"}  # fmt: skip
    form = FORMS[name][0]
    if form in endings:
        return f"labels/{number:04d}.{endings[form]}"
    return files.get(form, "metadata.jsonl")


def place(name: str, objects: Objects, number: int, at: int) -> str:
    """Return where the object of a place in an image stands, as a finding names it."""
    form = FORMS[name][0]
    before = sum(len(objects[image(k)]) for k in range(number))
    words = {"YOLO": "line", "COCO": "annotation id", "a table": "row", "Open Images": "row", "Pascal VOC": "object"}
    word = words.get(form, "object" if form == "Hugging Face objects" else "shape")
    line = at + 1 + (before if form in ("COCO", "a table", "Open Images") else 0)
    return f"{named(name, number)!r} {word} {line}"


MASKS: Mapping[str, tuple[str, ...]] = {
    **{f"DC{code}": ("yes", "yes") for code in range(820, 828)},
    "DC828": ("yes", "–"),
    "DC829": ("–", "yes"),
}
"""The defects of masks in masks of an image, and of one object each: see test_mask_formats and test_instance_masks."""


def test_the_page_says_what_is_found_in_which_format() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/boxes-and-masks.md").read_text()
    names = {rule.code: rule.name for rule in RULES}
    for code, forms in HELD.items():
        cells = ["yes" if name in forms else "–" for name in FORMS]
        assert f"| {code} `{names[code]}` | {' | '.join(cells)} |" in page, code
    for code, cells in MASKS.items():
        assert f"| {code} `{names[code]}` | {' | '.join(cells)} |" in page, code
    objects = {code for _, code, _ in DEFECTS.values()} | {"DC827"}
    assert {code for code, (_, of_objects) in MASKS.items() if of_objects == "yes"} <= objects
    assert set(MASKS) == {code for code in names if code.startswith("DC82")}


def test_the_matrix_names_every_rule() -> None:
    assert set(HELD) == set(FILE_CODES)
    assert {form for form, _ in FORMS.values()} == set(ALL_FORMATS)
    assert set(EXPECTED) | {"DC110", "DC802", "DC803", "DC807", "DC810"} == set(FILE_CODES)


@pytest.mark.parametrize("name", FORMS)
def test_defects_of_single_images(tmp_path: Path, name: str) -> None:
    objects = planted(name)
    found = found_by(DrawnInAny(tmp_path, FORMS[name][0], objects, {image(8): (640, 480)}).write(damage(name)))
    for code, numbers in EXPECTED.items():
        if name not in HELD[code]:
            assert code not in found, f"{code} in {name}"
            continue
        assert code in found, f"{code} in {name}"
        ids = set(found[code].issues["sample_id"].to_pylist())
        assert ids == {f"images/{image(number)}" for number in numbers}, f"{code} in {name}"
        evidence = " ".join(f"{each.message} {each.evidence}" for each in found[code].findings)
        at = len(objects[image(16)]) - 1 if code == "DC809" else 1 if code == "DC812" else 0
        wanted = {
            "DC801": named(name, 6), "DC804": image(8), "DC814": image(60),
        }.get(code) or place(name, objects, numbers[0], at)  # fmt: skip
        assert wanted in evidence, f"{code} in {name}: {wanted} in {evidence}"
    assert ("DC803" in found) == (name in HELD["DC803"])
    assert ("DC110" in found) == (name in HELD["DC110"])
    if "DC110" in found:
        assert "'Ring'" in found["DC110"].findings[0].message


@pytest.mark.parametrize("name", FORMS)
def test_defects_of_whole_datasets(tmp_path: Path, name: str) -> None:
    usual, form = drawn_objects(40, edge=20), FORMS[name][0]
    if name in HELD["DC802"]:
        empty = {key: [] if number < 20 else found for number, (key, found) in enumerate(usual.items())}
        found = found_by(DrawnInAny(tmp_path / "empty", form, empty).write())
        assert set(found) == {"DC802"}
        assert [each.severity for each in found["DC802"].findings] == [Severity.INFO]
    tiny = {key: [many[0], replace(many[0], box=(60.0, 60.0, 61.0, 61.0))] for key, many in usual.items()}
    assert "DC810" in found_by(DrawnInAny(tmp_path / "tiny", form, tiny).write())
    if name not in HELD["DC807"]:
        return
    swapped = {key: [replace(each, box=other(form, each.box)) for each in many] for key, many in usual.items()}
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


@pytest.mark.parametrize("name", FORMS)
def test_clean_twins_are_silent(tmp_path: Path, name: str) -> None:
    form, polygons = FORMS[name]
    objects = drawn_objects(N_IMAGES, edge=20)
    assert {each.name for found in objects.values() for each in found} == set(CLASSES)
    if polygons:
        objects = {key: [polygon(each, crossed=False) for each in found] for key, found in objects.items()}
    assert set(found_by(DrawnInAny(tmp_path, form, objects).write())) == set()
