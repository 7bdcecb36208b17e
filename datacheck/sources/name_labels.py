"""Classes in the names of image files, as in ``cat.12.jpg``: proposed, and read where the caller gives the pattern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from statistics import median

from datacheck.errors import SourceError
from datacheck.manifest import Question, Remedy
from datacheck.sources.split_words import normalise_split
from datacheck.text import listed, plural

PATTERNS = (r"^(\D+?)[ ._(-]*\d", r"\d[ ._-]+(\D+)\.\w+$")
"""A word before the number, as in ``great_dane_12.jpg``, or after it, as in ``012_pug.png``."""

_NAMED_SHARE = 0.95
"""Share of the images whose names must hold one of the words."""

_FOLDER_SHARE = 0.2
"""Share of the images from which one folder's names are looked at alone."""

_FEWEST_IMAGES = 5
"""The median word must be in so many names: fewer are names of things, not of classes."""

_MOST_WORDS = 1000
"""More are names of things too."""

_NO_CLASSES = frozenset(
    (
        *("img", "image", "images", "imgs", "im", "dsc", "dscn", "dscf", "pic", "pict", "picture", "photo", "p", "pxl"),
        *("frame", "frames", "scan", "page", "screenshot", "file", "sample", "crop", "tile", "patch", "id"),
        *("video", "vid", "mvimg", "wp", "gopr", "dji", "case", "patient", "subject", "slice", "view", "camera", "cam"),
    )
)
"""Words that cameras and people put before a number, whatever the picture shows."""


def ask_for_pattern(names: Sequence[str]) -> Question | None:
    r"""Return the question whether the names of unlabelled images hold their classes; None where they do not look so.

    Examples
    --------
    >>> names = [f"train/{word}.{number}.jpg" for word in ("cat", "dog") for number in range(9)]
    >>> ask_for_pattern(names).remedy.command_line
    "--label-pattern '^(\\D+?)[ ._(-]*\\d'"
    >>> ask_for_pattern([f"IMG_{number}.jpg" for number in range(9)]) is None
    True
    """
    folders: dict[PurePosixPath, list[str]] = {}
    for name in names:
        folders.setdefault(PurePosixPath(name).parent, []).append(name)
    parts = [names, *sorted(folders.values(), key=len, reverse=True)]  # a test set has numbers alone for names
    found = (_pattern_of(part) for part in parts if len(part) >= _FOLDER_SHARE * len(names))
    pattern, classes = next((one for one in found if one is not None), ("", ()))
    if not pattern:
        return None
    words = f"{plural(len(classes), 'word')}, such as {listed(classes, 2)}, each in many names,"
    text = f"the names of the files hold {words} which may be their classes; no label was judged"
    return Question(text, Remedy.option("label_pattern", pattern), unjudged=True)


def _pattern_of(names: Sequence[str]) -> tuple[str, Sequence[str]] | None:
    """Return the pattern that finds a class in nearly all names, and the classes."""
    for pattern in PATTERNS:
        counts = Counter(word for word in _words(names, pattern) if word is not None and _may_be_class(word))
        named = sum(counts.values())
        few_enough = 2 <= len(counts) <= min(_MOST_WORDS, len(names) / 2)
        if few_enough and named >= _NAMED_SHARE * len(names) and median(counts.values()) >= _FEWEST_IMAGES:
            return pattern, sorted(counts)
    return None


def labels_in_names(names: Sequence[str], pattern: str) -> list[str | None]:
    r"""Return what the first group of a pattern matches in each file's name; None where it matches nothing.

    Raises
    ------
    SourceError
        When it is no regular expression with a group, or matches no name.

    Examples
    --------
    >>> labels_in_names(["train/cat.1.jpg", "train/other.jpg"], r"^(\w+)\.\d")
    ['cat', None]
    """
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise SourceError(f"label_pattern: expected a regular expression, found {pattern!r}: {error}") from None
    if not groups:
        raise SourceError(
            f"label_pattern: expected a group in parentheses that matches the class, as in {PATTERNS[0]!r}, found "
            f"{pattern!r}"
        )
    labels = list(_words(names, pattern))
    if names and not any(labels):
        raise SourceError(
            f"label_pattern: expected {pattern!r} to match names of files, such as "
            f"{PurePosixPath(names[0]).name!r}, found none that it matches"
        )
    return labels


def _words(names: Iterable[str], pattern: str) -> Iterable[str | None]:
    compiled = re.compile(pattern)
    for name in names:
        match = compiled.search(PurePosixPath(name).name)
        yield match[1] if match and match[1] else None


def _may_be_class(word: str) -> bool:
    letters = re.sub(r"[\W_]+", " ", word).strip().lower()
    return len(letters) > 1 and letters not in _NO_CLASSES and normalise_split(letters) is None
