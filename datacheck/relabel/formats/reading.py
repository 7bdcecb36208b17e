"""Reads files of annotation tools in bounded time and memory: JSON arrays, JSON lines, XML."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from datacheck.errors import RelabelError

MAX_ITEM = 32 * 2**20
"""Characters of one entry."""

MAX_BYTES = 4 * 2**30
"""Bytes of one file."""

MAX_ITEMS = 2_000_000
"""Entries of one file."""

MAX_DEPTH = 64
"""Nesting of one entry."""

_CHUNK = 2**20
"""Bytes read at a time."""


def open_bounded(path: Path) -> BinaryIO:
    """Open a file to import.

    Raises
    ------
    RelabelError
        When it is no readable file, or too large for any import.
    """
    try:
        if not path.is_file():
            raise RelabelError(f"expected a file at {path}, found {'a folder' if path.is_dir() else 'nothing'}")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RelabelError(f"{path}: {size:,} bytes; an import takes up to {MAX_BYTES:,}: split the file")
        return path.open("rb")
    except OSError as error:
        raise RelabelError(f"{path} cannot be read: {error.strerror}") from error


def json_items(path: Path, *, max_item: int = MAX_ITEM) -> Iterator[Any]:
    """Yield the entries of a file that holds one JSON array, never more than one of them in memory.

    Raises
    ------
    RelabelError
        When the file is no JSON array, or one entry is too large or nested too deep.

    Notes
    -----
    An entry that is cut by the end of the buffer is tried again with twice as much, so the work stays within a small
    multiple of the file, and an entry that never ends is given up at ``max_item`` characters.
    """
    with open_bounded(path) as file:
        text = _Text(file, path)
        if text.skip_space() != "[":
            raise RelabelError(
                f"{path}: expected a JSON array, found {text.rest(40)!r}: is this the tool's JSON export?"
            )
        text.at += 1
        for number in range(MAX_ITEMS + 1):
            following = text.skip_space()
            if following == "]":
                return
            if number:
                if following != ",":
                    raise RelabelError(f"{path}: entry {number}: expected ',' or ']', found {text.rest(40)!r}")
                text.at += 1
                text.skip_space()
            if number == MAX_ITEMS:
                break
            yield _item(text, number, max_item)
    raise RelabelError(f"{path}: an import takes up to {MAX_ITEMS:,} entries: split the file")


def json_lines(path: Path, *, max_item: int = MAX_ITEM) -> Iterator[Any]:
    """Yield the entries of a file with one JSON value a line; blank lines are passed over.

    Raises
    ------
    RelabelError
        When a line is no JSON, too long or nested too deep.
    """
    with open_bounded(path) as file:
        for number in range(1, MAX_ITEMS + 2):
            line = file.readline(max_item + 1)
            if not line:
                return
            if len(line) > max_item:
                raise RelabelError(f"{path}, line {number}: longer than {max_item:,} bytes: not an export of answers")
            if not line.strip():
                continue
            yield _parsed(line, f"{path}, line {number}")
    raise RelabelError(f"{path}: an import takes up to {MAX_ITEMS:,} lines: split the file")


def read_xml(path: Path, start: Callable[[str, dict[str, str]], None], end: Callable[[str, str], None]) -> None:
    """Feed a file to ``start(name, attributes)`` and ``end(name, text)``; declarations of entities are refused.

    Raises
    ------
    RelabelError
        When the file is no XML, nested too deep, or declares a document type.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    texts: list[list[str]] = []

    def opened(name: str, attributes: dict[str, str]) -> None:
        texts.append([])
        if len(texts) > MAX_DEPTH:
            raise RelabelError(f"{path}, line {parser.CurrentLineNumber}: nested deeper than {MAX_DEPTH}")
        start(name, attributes)

    def closed(name: str) -> None:
        end(name, "".join(texts.pop()))

    def read(data: str) -> None:
        if sum(map(len, texts[-1])) + len(data) > MAX_ITEM:
            raise RelabelError(f"{path}, line {parser.CurrentLineNumber}: text longer than {MAX_ITEM:,} characters")
        texts[-1].append(data)

    def declared(*_: object) -> None:
        raise RelabelError(f"{path}: declares a document type, which an export of answers does not; refused")

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = read
    parser.StartDoctypeDeclHandler = declared
    with open_bounded(path) as file:
        try:
            parser.ParseFile(file)
        except expat.ExpatError as error:
            raise RelabelError(f"{path}: expected XML, but {error}") from error


class _Text:
    """A window on a file's text that forgets what was read."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path = file, path
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.buffer, self.at, self.ended = "", 0, False

    def more(self, size: int = _CHUNK) -> bool:
        """Read on, and forget what lies behind; False at the end of the file."""
        data = self.file.read(size)
        try:
            new = self.decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise RelabelError(f"{self.path}: expected UTF-8, but {error.reason} at byte {error.start}") from error
        self.buffer, self.at = self.buffer[self.at :] + new, 0
        self.ended = not data
        return not self.ended

    def skip_space(self) -> str:
        """Return the next character that is no space, without passing it; empty at the end."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in " \t\r\n":
                self.at += 1
            if self.at < len(self.buffer) or not self.more():
                return self.buffer[self.at : self.at + 1]

    def rest(self, size: int) -> str:
        return self.buffer[self.at : self.at + size]


_DECODER = json.JSONDecoder()


def _item(text: _Text, number: int, max_item: int) -> Any:
    size = _CHUNK
    while True:
        try:
            value, end = _DECODER.raw_decode(text.buffer, text.at)
        except json.JSONDecodeError as error:
            if text.ended:
                raise RelabelError(f"{text.path}: entry {number}: {error.msg}: the file is cut or no JSON") from None
            if len(text.buffer) - text.at > max_item:
                raise RelabelError(f"{text.path}: entry {number} does not end within {max_item:,} characters") from None
        except RecursionError:
            raise RelabelError(f"{text.path}: entry {number} is nested deeper than {MAX_DEPTH}") from None
        except ValueError as error:  # a number of thousands of digits
            raise RelabelError(f"{text.path}: entry {number}: {error}") from None
        else:
            # A number at the edge of the buffer may go on.
            if end < len(text.buffer) or text.ended:
                text.at = end
                _check_depth(value, f"{text.path}: entry {number}")
                return value
        text.more(size)
        size *= 2


def _parsed(line: bytes, where: str) -> Any:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        raise RelabelError(f"{where}: expected UTF-8, but {error.reason}") from error
    except json.JSONDecodeError as error:
        raise RelabelError(f"{where}: expected JSON, but {error.msg}") from error
    except RecursionError:
        raise RelabelError(f"{where}: nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:  # a number of thousands of digits
        raise RelabelError(f"{where}: {error}") from None
    _check_depth(value, where)
    return value


def _check_depth(value: Any, where: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return
    raise RelabelError(f"{where} is nested deeper than {MAX_DEPTH}")


def _children(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """Return a JSON object as it is, and anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a JSON array as it is, and anything else as an empty one."""
    return value if isinstance(value, list) else []


def text_or_none(value: Any) -> str | None:
    """Return text as it is, and anything else as None."""
    return value if isinstance(value, str) else None


MAX_SECONDS = 1e9
"""Thirty years: a longer time is not one that a person took for an answer."""


def seconds_or_none(value: Any) -> float | None:
    """Return the seconds that an answer took, given as a number or as text, and anything else as None.

    Examples
    --------
    >>> seconds_or_none(1.5), seconds_or_none("2"), seconds_or_none(-1), seconds_or_none("soon")
    (1.5, 2.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < MAX_SECONDS else None
