"""CVAT for images 1.1: the attributes of the shapes that are corrected."""

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
from datacheck.sources.annotations.base import ParsedFile
from datacheck.sources.annotations.xml import parse_xml
from datacheck.sources.cvat_folder import NOT_SHAPES, of_image, parse_images

_CORNERS = ("xtl", "ytl", "xbr", "ybr")

Edit = tuple[int, int, str]


def write(content: bytes, images: Sequence[ImageEdits]) -> bytes:
    """Return an annotation file with corrected shapes; all other bytes stay as they are.

    Examples
    --------
    >>> shape = b'<box label="cup" xtl="1.00" ytl="2.00" xbr="9.00" ybr="8.00"/>'
    >>> xml = b'<annotations><image name="a.jpg" width="20" height="20">' + shape + b"</image></annotations>"
    >>> change = Change(1, "cup", (1.0, 2.0, 9.0, 8.0), new_box=(1.0, 2.0, 7.5, 8.0))
    >>> write(xml, [ImageEdits("a.jpg", (20, 20), (change,))]) == xml.replace(b"9.00", b"7.50")
    True
    """
    before = _parsed(content)
    xml = XmlText.of(content)
    by_name = {
        xml.data[slice(*xml.attributes(each)["name"])].decode(): each
        for each in xml.root.descendants("image")
        if "name" in xml.attributes(each)
    }
    elements = {escape_back(name): each for name, each in by_name.items()}
    places: list[Edit] = []
    for edits in images:
        element, file = of_image(elements, edits.uri), of_image(before, edits.uri)
        if element is None or file is None:
            raise RelabelError(f"expected image {edits.uri!r} in CVAT's file as in the audit: audit it again")
        places += _image_edits(xml, element, file, edits)
    written = xml.replaced(places)
    after = _parsed(written)
    for edits in images:
        one, two = of_image(before, edits.uri), of_image(after, edits.uri)
        assert one is not None
        assert two is not None
        check_result(one, two, edits, ROUNDED_PIXELS)
    return written


def _parsed(content: bytes) -> dict[str, ParsedFile]:
    tree = parse_xml(content)
    if isinstance(tree, str):
        raise RelabelError(f"CVAT's file: {tree}")
    return parse_images(tree)


def escape_back(text: str) -> str:
    """Return the text that an attribute stands for.

    Examples
    --------
    >>> escape_back("a &amp; b.jpg")
    'a & b.jpg'
    """
    tree = parse_xml(f'<a b="{text.replace(chr(34), "&quot;")}"/>'.encode())
    return text if isinstance(tree, str) else tree.get("b", "")


def _image_edits(xml: XmlText, element: Element, file: ParsedFile, edits: ImageEdits) -> list[Edit]:
    objects = {each.line: each for each in file.objects}
    shapes = [each for each in element.children if each.tag not in NOT_SHAPES]
    places: list[Edit] = []
    for change in edits.changes:
        check_given(change, objects.get(change.line), f"image {edits.uri!r}, shape")
        places += _changed(xml, shapes[change.line - 1], change)
    if edits.added:
        like = shapes[-1] if shapes else None
        new = "".join(_new(xml, element, like, each) for each in edits.added)
        if like is not None:
            places.append((like.end, like.end, new))
        else:
            places.append(_into_empty(xml, element, new))
    return places


def _changed(xml: XmlText, shape: Element, change: Change) -> list[Edit]:
    if change.deleted:
        return [(xml.leading_space(shape), shape.end, "")]
    where = xml.attributes(shape)
    edits: list[Edit] = []
    if change.new_name is not None:
        edits.append((*where["label"], _attribute(change.new_name)))
    if change.new_box is not None:
        if shape.tag != "box":
            raise RelabelError(f"shape {change.line} is no box: a {shape.tag} is drawn anew in CVAT")
        old = [xml.data[slice(*where[name])].decode() for name in _CORNERS]
        for name, was, value in zip(_CORNERS, old, change.new_box, strict=True):
            if abs(float(was) - value) >= 0.1**PIXEL_DECIMALS:
                edits.append((*where[name], in_style(value, old, PIXEL_DECIMALS)))
    return edits


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;", "'": "&apos;"})


def _new(xml: XmlText, image: Element, like: Element | None, added: Added) -> str:
    own = xml.indent(image)
    step = own.rpartition("\n")[2]
    before = xml.indent(like) if like is not None else own + step if own else ""
    corners = " ".join(
        f'{name}="{in_style(side, ["0.00"], PIXEL_DECIMALS)}"' for name, side in zip(_CORNERS, added.box, strict=True)
    )
    return f'{before}<box label="{_attribute(added.name)}" source="manual" occluded="0" {corners} z_order="0"></box>'


def _into_empty(xml: XmlText, image: Element, new: str) -> Edit:
    """Return what puts shapes into an image without any; ``<image/>`` gets an end tag."""
    tag = xml.data[image.start : image.inner].decode()
    if tag.endswith("/>"):
        return (image.start, image.inner, f"{tag[:-2].rstrip()}>{new}{xml.indent(image)}</image>")
    if image.children:  # tags alone
        return (image.children[-1].end, image.children[-1].end, new)
    return (image.inner, image.inner_end, new + xml.indent(image))
