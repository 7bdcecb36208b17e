"""Pascal VOC: an XML file an image, boxes by their corners in pixels, counted from 1."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from datacheck.manifest import Unit
from datacheck.sources.annotations.base import LabelFileFormat, ParsedFile, ParsedObject, WriteRequest, file_name_of
from datacheck.sources.annotations.xml import number_in, parse_xml


def parse(data: bytes) -> ParsedFile:
    """Read one annotation file.

    Examples
    --------
    >>> xml = b"<annotation><object><name>cup</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax>"
    >>> parse(xml + b"</bndbox></object></annotation>").objects[0].box
    (1.0, 2.0, 9.0, 8.0)
    """
    root = parse_xml(data)
    if isinstance(root, str):
        return ParsedFile.unreadable(root)
    if root.tag != "annotation":
        return ParsedFile.unreadable(f"expected the element <annotation>, found <{root.tag}>")
    size = root.find("size")
    width, height = number_in(size, "width"), number_in(size, "height")
    file = ParsedFile(width=None if width is None else int(width), height=None if height is None else int(height))
    file.image = file_name_of(root.findtext("filename") or "")
    for number, element in enumerate(root.iter("object"), start=1):
        found = _object(element, number)
        if isinstance(found, ParsedObject):
            file.objects.append(found)
        else:
            file.problems.append((number, found))
    return file


def _object(element: Element, number: int) -> ParsedObject | str:
    name = (element.findtext("name") or "").strip()
    if not name:
        return "expected a class in <name>, found none"
    corners = [number_in(element.find("bndbox"), word) for word in ("xmin", "ymin", "xmax", "ymax")]
    left, top, right, bottom = corners
    if left is None or top is None or right is None or bottom is None:
        return f"expected four numbers in <bndbox>, found {_corner_text(element)}"
    return ParsedObject(
        name, (left, top, right, bottom), number, difficult=(element.findtext("difficult") or "0").strip() == "1"
    )


def _corner_text(element: Element) -> str:
    box = element.find("bndbox")
    return "no <bndbox>" if box is None else repr(" ".join((child.text or "") for child in box)[:60])


def write(request: WriteRequest) -> bytes:
    """Write one annotation file; the boxes are in pixels."""
    root = Element("annotation")
    SubElement(root, "filename").text = request.image
    size = SubElement(root, "size")
    for name, value in (("width", request.width), ("height", request.height), ("depth", 3)):
        SubElement(size, name).text = str(value)
    for each in request.objects:
        element = SubElement(root, "object")
        SubElement(element, "name").text = each.name
        SubElement(element, "difficult").text = str(int(each.difficult))
        box = SubElement(element, "bndbox")
        for name, corner in zip(("xmin", "ymin", "xmax", "ymax"), each.box, strict=True):
            SubElement(box, name).text = f"{corner:.10g}"
    indent(root)
    return bytes(tostring(root, encoding="utf-8")) + b"\n"


FORMAT = LabelFileFormat("Pascal VOC", "xml", Unit.PIXELS, parse, write, place="object")
