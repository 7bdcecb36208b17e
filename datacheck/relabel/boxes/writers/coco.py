"""COCO: the values of the annotations that are corrected, in the file's own spacing and order of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.outlines import area
from datacheck.relabel.boxes.writers.base import (
    PIXEL_DECIMALS,
    ROUNDED_PIXELS,
    Added,
    Change,
    ImageEdits,
    Replacement,
    check_given,
    corners_of,
    in_style,
    mapped,
    replaced,
    respelled,
)
from datacheck.relabel.boxes.writers.coco_images import image_uris
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
from datacheck.sources.annotations.base import Box, ParsedObject

_AREA_TOLERANCE = 0.01
"""An area within 1 % of width times height is that of the box, and follows it."""


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    """Return a COCO file with corrected annotations; every other value, key and space stays as it is.

    Examples
    --------
    >>> text = '''{"images": [{"id": 4, "file_name": "a.jpg"}], "categories": [{"id": 2, "name": "jar"}],
    ...   "annotations": [
    ...   {"id": 7, "image_id": 4, "category_id": 1, "bbox": [1, 2, 8, 6], "area": 48}]}'''
    >>> change = Change(7, "1", (1.0, 2.0, 9.0, 8.0), new_name="2")
    >>> found = write(text.encode(), [ImageEdits("a.jpg", (20, 20), (change,))]).decode()
    >>> found == text.replace('"category_id": 1', '"category_id": 2')
    True
    """
    try:
        file = _File.of(json_text(content, "the COCO file"), images)
    except (ValueError, IndexError, KeyError, RecursionError) as error:
        raise RelabelError(f"expected a COCO file as in the audit, found: {error}; audit it again") from error
    _check_categories(file, images)
    edits: list[Replacement] = []
    removed = set()
    for number, change in file.touched():
        if change.deleted:
            removed.add(number)
        else:
            edits += _changed(file.text, file.items[number], change)
    new = [one for image in images for one in file.new_annotations(image)]
    edits += without(file.items, removed, None if new else (file.annotations.start + 1, file.annotations.end - 1))
    if new:
        joined = separator(file.text, file.annotations.start, file.items).join(new)
        edits.append(appended(file.text, file.annotations.start, file.annotations.end, file.items, removed, joined))
    written = replaced(file.text, edits).encode()
    _check(file, written, removed, len(new))
    return written


def _check_categories(file: _File, images: Sequence[ImageEdits]) -> None:
    """Raise where a new class is not one of the file: of several files each has its own list."""
    known = {str(each.get("id")) for each in file.categories if isinstance(each, dict)}
    wanted = {change.new_name for image in images for change in image.changes if change.new_name is not None}
    missing = sorted((wanted | {each.name for image in images for each in image.added}) - known)
    if missing:
        raise RelabelError(
            f"the file has no category with the id {missing[0]}: add it to 'categories', and audit again"
        )


@dataclass
class _File:
    """The text of a COCO file, where its annotations stand, and which of them are to be corrected."""

    text: str
    annotations: Value
    items: list[Value]
    image_ids: Mapping[str, list[Any]]
    images: Sequence[ImageEdits]
    categories: Sequence[Any]
    next_id: int = field(default=1)

    @classmethod
    def of(cls, text: str, images: Sequence[ImageEdits]) -> _File:
        lists = members(text, top(text))
        annotations = lists["annotations"]
        items = list(elements(text, annotations.start))
        names = [str(each.get("file_name", "")) for each in lists["images"].value]
        image_ids: dict[str, list[Any]] = {}
        for uri, each in zip(image_uris(names, {edit.uri for edit in images}), lists["images"].value, strict=True):
            image_ids.setdefault(uri, []).append(each.get("id"))
        ids = [item.value.get("id") for item in items if isinstance(item.value, dict)]
        categories = lists["categories"].value if "categories" in lists else []
        largest = max((number for number in ids if isinstance(number, int)), default=0)
        return cls(text, annotations, items, image_ids, images, categories, largest + 1)

    def touched(self) -> Iterator[tuple[int, Change]]:
        """Yield each annotation that changes: its place in the list, and what becomes of it."""
        wanted: dict[tuple[Any, int], tuple[ImageEdits, Change]] = {}
        for image in self.images:
            for change in image.changes:
                for image_id in self.image_ids.get(image.uri, ()):
                    wanted[image_id, change.line] = (image, change)
        found: set[int] = set()
        for number, item in enumerate(self.items):
            value = item.value if isinstance(item.value, dict) else {}
            own = value.get("id")
            line = own if isinstance(own, int) else number + 1
            key = value.get("image_id")
            if not isinstance(key, int | str) or (key, line) not in wanted:
                continue
            image, change = wanted[key, line]
            check_given(change, _as_object(value, line), f"image {image.uri!r}, annotation id")
            found.add(id(change))
            yield number, change
        for image in self.images:
            for change in image.changes:
                if id(change) not in found:
                    check_given(change, None, f"image {image.uri!r}, annotation id")

    def new_annotations(self, image: ImageEdits) -> Iterator[str]:
        """Yield the text of each new annotation of an image."""
        for added in image.added:
            ids = self.image_ids.get(image.uri)
            if not ids:
                raise RelabelError(f"image {image.uri!r} is not in the COCO file: add it to 'images' first")
            yield _new(self.text, self.items, added, ids[0], self.next_id)
            self.next_id += 1


def _as_object(value: Mapping[str, Any], line: int) -> ParsedObject | None:
    box = value.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(isinstance(side, int | float) for side in box):
        return None
    left, top_, width, height = (float(side) for side in box)
    return ParsedObject(str(value.get("category_id")), (left, top_, left + width, top_ + height), line)


def _extent(box: Box) -> list[float]:
    left, top_, right, bottom = box
    return [left, top_, right - left, bottom - top_]


def _changed(text: str, item: Value, change: Change) -> list[Replacement]:
    found = members(text, item.start)
    edits = []
    if change.new_name is not None:
        place = found["category_id"]
        edits.append(Replacement(place.start, place.end, change.new_name))
    if change.new_box is not None:
        box = found["bbox"]
        edits += _numbers(text, box, _extent(change.new_box))
        if "area" in found:
            edits += _area(text, found["area"], change)
        region = found.get("segmentation")
        if region is not None and region.value and isinstance(region.value, list):
            outline = list(change.new_points) or mapped(region.value[0], change.box, change.new_box)
            edits += _numbers(text, region, outline)
    return edits


def _numbers(text: str, place: Value, values: Sequence[float]) -> list[Replacement]:
    """Replace the numbers of a list that change."""
    return respelled(text, numbers(text, place.start, place.end), values, PIXEL_DECIMALS, whole=True)


def _area(text: str, place: Value, change: Change) -> list[Replacement]:
    """Replace the area where it was that of the box, or the outline is another one."""
    assert change.new_box is not None
    _, _, width, height = _extent(change.box)
    if not isinstance(place.value, int | float):
        return []
    of_box = abs(place.value - width * height) <= _AREA_TOLERANCE * abs(width * height)
    if not of_box and not change.new_points:
        return []
    _, _, width, height = _extent(change.new_box)
    new = width * height if of_box else area(change.new_points)
    old = text[place.start : place.end]
    return [Replacement(place.start, place.end, in_style(new, [old], PIXEL_DECIMALS, whole=True))]


def _new(text: str, items: Sequence[Value], added: Added, image_id: Any, number: int) -> str:
    """Return the text of a new annotation, in the style of the last one."""
    extent = _extent(added.box)
    like = next((each for each in reversed(items) if isinstance(each.value, dict) and each.value.get("bbox")), None)
    if like is None:
        sides = ", ".join(in_style(side, [], PIXEL_DECIMALS) for side in extent)
        return (
            f'{{"id": {number}, "image_id": {json.dumps(image_id)}, "category_id": {added.name}, "bbox": [{sides}], '
            f'"area": {in_style(extent[2] * extent[3], [], PIXEL_DECIMALS)}, "iscrowd": 0, "segmentation": []}}'
        )
    found = members(text, like.start)
    old = numbers(text, found["bbox"].start, found["bbox"].end)
    box = text[found["bbox"].start : found["bbox"].end]
    shift = found["bbox"].start
    written = [in_style(side, [each[0] for each in old], PIXEL_DECIMALS, whole=True) for side in extent]
    places = [
        Replacement(each.start() - shift, each.end() - shift, new) for each, new in zip(old, written, strict=True)
    ]
    region = found.get("segmentation")
    regions = region is not None and region.value and isinstance(region.value, list)
    outline = [list(added.points) or corners_of(added.box)] if regions else []
    like_area = text[found["area"].start : found["area"].end] if "area" in found else ""
    size = area(added.points) if regions and added.points else extent[2] * extent[3]
    values = {
        "id": str(number),
        "image_id": json.dumps(image_id, ensure_ascii=False),
        "category_id": added.name,
        "bbox": replaced(box, places),
        "area": in_style(size, [like_area], PIXEL_DECIMALS, whole=True),
        "iscrowd": "0",
        "segmentation": json.dumps([[round(side, PIXEL_DECIMALS) for side in each] for each in outline]),
    }
    return in_shape_of(text, like, values)


_MAY_CHANGE = frozenset({"category_id", "bbox", "area", "segmentation"})


def _check(file: _File, written: bytes, removed: set[int], n_new: int) -> None:
    """Raise where anything but the corrected annotations differs."""
    text = written.decode()
    after = members(text, top(text))
    before = members(file.text, top(file.text))
    changed = {number: change for number, change in file.touched() if not change.deleted}
    kept = [(number, item.value) for number, item in enumerate(file.items) if number not in removed]
    found = after["annotations"].value
    same = len(found) == len(kept) + n_new and list(before) == list(after)
    same = same and all(before[key].value == after[key].value for key in before if key != "annotations")
    for (number, old), new in zip(kept, found, strict=False):
        same = same and (_is_as_decided(old, new, changed[number]) if number in changed else old == new)
    if not same:
        raise RelabelError("the COCO file could not be corrected without other changes")


def _is_as_decided(old: Mapping[str, Any], new: Mapping[str, Any], change: Change) -> bool:
    found, box = _as_object(new, change.line), change.new_box or change.box
    reach = ROUNDED_PIXELS * 2 if change.new_box is not None else 0.0  # corner and side are rounded
    return (
        found is not None
        and list(old) == list(new)
        and all(old[key] == new[key] for key in old if key not in _MAY_CHANGE)
        and found.name == (change.new_name or change.given)
        and all(abs(one - two) <= reach for one, two in zip(found.box, box, strict=True))
        and (not change.new_points or _is_outline(new.get("segmentation"), change.new_points))
    )


def _is_outline(region: Any, wanted: Sequence[float]) -> bool:
    found = region[0] if isinstance(region, list) and len(region) == 1 else []
    return len(found) == len(wanted) and all(
        abs(one - two) <= ROUNDED_PIXELS for one, two in zip(found, wanted, strict=True)
    )
