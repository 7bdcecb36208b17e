"""Lists of images as plain text: a line an image, with its label or label file behind it, without a header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.sources.class_name_files import class_names_in_json
from datacheck.sources.files import IMAGE_EXTENSIONS, check_regular, is_image_name

CLASS_NAME_FILES = ("classes.txt", "class_names.txt", "classnames.txt", "names.txt", "labels.txt", "synset_words.txt")
"""Files beside a list that name its classes, a line each, with or without the number in front."""

CLASS_NAMES_ROLE = "class names"
"""What such a file is read as, in the inventory."""

LIST_EXTENSIONS = (".txt", ".lst", ".list")
"""Extensions of such lists."""

_MOST_BYTES = 1 << 30
"""A list of more than 1 GB is no list of images."""

_AGREE = 0.9
"""Share of the lines that must be written the same way."""

_IMAGE_NUMBERS = re.compile(
    rf"^(?P<path>.*?\.(?:{'|'.join(sorted(IMAGE_EXTENSIONS))}))\s+"
    r"(?P<values>[-+]?\d+(?:\.\d+)?(?:\s+[-+]?\d+(?:\.\d+)?)*)$",
    re.IGNORECASE,
)
"""The name of an image, and the numbers behind it."""

_NUMBER = re.compile(r"^(?P<path>.*\S)\s+(?P<values>[-+]?\d+(?:\.\d+)?)$")
"""A path or an id, which may hold spaces, and the number behind the last of them."""

_TWO = re.compile(r"^(?P<path>\S.*?\S)\s+(?P<values>\S+)$")
"""A path, and one word behind it."""

_LABEL_FIRST = re.compile(
    rf"^(?P<values>[^\s/.]+)\s+(?P<path>\S.*\.(?:{'|'.join(sorted(IMAGE_EXTENSIONS))}))$", re.IGNORECASE
)
"""A label of one word, and the name of an image behind it."""

_WORDS = re.compile(r"[^\W\d_]{2,}")

_SENTENCE = 4
"""Words of letters of a line of prose."""

_SHOWN = 60
"""Letters of a line that a message shows."""

_SEPARATORS = re.compile(r"[,;\t]")


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank; bytes that are no UTF-8 are read as Latin-1.

    Raises
    ------
    SourceError
        When the path is no ordinary file, or too large for a list.
    """
    size = check_regular(path).stat().st_size
    if size > _MOST_BYTES:
        raise SourceError(f"expected a list of images in {path}, found {size:,} bytes; convert it to CSV or Parquet")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_separated(lines: Sequence[str]) -> bool:
    """Return whether all lines hold a comma, semicolon or tab: then the file is a table."""
    return bool(lines) and all(_SEPARATORS.search(line) for line in lines)


def parse_list(lines: Sequence[str], where: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the lines of a list as a table: ``path``, and ``label``, ``label_uri``, or one column a class.

    What follows the last space is the label, or what stands before the first, where the lines end with images; several
    numbers are one column a class; the name of an image or a path behind the name of an image is its label file.

    Raises
    ------
    SourceError
        When the lines are written in different ways.

    Examples
    --------
    >>> parse_list(["a/photo 1.jpg 0", "a/2.jpg 1"], "train.txt").to_pydict()
    {'path': ['a/photo 1.jpg', 'a/2.jpg'], 'label': ['0', '1']}
    >>> parse_list(["1.jpg", "2.jpg"], "train.txt").column_names
    ['path']
    >>> parse_list(["cat a/1.jpg", "dog a/2.jpg", "cat a/3.jpg", "dog a/4.jpg"], "train.txt")["label"].to_pylist()
    ['cat', 'dog', 'cat', 'dog']
    """
    if not lines:
        raise SourceError(f"expected images in {where}, found an empty list")
    if _is_prose(lines):
        raise SourceError(
            f"expected a list of images in {where}, found sentences, such as {lines[len(lines) // 2][:_SHOWN]!r}; give "
            "a table with a row a sample (CSV, JSON lines, Parquet)"
        )
    paths, values = _parts(lines)
    if values is None:
        named = {"path": paths}
    elif all(len(each) == 1 for each in values):
        words = [each[0] for each in values]
        files = sum(map(_is_file, words)) >= _AGREE * len(words)
        named = {"path": paths, "label_uri" if files else "label": words}
    else:
        width = len(values[0])
        if any(len(each) != width for each in values):
            raise SourceError(
                f"expected the same number of values behind each image in {where}, found "
                f"{min(map(len, values))} to {max(map(len, values))}; convert it to a table with a header"
            )
        named = {"path": paths}
        named |= {f"class_{place}": [each[place] for each in values] for place in range(width)}
    table = pa.table(named)
    if columns is None:
        return table
    if len(columns) != table.num_columns:
        raise SourceError(f"columns: expected {table.num_columns} names for {where}, found {len(columns)}")
    return table.rename_columns(list(columns))


def _is_prose(lines: Sequence[str]) -> bool:
    """Return whether most lines are sentences: several words of letters, no image and no number behind them."""
    said = [len(_WORDS.findall(line)) >= _SENTENCE and not re.search(r"[\d/\\]\S*$", line) for line in lines]
    return sum(said) > len(lines) / 2 and not any(map(is_image_name, lines))


def _is_file(word: str) -> bool:
    return is_image_name(word) or ("/" in word and "." in word.rpartition("/")[2])


def _parts(lines: Sequence[str]) -> tuple[list[str], list[list[str]] | None]:
    """Return the path of each line, and the words behind it; None where there is none."""
    least = _AGREE * len(lines)
    first = [_LABEL_FIRST.match(line) for line in lines]
    if (
        sum(each is not None for each in first) >= least
        and len({each["values"] for each in first if each}) <= len(lines) / 2
    ):
        return (
            [line if each is None else each["path"] for line, each in zip(lines, first, strict=True)],
            [[""] if each is None else [each["values"]] for each in first],
        )
    if sum(is_image_name(line) and not _holds_two(line) for line in lines) >= least:
        return list(lines), None
    for pattern in (_IMAGE_NUMBERS, _NUMBER, _TWO):
        found = [pattern.match(line) for line in lines]
        if sum(each is not None for each in found) >= least:
            return (
                [line if each is None else each["path"] for line, each in zip(lines, found, strict=True)],
                [[""] if each is None else each["values"].split() for each in found],
            )
    return list(lines), None


def _holds_two(line: str) -> bool:
    head, _, _ = line.rpartition(" ")
    return is_image_name(head.strip())


def class_names(folder: Path) -> tuple[tuple[str, ...], str] | None:
    """Return the class names of a file beside a list, and its name; None where there is no such file."""
    for name in CLASS_NAME_FILES:
        path = folder / name
        if path.is_file():
            lines = read_lines(path)
            numbered = [re.match(r"^\d+[\s,:]+(\S.*)$", line) for line in lines]
            names = tuple(line if each is None else each[1] for line, each in zip(lines, numbered, strict=True))
            if names and len(set(names)) == len(names) and not any(map(is_image_name, names)):
                return names, name
    return class_names_in_json(folder)
