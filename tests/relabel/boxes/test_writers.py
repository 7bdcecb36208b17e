"""Corrected annotation files hold exactly the decided objects, and every other byte stays as it was."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.outlines import area, bounds
from datacheck.relabel.boxes.writers import coco, cvat, labelme, voc, yolo
from datacheck.relabel.boxes.writers.base import Added, Change, ImageEdits, in_style, is_rectangle
from datacheck.sources.annotations import labelme as labelme_source
from datacheck.sources.annotations import voc as voc_source
from datacheck.sources.annotations import yolo as yolo_source

SIZE = 200
NAMES = ("cup", "a<b & 'c'", "große Kiste", "3")
FEW = settings(max_examples=40, deadline=None)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Thing:
    """An object with whole pixels, and what becomes of it."""

    name: str
    box: Box
    new_name: str | None = None
    new_box: Box | None = None
    deleted: bool = False

    @property
    def after(self) -> Thing:
        return Thing(self.new_name or self.name, self.new_box or self.box)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """A box of whole pixels."""
    left, top = draw(st.integers(0, SIZE - 20)), draw(st.integers(0, SIZE - 20))
    width, height = draw(st.integers(1, SIZE - left)), draw(st.integers(1, SIZE - top))
    return (float(left), float(top), float(left + width), float(top + height))


@st.composite
def things(draw: st.DrawFn, names: tuple[str, ...] = NAMES) -> Thing:
    """An object that is kept, deleted, moved, or gets another class."""
    name, box = draw(st.sampled_from(names)), draw(boxes())
    if draw(st.booleans()):
        return Thing(name, box)
    if draw(st.booleans()):
        return Thing(name, box, deleted=True)
    others = st.sampled_from([other for other in names if other != name])
    return Thing(name, box, draw(st.none() | others), draw(st.none() | boxes()))


added_things = st.lists(st.builds(Thing, st.sampled_from(NAMES), boxes()), max_size=2)


def edits(
    found: list[Thing], added: list[Thing], written: Callable[[str], str] = str, scale: float = 1.0, uri: str = "a.jpg",
    lines: list[int] | None = None,
) -> ImageEdits:  # fmt: skip
    """Return the edits of an image whose objects stand at these lines."""

    def scaled(box: Box | None) -> Box | None:
        return None if box is None else tuple(side / scale for side in box)  # type: ignore[return-value]

    changes = [
        Change(line, written(each.name), scaled(each.box) or each.box,
               None if each.new_name is None else written(each.new_name), scaled(each.new_box), each.deleted)
        for line, each in zip(lines or range(1, len(found) + 1), found, strict=True)
        if each.new_name or each.new_box or each.deleted
    ]  # fmt: skip
    return ImageEdits(
        uri, (SIZE, SIZE), tuple(changes),
        tuple(Added(written(each.name), scaled(each.box) or each.box) for each in added),
    )  # fmt: skip


def remaining(found: list[Thing], added: list[Thing]) -> list[Thing]:
    return [each.after for each in found if not each.deleted] + added


class TestYolo:
    @FEW
    @given(
        st.lists(things(), max_size=5), added_things,
        st.sampled_from(["\n", "\r\n"]), st.sampled_from([" ", "\t", "  "]), st.booleans(), st.booleans(),
        st.sampled_from(["{:.6f}", "{:.8f}", "{:.10g}"]),
    )  # fmt: skip
    def test_only_the_lines_of_corrected_objects_change(
        self, found: list[Thing], added: list[Thing], end: str, gap: str, mark: bool, ends: bool, style: str
    ) -> None:
        lines = [self.line(each, gap, style) for each in found]
        lines[len(lines) // 2 : len(lines) // 2] = [""] if len(lines) > 1 else []  # a blank line counts
        numbers = [number for number, line in enumerate(lines, start=1) if line]
        content = self.content(lines, end, mark, ends)
        given_objects = {each.line: each for each in yolo_source.parse(content).objects}
        wanted = edits(found, added, lambda name: str(NAMES.index(name)), SIZE, lines=numbers)
        exact = tuple(replace(each, box=given_objects[each.line].box) for each in wanted.changes)
        written = yolo.write(content, [replace(wanted, changes=exact)])
        if not exact and not added:
            assert written == content
        gone = {each.line for each in exact if each.deleted}
        touched = {each.line for each in exact}
        kept = [line for number, line in enumerate(lines, start=1) if number not in gone]
        after = written.decode("utf-8-sig").splitlines()
        for line, new, number in zip(kept, after, (n for n in range(1, len(lines) + 1) if n not in gone), strict=False):
            assert number in touched or new == line
        objects = yolo_source.parse(written).objects
        assert [each.name for each in objects] == [str(NAMES.index(each.name)) for each in remaining(found, added)]
        for one, two in zip(objects, remaining(found, added), strict=True):
            assert one.box == pytest.approx([side / SIZE for side in two.box], abs=2e-6)

    @staticmethod
    def line(each: Thing, gap: str, style: str) -> str:
        left, top, right, bottom = (side / SIZE for side in each.box)
        numbers = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        return gap.join([str(NAMES.index(each.name)), *(style.format(number) for number in numbers)])

    @staticmethod
    def content(lines: list[str], end: str, mark: bool, ends: bool) -> bytes:
        text = end.join(lines) + (end if ends and lines else "")
        return (b"\xef\xbb\xbf" if mark else b"") + text.encode()

    def test_a_polygon_keeps_its_points_when_its_class_changes(self) -> None:
        content = b"0 0.1 0.1 0.5 0.1 0.3 0.6\n1 0.2 0.2 0.4 0.2 0.4 0.4 0.2 0.4\n"
        change = Change(1, "0", (0.1, 0.1, 0.5, 0.6), new_name="2")
        assert yolo.write(content, [ImageEdits("a", (9, 9), (change,))]) == content.replace(b"0 0.1 0.1", b"2 0.1 0.1")

    def test_a_rectangle_of_four_points_moves_and_a_new_box_is_written_like_it(self) -> None:
        content = b"1 0.2 0.2 0.4 0.2 0.4 0.4 0.2 0.4\n"
        change = Change(1, "1", (0.2, 0.2, 0.4, 0.4), new_box=(0.2, 0.1, 0.5, 0.4))
        written = yolo.write(content, [ImageEdits("a", (9, 9), (change,), (Added("0", (0.5, 0.5, 0.75, 1.0)),))])
        assert written == b"1 0.2 0.1 0.5 0.1 0.5 0.4 0.2 0.4\n0 0.5 0.5 0.75 0.5 0.75 1.0 0.5 1.0\n"

    def test_what_follows_the_box_and_the_decimals_of_the_class_stay(self) -> None:
        change = Change(1, "1", (0.4, 0.4, 0.6, 0.6), new_name="2", new_box=(0.4, 0.4, 0.8, 0.6))
        written = yolo.write(b" 1.0 0.5 0.5 0.2 0.2 0.987 \n", [ImageEdits("a", (9, 9), (change,))])
        assert written == b" 2.0 0.6 0.5 0.4 0.2 0.987 \n"

    def test_a_file_that_changed_since_the_audit_is_refused(self) -> None:
        change = Change(1, "1", (0.4, 0.4, 0.6, 0.6), deleted=True)
        with pytest.raises(RelabelError, match=r"line 1: expected class '1' at .* found class '0' .* audit it again"):
            yolo.write(b"0 0.5 0.5 0.2 0.2\n", [ImageEdits("a", (9, 9), (change,))])


@st.composite
def voc_styles(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "indent": draw(st.sampled_from(["\n\t", "\n  ", "\r\n    ", ""])),
        "extra": draw(st.booleans()),
        "start": draw(st.sampled_from(["", "<?xml version='1.0' encoding='utf-8'?>\n", "\ufeff"])),
    }


def voc_text(found: list[Thing], style: dict[str, Any]) -> bytes:
    """Render a VOC file as the tools do."""
    unit = style["indent"]
    step = unit.lstrip("\r\n")
    end = unit[: len(unit) - len(step)]
    parts = [style["start"], "<annotation verified='yes'>", unit, "<filename>a &amp; b.jpg</filename>"]
    for each in found:
        fields = [("name", escape(each.name))]
        if style["extra"]:
            fields += [("pose", "Unspecified"), ("truncated", "0")]
        fields += [("difficult", "0")]
        parts += [unit, "<object>"] + [f"{unit + step}<{tag}>{text}</{tag}>" for tag, text in fields]
        parts += [unit + step, "<bndbox>"]
        for tag, side in zip(("xmin", "ymin", "xmax", "ymax"), each.box, strict=True):
            parts.append(f"{unit + step + step}<{tag}>{side:.0f}</{tag}>")
        parts += [unit + step, "</bndbox>", unit, "</object>"]
    return "".join([*parts, end, "</annotation>", end]).encode()


class TestVoc:
    @FEW
    @given(st.lists(things(), min_size=1, max_size=5), added_things, voc_styles())
    def test_the_file_is_as_if_it_had_been_written_with_the_corrections(
        self, found: list[Thing], added: list[Thing], style: dict[str, Any]
    ) -> None:
        written = voc.write(voc_text(found, style), [edits(found, added)])
        assert written == voc_text(remaining(found, added), style)

    @given(added_things, voc_styles())
    def test_objects_are_added_to_a_file_without_any(self, added: list[Thing], style: dict[str, Any]) -> None:
        content = voc_text([], style)
        written = voc.write(content, [edits([], added)])
        assert written == voc_text(added, {**style, "extra": False})

    def test_a_file_in_latin_1_stays_so(self) -> None:
        content = "<annotation><!-- é --><object><name>Kä</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax>"
        data = (content + "<ymax>5</ymax></bndbox></object></annotation>").encode("latin-1")
        (known,) = voc_source.parse(data).objects
        change = Change(1, known.name, known.box, new_name="Bö")
        assert voc.write(data, [ImageEdits("a", (9, 9), (change,))]) == data.replace(b"K\xe4", b"B\xf6")

    def test_numbers_with_decimals_keep_them(self) -> None:
        thing = Thing("cup", (1.0, 2.0, 9.0, 8.0))
        content = voc_text([thing], {"indent": "\n  ", "extra": False, "start": ""}).replace(b">9<", b">9.25<")
        change = Change(1, "cup", (1.0, 2.0, 9.25, 8.0), new_box=(1.5, 2.0, 9.25, 8.0))
        assert voc.write(content, [ImageEdits("a", (9, 9), (change,))]) == content.replace(b">1<", b">1.5<")


JSON_STYLES: list[dict[str, Any]] = [
    {},
    {"indent": 2},
    {"indent": "\t"},
    {"separators": (",", ":")},
    {"indent": 1, "separators": (" ,", " : ")},
    {"sort_keys": True, "ensure_ascii": False, "indent": 4},
]


def coco_value(images: list[list[Thing]], whole: bool, keys: list[str]) -> dict[str, Any]:
    """Return a COCO file's content; ``keys`` is the order of each annotation's."""
    annotations: list[dict[str, Any]] = []
    for number, found in enumerate(images):
        for each in found:
            annotations.append(coco_annotation(each, len(annotations) * 3 + 5, number, whole, keys))
    return {
        "info": {"description": 'a "quoted" {brace} ü'},
        "images": [{"id": f"i{n}", "file_name": f"{n}.jpg", "width": SIZE, "height": SIZE} for n in range(len(images))],
        "annotations": annotations,
        "categories": [{"id": 10 * code, "name": name} for code, name in enumerate(NAMES)],
    }


def coco_annotation(each: Thing, own: int, image: int, whole: bool, keys: list[str]) -> dict[str, Any]:
    left, top, right, bottom = each.box
    kind = int if whole else float
    values = {
        "id": own,
        "image_id": f"i{image}",
        "category_id": 10 * NAMES.index(each.name),
        "bbox": [kind(left), kind(top), kind(right - left), kind(bottom - top)],
        "area": kind((right - left) * (bottom - top)),
        "iscrowd": 0,
    }
    return {key: values[key] for key in keys}


class TestCoco:
    @FEW
    @given(
        st.lists(st.tuples(st.lists(things(), max_size=3), added_things), min_size=1, max_size=4),
        st.sampled_from(JSON_STYLES), st.booleans(),
        st.permutations(["id", "image_id", "category_id", "bbox", "area", "iscrowd"]),
    )  # fmt: skip
    def test_the_file_is_as_if_it_had_been_dumped_with_the_corrections(
        self, found: list[tuple[list[Thing], list[Thing]]], style: dict[str, Any], whole: bool, keys: list[str]
    ) -> None:
        before = coco_value([each for each, _ in found], whole, keys)
        ids = iter(each["id"] for each in before["annotations"])
        wanted = [
            edits(each, added, lambda name: str(10 * NAMES.index(name)), uri=f"train/{number}.jpg",
                  lines=[next(ids) for _ in each])
            for number, (each, added) in enumerate(found)
        ]  # fmt: skip
        written = coco.write(json.dumps(before, **style).encode(), wanted).decode()
        expected = json.dumps(self.corrected(before, found, whole, keys), **style)
        assert written == expected if before["annotations"] else json.loads(written) == json.loads(expected)

    @staticmethod
    def corrected(
        before: dict[str, Any], found: list[tuple[list[Thing], list[Thing]]], whole: bool, keys: list[str]
    ) -> dict[str, Any]:
        all_things = [(number, each) for number, (some, _) in enumerate(found) for each in some]
        annotations = [
            coco_annotation(each.after, old["id"], number, whole, keys)
            for old, (number, each) in zip(before["annotations"], all_things, strict=True)
            if not each.deleted
        ]
        largest = max((each["id"] for each in before["annotations"]), default=0)
        in_style_of_none = not before["annotations"]
        for number, (_, added) in enumerate(found):
            for each in added:
                largest += 1
                new = coco_annotation(each, largest, number, whole and not in_style_of_none, keys)
                annotations.append(new)
        if in_style_of_none:
            order = ["id", "image_id", "category_id", "bbox", "area", "iscrowd"]
            annotations = [{**{key: each[key] for key in order}, "segmentation": []} for each in annotations]
        return {**before, "annotations": annotations}

    def test_a_rectangular_region_moves_with_its_box_and_a_free_one_keeps_its_area(self) -> None:
        text = (
            '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 2, '
            '"bbox": [10, 10, 20, 20], "area": 123.5, "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]], "x": null}]}'
        )
        change = Change(1, "2", (10.0, 10.0, 30.0, 30.0), new_box=(10.0, 10.0, 40.0, 25.0))
        written = coco.write(text.encode(), [ImageEdits("a.jpg", (99, 99), (change,))]).decode()
        assert written == text.replace("[10, 10, 20, 20]", "[10, 10, 30, 15]").replace(
            "[[10, 10, 30, 10, 30, 30, 10, 30]]", "[[10, 10, 40, 10, 40, 25, 10, 25]]"
        )

    def test_a_class_that_the_file_does_not_have_is_refused(self) -> None:
        text = (
            b'{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}'
        )
        with pytest.raises(RelabelError, match="the file has no category with the id 2"):
            coco.write(text, [ImageEdits("a.jpg", (99, 99), added=(Added("2", (1.0, 1.0, 9.0, 9.0)),))])

    def test_an_annotation_that_is_gone_is_refused(self) -> None:
        text = b'{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}'
        change = Change(7, "2", (10.0, 10.0, 30.0, 30.0), deleted=True)
        with pytest.raises(RelabelError, match=r"annotation id 7: expected class '2' .* found nothing"):
            coco.write(text, [ImageEdits("a.jpg", (99, 99), (change,))])


class TestLabelMe:
    @FEW
    @given(st.lists(things(), max_size=4), added_things, st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}]))
    def test_the_file_is_as_if_it_had_been_dumped_with_the_corrections(
        self, found: list[Thing], added: list[Thing], style: dict[str, Any]
    ) -> None:
        def value(some: list[Thing]) -> dict[str, Any]:
            shapes = [
                {"label": each.name, "flags": {}, "points": [list(each.box[:2]), list(each.box[2:])],
                 "shape_type": "rectangle"}
                for each in some
            ]  # fmt: skip
            return {"version": "5.0.1", "shapes": shapes, "imageWidth": SIZE, "imageHeight": SIZE, "imagePath": "a.jpg"}

        content = json.dumps(value(found), ensure_ascii=False, **style).encode()
        written = labelme.write(content, [edits(found, added)])
        shown = [(each.name, each.box) for each in labelme_source.parse(written).objects]
        assert shown == [(each.name, each.box) for each in remaining(found, added)]
        if not added:
            assert written == json.dumps(value(remaining(found, [])), ensure_ascii=False, **style).encode()


@st.composite
def outlines(draw: st.DrawFn) -> tuple[float, ...]:
    """Corners of a polygon that does not cross itself, at whole pixels, its first point alone on the left."""
    angles = sorted(draw(st.sets(st.integers(0, 35), min_size=5, max_size=9)))
    radius = draw(st.integers(20, 90))
    corners = [(100 + radius * math.cos(each * math.pi / 18), 100 + radius * math.sin(each * math.pi / 18))
               for each in angles]  # fmt: skip
    return tuple(float(round(side)) for corner in corners for side in corner)


class TestOutlines:
    """A polygon that was drawn anew, with more or fewer corners; the others and all else stay."""

    @FEW
    @given(st.lists(outlines(), min_size=1, max_size=4), outlines(), st.data(), st.sampled_from(["{:.6f}", "{:.8f}"]))
    def test_yolo(
        self, found: list[tuple[float, ...]], new: tuple[float, ...], data: st.DataObject, style: str
    ) -> None:
        which = data.draw(st.integers(0, len(found) - 1))

        def content(shapes: list[tuple[float, ...]]) -> bytes:
            return "".join(
                " ".join(["2", *(style.format(side / SIZE) for side in each)]) + "\n" for each in shapes
            ).encode()

        box = yolo_source.parse(content(found)).objects[which].box
        points = tuple(side / SIZE for side in new)
        change = Change(which + 1, "2", box, new_box=bounds(points), new_points=points)
        added = Added("2", bounds(points), points)
        written = yolo.write(content(found), [ImageEdits("a.jpg", (SIZE, SIZE), (change,), (added,))])
        assert yolo_source.parse(written).objects[-1].points == pytest.approx(points, abs=1e-6)
        assert written.splitlines()[:-1] == content([*found[:which], new, *found[which + 1 :]]).splitlines()

    @FEW
    @given(st.lists(outlines(), min_size=1, max_size=4), outlines(), st.data(), st.sampled_from(JSON_STYLES))
    def test_coco(
        self, found: list[tuple[float, ...]], new: tuple[float, ...], data: st.DataObject, style: dict[str, Any]
    ) -> None:
        which = data.draw(st.integers(0, len(found) - 1))
        left, top, right, bottom = bounds(found[which])
        assume(area(found[which]) < 0.9 * (right - left) * (bottom - top))  # else the area is taken for the box's

        def content(shapes: list[tuple[float, ...]]) -> str:
            annotations = []
            for number, each in enumerate(shapes):
                left, top, right, bottom = bounds(each)
                annotations.append({
                    "segmentation": [list(each)], "area": round(area(each), 1), "iscrowd": 0, "image_id": 1,
                    "bbox": [left, top, right - left, bottom - top], "category_id": 1, "id": number, "own": "x",
                })  # fmt: skip
            images, categories = [{"id": 1, "file_name": "a.jpg"}], [{"id": 1, "name": "a"}]
            return json.dumps({"images": images, "annotations": annotations, "categories": categories}, **style)

        change = Change(which, "1", bounds(found[which]), new_box=bounds(new), new_points=new)
        written = coco.write(content(found).encode(), [ImageEdits("a.jpg", (SIZE, SIZE), (change,))]).decode()
        assert written == content([*found[:which], new, *found[which + 1 :]])

    @FEW
    @given(
        st.lists(outlines(), min_size=1, max_size=4), outlines(), st.data(),
        st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}]),
    )  # fmt: skip
    def test_labelme(
        self, found: list[tuple[float, ...]], new: tuple[float, ...], data: st.DataObject, style: dict[str, Any]
    ) -> None:
        which = data.draw(st.integers(0, len(found) - 1))

        def content(shapes: list[tuple[float, ...]]) -> bytes:
            value = [
                {"label": "cup", "points": [list(each[k : k + 2]) for k in range(0, len(each), 2)], "group_id": 3,
                 "shape_type": "polygon"}
                for each in shapes
            ]  # fmt: skip
            return json.dumps({"shapes": value, "imagePath": "a.jpg"}, **style).encode()

        change = Change(which + 1, "cup", bounds(found[which]), new_box=bounds(new), new_points=new)
        written = labelme.write(content(found), [ImageEdits("a.jpg", (SIZE, SIZE), (change,))])
        assert written == content([*found[:which], new, *found[which + 1 :]])
        added = ImageEdits("a.jpg", (SIZE, SIZE), added=(Added("cup", bounds(new), new),))
        last = labelme_source.parse(labelme.write(content(found), [added])).objects[-1]
        assert (last.shape, last.points) == ("polygon", new)


class TestCvat:
    @FEW
    @given(st.lists(st.tuples(st.lists(things(), max_size=3), added_things), min_size=1, max_size=3))
    def test_the_file_is_as_if_it_had_been_written_with_the_corrections(
        self, found: list[tuple[list[Thing], list[Thing]]]
    ) -> None:
        wanted = [edits(some, added, uri=f"x & y/{n}.jpg") for n, (some, added) in enumerate(found)]
        written = cvat.write(self.content([some for some, _ in found]), wanted)
        assert written == self.content([remaining(some, added) for some, added in found])

    @staticmethod
    def content(images: list[list[Thing]]) -> bytes:
        parts = ["<?xml version='1.0'?>\n<annotations>\n  <version>1.1</version>\n"]
        for number, found in enumerate(images):
            parts.append(
                f'  <image id="{number}" name={quoteattr(f"x & y/{number}.jpg")} width="{SIZE}" height="{SIZE}">'
            )
            for each in found:
                label = escape(each.name, {'"': "&quot;", "'": "&apos;"})
                sides = " ".join(
                    f'{name}="{side:.2f}"' for name, side in zip(("xtl", "ytl", "xbr", "ybr"), each.box, strict=True)
                )
                parts.append(f'\n    <box label="{label}" source="manual" occluded="0" {sides} z_order="0"></box>')
            parts.append("\n  </image>\n")
        return "".join([*parts, "</annotations>\n"]).encode()


def test_a_number_has_the_decimals_of_its_neighbours() -> None:
    assert in_style(10.5, ["3", "4"], 2, whole=True) == "11"
    assert in_style(10.456, ["3", "4.5"], 2, whole=True) == "10.46"
    assert in_style(10.0, ["3.125", "4.250"], 2) == "10.000"
    assert in_style(1 / 3, [], 6) == "0.333333"


@pytest.mark.parametrize(
    ("points", "is_one"),
    [
        ([0, 0, 4, 0, 4, 2, 0, 2], True),
        ([0, 2, 0, 0, 4, 0, 4, 2], True),
        ([0, 0, 4, 0, 4, 2, 0, 2, 0, 0], True),
        ([0, 0, 4, 2, 4, 0, 0, 2], False),
        ([0, 0, 0, 0, 4, 2, 4, 2], False),
        ([2, 0, 4, 1, 2, 2, 0, 1], False),
    ],
)
def test_only_the_outline_of_a_box_is_moved_with_it(points: list[float], is_one: bool) -> None:
    assert is_rectangle(points, (0, 0, 4, 2), 0.0) is is_one
