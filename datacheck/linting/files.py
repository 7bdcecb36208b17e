"""Finds Python files and notebooks, and reads them."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from datacheck.errors import SourceError
from datacheck.linting.source import SourceFile

SUFFIXES = (".py", ".pyw", ".ipynb")

MAX_BYTES = 5_000_000
"""Larger files are generated code, or notebooks full of images, whose code is not worth minutes of reading."""

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})
_PYTHON_CELL_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%memit")
_MAGIC_LINE = re.compile(r"^(?P<indent>\s*)(?:[%!?]|\?\?)|^\s*[\w.]+\?\??\s*$")
_MAGIC_VALUE = re.compile(r"^(?P<head>\s*[\w.,\s\[\]]+=\s*)[%!](?!=)")


class UnreadableCode(Exception):  # noqa: N818 (becomes a line of the report, never seen as an error)
    """Raised for a file that cannot be read as Python; the message says why and what to do."""


def find_code(paths: Iterable[Path]) -> list[Path]:
    """Return the Python files and notebooks at and below some paths, each once, sorted.

    Hidden folders, virtual environments, caches and installed packages are left out; a link to a folder is not
    followed, so that a circle of links ends.

    Raises
    ------
    SourceError
        When a path does not exist, or nothing below it is Python.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            below = list(_walk(path))
            if not below:
                raise SourceError(f"expected Python files or notebooks ({', '.join(SUFFIXES)}) in {path}, found none")
            found.update(dict.fromkeys(below))
        elif path.exists() or path.is_symlink():
            found[path] = None
        else:
            raise SourceError(f"expected a Python file, a notebook or a folder at {path}, found nothing")
    return list(found)


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _left_out(Path(here, name)))
        yield from (Path(here, name) for name in sorted(names) if name.endswith(SUFFIXES) and not name.startswith("."))


def _left_out(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _SKIPPED or (folder / "pyvenv.cfg").exists()


def read_code(path: Path) -> SourceFile:
    """Read a Python file or a notebook, and parse it.

    Raises
    ------
    UnreadableCode
        When it is too large, binary, of another encoding or language, or no Python 3.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size / 1e6
            raise UnreadableCode(f"has {size:.1f} MB, and at most {MAX_BYTES / 1e6:.0f} MB are read; leave it out")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableCode(f"cannot be opened: {error.strerror or error}") from error
    if path.suffix == ".ipynb":
        text, cells = _notebook(data)
        source = SourceFile(str(path), text, cells)
    else:
        source = SourceFile(str(path), _decoded(data))
    _parse(source)
    return source


def _decoded(data: bytes) -> str:
    if b"\0" in data:
        raise UnreadableCode("is binary (it holds zero bytes), not Python source")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise UnreadableCode(f"cannot be decoded: {error}; save it as UTF-8") from error


def _parse(source: SourceFile) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            _ = source.tree
    except SyntaxError as error:
        at = ast.Pass(lineno=max(1, min(error.lineno or 1, max(1, len(source.lines)))), col_offset=0)
        place = source.place(at) if source.lines else None
        where = "" if place is None else f"line {place.line}: "
        where = f"cell {place.cell}, {where}" if place is not None and place.cell is not None else where
        hint = "; this looks like Python 2: convert it" if _old(error) else "; correct it"
        raise UnreadableCode(f"is no Python 3: {where}{error.msg}{hint}") from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise UnreadableCode(f"cannot be parsed ({type(error).__name__}): it is nested too deeply") from error


def _old(error: SyntaxError) -> bool:
    said = (error.msg or "").lower()
    words = ("missing parentheses in call", "multiple exception types", "leading zeros in decimal", "<>")
    return any(word in said for word in words)


def _notebook(data: bytes) -> tuple[str, tuple[tuple[int, int], ...]]:
    try:
        content = json.loads(data)
        cells = content["cells"] if "cells" in content else [c for w in content["worksheets"] for c in w["cells"]]
        language = content.get("metadata", {}).get("kernelspec", {}).get("language", "python")
        code = [(n, _source(cell)) for n, cell in enumerate(cells, start=1) if cell.get("cell_type") == "code"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableCode(f"is no notebook: {type(error).__name__}: {error}") from error
    if str(language).lower() not in ("python", "python3", ""):
        raise UnreadableCode(f"is a notebook in {language}, and only Python is read; leave it out")
    lines, places = [], []
    for number, text in code:
        for position, line in enumerate(without_magics(text), start=1):
            lines.append(line)
            places.append((number, position))
    return "\n".join(lines) + "\n", (*places, places[-1] if places else (1, 1))


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(source)


def without_magics(text: str) -> list[str]:
    r"""Return a cell's lines with the commands of IPython made into ``pass``, so that line numbers stay.

    Examples
    --------
    >>> without_magics("!pip install x\nfiles = !ls\nimport os")
    ['pass', 'files = None', 'import os']
    >>> without_magics("%%bash\nls")
    ['', '']
    """
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(_PYTHON_CELL_MAGICS):
        return [""] * len(lines)
    found = []
    for line in lines:
        magic, value = _MAGIC_LINE.match(line), _MAGIC_VALUE.match(line)
        if magic:
            found.append((magic["indent"] or "") + "pass")
        else:
            found.append(f"{value['head']}None" if value else line)
    return found
