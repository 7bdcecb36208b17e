"""Tables beside a folder of images: who gives the folder alone may have meant both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from datacheck.sources.table_files import is_table_name

_MOST_FILES = 200
"""Files beside the folder that are looked at: more are another collection, not a dataset's few tables."""

_READ_BYTES = 1 << 20
"""What is read of a table: the first megabyte names some of the first images, in whatever order it lists them."""

_NAMES = 200
"""Images whose names are looked for, evenly spaced."""


def table_above(root: Path, uris: Sequence[str]) -> Path | None:
    """Return a table in the folder around ``root`` that names its images, or None.

    Only plain text is looked at; a table that cannot be read is no table here.
    """
    step = max(1, len(uris) // _NAMES)
    names = [re.escape(PurePosixPath(uri).name).encode() for uri in uris[::step]]
    pattern = re.compile(rb"(?<![\w.-])(?:" + b"|".join(names) + rb")(?![\w.-])")
    try:
        beside = sorted(path for path in root.resolve().parent.iterdir() if is_table_name(path) and path.is_file())
        for path in beside[:_MOST_FILES]:
            with path.open("rb") as file:
                if pattern.search(file.read(_READ_BYTES)):
                    return path
    except OSError:
        return None
    return None
