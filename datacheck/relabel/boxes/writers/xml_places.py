"""Where the elements of an XML text stand, so that parts of it can be replaced and the rest stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers.expat import ParserCreate

_START_TAG = re.compile(rb"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
"""A start tag; a ``>`` may stand in the quotes of an attribute."""

_ATTRIBUTE = re.compile(rb"\s([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")


@dataclass
class Element:
    """An element by its bytes: from its start tag to its end, and what is between the two tags."""

    tag: str
    start: int
    inner: int
    inner_end: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    def child(self, tag: str) -> Element | None:
        """Return the first child of this name."""
        return next((each for each in self.children if each.tag == tag), None)

    def descendants(self, tag: str) -> list[Element]:
        """Return all elements of this name below, and this one, in the order of the text."""
        own = [self] if self.tag == tag else []
        return own + [each for child in self.children for each in child.descendants(tag)]


@dataclass(frozen=True)
class XmlText:
    """The text of an XML file as UTF-8 bytes, how the file wrote it, and its root element."""

    data: bytes
    encoding: str
    mark: bytes
    root: Element

    @classmethod
    def of(cls, content: bytes) -> XmlText:
        """Find the elements of a file that `datacheck.sources.annotations.xml.parse_xml` could read."""
        data, encoding, mark = _decoded(content)
        return cls(data, encoding, mark, _root(data))

    def text(self, element: Element) -> str:
        """Return what stands between the tags of an element, as written."""
        return self.data[element.inner : element.inner_end].decode()

    def attributes(self, element: Element) -> dict[str, tuple[int, int]]:
        """Return where the values of an element's attributes stand, without the quotes."""
        tag = self.data[element.start : element.inner]
        return {
            found[1].decode(): (element.start + found.start(2) + 1, element.start + found.end(2) - 1)
            for found in _ATTRIBUTE.finditer(tag)
        }

    def leading_space(self, element: Element) -> int:
        """Return where the white space before an element begins."""
        at = element.start
        while at and self.data[at - 1 : at].isspace():
            at -= 1
        return at

    def indent(self, element: Element) -> str:
        """Return the white space before an element."""
        return self.data[self.leading_space(element) : element.start].decode()

    def replaced(self, edits: list[tuple[int, int, str]]) -> bytes:
        """Return the file with some bytes replaced by other text, in its own encoding."""
        parts = []
        at = 0
        for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
            parts += [self.data[at:start], text.encode()]
            at = end
        data = b"".join([*parts, self.data[at:]])
        if self.encoding == "utf-8":
            return self.mark + data
        return self.mark + data.decode().encode(self.encoding, "xmlcharrefreplace")


def _decoded(content: bytes) -> tuple[bytes, str, bytes]:
    """Return the text as UTF-8, the file's encoding, and the byte order mark, as `parse_xml` reads them."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding).encode(), encoding, mark
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1").encode(), "latin-1", b""
    return content, "utf-8", b""


def _root(data: bytes) -> Element:
    parser = ParserCreate("utf-8")  # whatever the file names: the bytes are UTF-8 now
    parser.buffer_text = True
    top = Element("", 0, 0)
    stack = [top]

    def start(tag: str, _attributes: object) -> None:
        at = parser.CurrentByteIndex
        found = _START_TAG.match(data, at)
        assert found is not None, "expat has just read it"
        stack[-1].children.append(Element(tag, at, found.end()))
        stack.append(stack[-1].children[-1])

    def end(_tag: str) -> None:
        element = stack.pop()
        at = parser.CurrentByteIndex
        element.inner_end = max(at, element.inner)
        element.end = data.index(b">", at) + 1 if at > element.start else element.inner

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return top.children[0]
