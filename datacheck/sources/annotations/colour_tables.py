"""Tables that say which colour of a mask is which class, as they lie beside datasets."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from datacheck.errors import StorageError
from datacheck.manifest import COLOUR_BASE

USUAL_FILES = ("class_dict.csv", "label_colors.txt", "labelmap.txt", "color_map.csv", "colormap.csv", "classes.csv")
"""File names of colour tables, as converters and annotation tools write them."""

MOST_BYTES = 1 << 20
"""Larger files are no table of colours."""

_COLOUR = re.compile(r"(?<![\d.])(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})(?![\d.])")


def parse_colour_table(text: str) -> dict[int, str]:
    r"""Return the class of each colour (as one number) in a table; empty where it holds none.

    A line has a name and red, green and blue in either order, with commas, semicolons, colons, tabs or spaces between
    them: CamVid's ``label_colors.txt``, ``class_dict.csv``, CVAT's ``labelmap.txt``.

    Examples
    --------
    >>> parse_colour_table("name,r,g,b\nroad,128,64,128\n")
    {8405120: 'road'}
    >>> parse_colour_table("# label:color_rgb:parts:actions\nsky:70,130,180::\n")
    {4620980: 'sky'}
    >>> parse_colour_table("64 128 64\tAnimal\n")
    {4227136: 'Animal'}
    """
    found: dict[int, str] = {}
    for line in text.splitlines():
        match = _COLOUR.search(line)
        if line.lstrip().startswith("#") or match is None:
            continue
        red, green, blue = (int(each) for each in match.groups())
        rest = next(csv.reader(io.StringIO(f"{line[: match.start()]} {line[match.end() :]}")), [""])
        name = " ".join(re.sub(r"[:,;\t]+", " ", " ".join(rest)).split())
        if name and max(red, green, blue) < COLOUR_BASE:
            found[(red * COLOUR_BASE + green) * COLOUR_BASE + blue] = name
    return found


def colour_table(root: Path | None, given: str = "") -> tuple[str, dict[int, str]]:
    """Return the file and the colours of the table that was given, or of the first usual one in a folder.

    Raises
    ------
    StorageError
        When the file that was given cannot be read, or holds no colours.
    """
    if given:
        path = Path(given)
        try:
            table = parse_colour_table(path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise StorageError(f"expected a table of colours in {path}: {error.strerror or error}") from error
        if not table:
            raise StorageError(f"expected lines with a name, red, green and blue in {path}, found none")
        return path.name, table
    for name in USUAL_FILES if root is not None else ():
        assert root is not None
        path = root / name
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            table = parse_colour_table(path.read_text(encoding="utf-8", errors="replace"))
            if table:
                return name, table
    return "", {}
