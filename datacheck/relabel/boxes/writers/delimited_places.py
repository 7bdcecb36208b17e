"""Where the cells of a delimited text stand, so that some can be replaced and the rest stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from datacheck.errors import RelabelError


@dataclass(frozen=True)
class Record:
    """A row: where its cells stand, quotes included, and where it ends, its line end included."""

    cells: tuple[tuple[int, int], ...]
    end: int

    @property
    def start(self) -> int:
        """Where it starts."""
        return self.cells[0][0]


def records(text: str, delimiter: str) -> list[Record]:
    r"""Return the rows of a delimited text, those of empty lines left out as readers do.

    Raises
    ------
    RelabelError
        When a quote is not closed.

    Examples
    --------
    >>> text = 'a,"b, c"\r\n\r\n1,2\n'
    >>> [[text[start:end] for start, end in one.cells] for one in records(text, ",")]
    [['a', '"b, c"'], ['1', '2']]
    """
    found: list[Record] = []
    at, length = 1 if text.startswith("\ufeff") else 0, len(text)
    cells: list[tuple[int, int]] = []
    while at < length or cells:
        end = _cell_end(text, at, delimiter)
        cells.append((at, end))
        if end < length and text[end] == delimiter:
            at = end + 1
            continue
        after = end + (2 if text.startswith("\r\n", end) else 1 if end < length else 0)
        if len(cells) > 1 or cells[0][1] > cells[0][0]:
            found.append(Record(tuple(cells), after))
        cells, at = [], after
    return found


def _cell_end(text: str, start: int, delimiter: str) -> int:
    """Return where the cell that starts at a place ends."""
    at = start
    if text.startswith('"', at):
        at += 1
        while True:
            at = text.find('"', at)
            if at < 0:
                raise RelabelError(f"a quote at character {start} is not closed: close it, and audit again")
            if not text.startswith('""', at):
                break
            at += 2
        at += 1
    while at < len(text) and text[at] != delimiter and text[at] not in "\r\n":
        at += 1
    return at


def content_of(cell: str) -> str:
    """Return what a cell says.

    Examples
    --------
    >>> content_of('"a ""b"" c"'), content_of("c")
    ('a "b" c', 'c')
    """
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def cell_like(value: str, cell: str, delimiter: str) -> str:
    """Return a value as a cell, in quotes where the old cell has some or the value needs them.

    Examples
    --------
    >>> cell_like("jar", '"cup"', ","), cell_like("a, b", "cup", ","), cell_like("jar", "cup", ",")
    ('"jar"', '"a, b"', 'jar')
    """
    quoted = cell.startswith('"') or needs_quotes(value, delimiter)
    return '"' + value.replace('"', '""') + '"' if quoted else value


def needs_quotes(value: str, delimiter: str) -> bool:
    """Return whether a value must stand in quotes."""
    return any(sign in value for sign in (delimiter, '"', "\r", "\n"))
