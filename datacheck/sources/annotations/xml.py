"""Reading XML that strangers wrote: no entity is ever expanded."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring


def parse_xml(data: bytes) -> Element | str:
    r"""Return the root element, or what is wrong with the file.

    A document that declares entities is refused: a few lines of them can fill the memory.

    Examples
    --------
    >>> parse_xml(b"<a><b>1</b></a>").tag
    'a'
    >>> parse_xml(b"<a>")
    'expected XML, found: no element found: line 1, column 3'
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return "the XML declares its own entities, which are not read; delete the <!DOCTYPE> lines"
    if text.lstrip().startswith("<?xml"):  # it names an encoding, which a text has no more
        text = text.partition("?>")[2]
    try:
        return fromstring(text)
    except (ParseError, ValueError) as error:
        return f"expected XML, found: {error}"


def number_in(element: Element | None, name: str) -> float | None:
    """Return the number that a child element holds; None where it is missing or no finite number.

    Examples
    --------
    >>> number_in(fromstring("<a><b>1.5</b><c>x</c></a>"), "b")
    1.5
    """
    text = None if element is None else element.findtext(name)
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
