"""LabelMe: the shapes that are corrected, in the file's own spacing and order of keys."""

from __future__ import annotations

import json
from collections.abc import Sequence

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.writers.base import (
    PIXEL_DECIMALS,
    ROUNDED_PIXELS,
    Added,
    Change,
    ImageEdits,
    Replacement,
    check_given,
    check_result,
    in_style,
    mapped,
    replaced,
    respelled,
)
from datacheck.relabel.boxes.writers.json_places import (
    Value,
    appended,
    elements,
    in_shape_of,
    json_text,
    members,
    numbers,
    separator,
    top,
    without,
)
from datacheck.sources.annotations.base import ParsedObject
from datacheck.sources.annotations.labelme import parse


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    """Return a LabelMe file with corrected shapes; every other value, key and space stays as it is.

    Examples
    --------
    >>> text = b'{"shapes": [{"label": "cup", "points": [[1, 2], [9, 8]], "shape_type": "rectangle"}]}'
    >>> change = Change(1, "cup", (1.0, 2.0, 9.0, 8.0), new_name="jar")
    >>> write(text, [ImageEdits("a.jpg", (20, 20), (change,))]) == text.replace(b"cup", b"jar")
    True
    """
    (edits,) = images
    before = parse(content)
    objects = {each.line: each for each in before.objects}
    try:
        text = json_text(content, f"the annotation file of {edits.uri!r}")
        shapes = members(text, top(text))["shapes"]
    except (ValueError, IndexError, KeyError, RecursionError) as error:
        raise RelabelError(f"the annotation file of {edits.uri!r}: expected LabelMe's JSON, found: {error}") from error
    items = list(elements(text, shapes.start))
    places: list[Replacement] = []
    for change in edits.changes:
        found = objects.get(change.line)
        check_given(change, found, f"the annotation file of {edits.uri!r}, shape")
        if not change.deleted and found is not None:
            places += _changed(text, items[change.line - 1], change, found)
    removed = {change.line - 1 for change in edits.changes if change.deleted}
    places += without(items, removed, None if edits.added else (shapes.start + 1, shapes.end - 1))
    if edits.added:
        new = separator(text, shapes.start, items).join(_new(text, items, each) for each in edits.added)
        places.append(appended(text, shapes.start, shapes.end, items, removed, new))
    written = replaced(text, places).encode()
    check_result(before, parse(written), edits, ROUNDED_PIXELS)
    return written


def _changed(text: str, item: Value, change: Change, found: ParsedObject) -> list[Replacement]:
    parts = members(text, item.start)
    edits = []
    if change.new_name is not None:
        label = parts["label"]
        edits.append(Replacement(label.start, label.end, json.dumps(change.new_name, ensure_ascii=False)))
    if change.new_box is not None:
        points = parts["points"]
        old = numbers(text, points.start, points.end)
        values = list(change.new_points) or mapped([float(each[0]) for each in old], found.box, change.new_box)
        edits += respelled(text, old, values, PIXEL_DECIMALS)
    return edits


def _new(text: str, items: Sequence[Value], added: Added) -> str:
    numbers_of = [in_style(side, [], PIXEL_DECIMALS) for side in added.points or added.box]
    corners = (f"[{x}, {y}]" for x, y in zip(numbers_of[0::2], numbers_of[1::2], strict=True))
    values = {
        "label": json.dumps(added.name, ensure_ascii=False),
        "points": f"[{', '.join(corners)}]",
        "group_id": "null",
        "shape_type": '"polygon"' if added.points else '"rectangle"',
        "flags": "{}",
    }
    if items:
        found = members(text, items[-1].start)
        if "shape_type" in found:  # without it, two points are no rectangle
            return in_shape_of(text, items[-1], values)
    return "{" + ", ".join(f'"{key}": {value}' for key, value in values.items()) + "}"
