"""Pascal VOC: the elements that are corrected, in the file's own indentation."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.writers.base import (
    PIXEL_DECIMALS,
    ROUNDED_PIXELS,
    Added,
    Change,
    ImageEdits,
    check_given,
    check_result,
    in_style,
)
from datacheck.relabel.boxes.writers.xml_places import Element, XmlText
from datacheck.sources.annotations.base import Box
from datacheck.sources.annotations.voc import parse
from datacheck.sources.annotations.xml import parse_xml

_CORNERS = ("xmin", "ymin", "xmax", "ymax")

_FIELDS = {"name": "", "pose": "Unspecified", "truncated": "0", "occluded": "0", "difficult": "0", "bndbox": ""}
"""Elements that a new object gets where the others have them, and what is in them."""

_PLAIN = ("name", "difficult", "bndbox")
"""Elements of a new object in a file without others."""

Edit = tuple[int, int, str]


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    """Return an annotation file with corrected objects; all other bytes stay as they are.

    Examples
    --------
    >>> xml = b"<annotation><object><name>cup</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax>"
    >>> change = Change(1, "cup", (1.0, 2.0, 9.0, 8.0), new_box=(1.0, 2.0, 7.6, 8.0))
    >>> found = write(xml + b"</bndbox></object></annotation>", [ImageEdits("a.jpg", (20, 20), (change,))])
    >>> found == xml.replace(b"9", b"8") + b"</bndbox></object></annotation>"
    True
    """
    (edits,) = images
    before = parse(content)
    _refuse_unreadable(content, edits.uri)
    xml = XmlText.of(content)
    elements = dict(enumerate(xml.root.descendants("object"), start=1))
    objects = {each.line: each for each in before.objects}
    places: list[Edit] = []
    for change in edits.changes:
        check_given(change, objects.get(change.line), f"the annotation file of {edits.uri!r}, object")
        places += _changed(xml, elements[change.line], change)
    last = elements[max(elements)] if elements else None
    if edits.added:
        at = last.end if last is not None else _end_of_content(xml)
        places.append((at, at, "".join(_new_object(xml, last, each) for each in edits.added)))
    written = xml.replaced(places)
    check_result(before, parse(written), edits, ROUNDED_PIXELS)
    return written


def _refuse_unreadable(content: bytes, uri: str) -> None:
    problem = parse_xml(content)
    if isinstance(problem, str):
        raise RelabelError(f"the annotation file of {uri!r}: {problem}")


def _changed(xml: XmlText, element: Element, change: Change) -> list[Edit]:
    if change.deleted:
        return [(xml.leading_space(element), element.end, "")]
    edits = []
    name, box = element.child("name"), element.child("bndbox")
    if change.new_name is not None and name is not None:
        edits.append(_inside(xml, name, escape(change.new_name)))
    if change.new_box is not None and box is not None:
        corners = [(corner, box.child(corner)) for corner in _CORNERS]
        like = [xml.text(child).strip() for _, child in corners if child is not None]
        for (_, child), value in zip(corners, change.new_box, strict=True):
            assert child is not None, "the object could be read"
            if abs(float(xml.text(child)) - value) >= 0.1**PIXEL_DECIMALS:
                edits.append(_inside(xml, child, in_style(value, like, PIXEL_DECIMALS, whole=True)))
    return edits


def _inside(xml: XmlText, element: Element, text: str) -> Edit:
    """Replace what an element holds, without the white space around it."""
    old = xml.data[element.inner : element.inner_end]
    start = element.inner + len(old) - len(old.lstrip())
    return (start, start + len(old.strip()), text)


def _end_of_content(xml: XmlText) -> int:
    """Return where the last element below the root ends."""
    return xml.root.children[-1].end if xml.root.children else xml.root.inner


def _new_object(xml: XmlText, like: Element | None, added: Added) -> str:
    """Return a new object in the indentation of another one, or of the root's children where there is none."""
    before = _indent(xml, like if like is not None else next(iter(xml.root.children), None), "")
    unit = _unit(xml)
    inside = before + unit if before else ""
    fields = [each.tag for each in like.children if each.tag in _FIELDS] if like is not None else list(_PLAIN)
    parts = []
    for tag in dict.fromkeys(fields):
        content = escape(added.name) if tag == "name" else _FIELDS[tag]
        if tag == "bndbox":
            content = _corners(xml, like, added.box, inside + unit if inside else "") + inside
        parts.append(f"{inside}<{tag}>{content}</{tag}>")
    return f"{before}<object>{''.join(parts)}{before}</object>"


def _indent(xml: XmlText, element: Element | None, otherwise: str) -> str:
    return otherwise if element is None else xml.indent(element)


def _unit(xml: XmlText) -> str:
    """Return one step of indentation: what the root's children have beyond the root."""
    first = next(iter(xml.root.children), None)
    return "" if first is None else xml.indent(first).rpartition("\n")[2]


def _corners(xml: XmlText, like: Element | None, box: Box, before: str) -> str:
    values = dict(zip(_CORNERS, box, strict=True))
    old = None if like is None else like.child("bndbox")
    order = [each.tag for each in old.children if each.tag in values] if old is not None else list(_CORNERS)
    numbers = ["1"] if old is None else [xml.text(each).strip() for each in old.children if each.tag in values]
    return "".join(
        f"{before}<{tag}>{in_style(values[tag], numbers, PIXEL_DECIMALS, whole=True)}</{tag}>"
        for tag in dict.fromkeys(order)
    )
