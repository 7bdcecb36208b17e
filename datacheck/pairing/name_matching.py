"""Which label file belongs to which image, from the names alone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Words = tuple[str, ...]

_ROLE_SHARE = 0.98
"""A word in at least this share of one listing (nearly all names; a few stray files are common) …"""
_OTHER_SHARE = 0.02
"""… and in at most this share of the other listing describes the listing (``img``, ``masks``), not a sample."""
_COMPRESSED = {"gz", "bz2", "xz", "zst"}
_MAX_EXTENSION = 5
"""Longest file extension in characters (``.jpeg``, ``.nifti``); a longer one is part of the name."""
_MAX_TRIMMED = 3
"""At most so many words are left out at one end of a name: ``_gtFine_labelIds_v2`` is three."""
_SEPARATORS = re.compile(r"[\W_]+")
_RUNS = re.compile(r"[^\W\d_]+|\d+")
_LEADING_ZEROS = re.compile(r"\b0+(?=\d)")


@dataclass(frozen=True)
class Matching:
    """Label position for each image, -1 where there is none, int64 [N]; and how the names were compared."""

    label_of: NDArray[np.int64]
    how: str

    @property
    def n_matched(self) -> int:
        """Number of images that have a label."""
        return int((self.label_of >= 0).sum())


def stem(name: str) -> str:
    """Return a path without its extension, with forward slashes.

    Examples
    --------
    >>> stem("scans/a.nii.gz"), stem("frame.0001"), stem(".hidden")
    ('scans/a', 'frame.0001', '.hidden')
    """
    name = name.replace("\\", "/")
    head, dot, extension = name.rpartition(".")
    if (
        not dot
        or not head
        or head.endswith("/")
        or "/" in extension
        or extension.isdecimal()
        or len(extension) > _MAX_EXTENSION
    ):
        return name
    return stem(head) if extension.lower() in _COMPRESSED else head


def match_names(images: Sequence[str], labels: Sequence[str]) -> Matching:
    """Match two listings by their names, from the strictest comparison to the loosest.

    The comparisons are, in this order: file stems; the words of the path, without the words that describe a whole
    listing (``images``, ``_mask``); the same for the file name alone; both ignoring case; both with digits as numbers;
    and with one to three words of the longer name left out. The first that matches every name of the shorter listing
    is used; otherwise the one that matches the most, the strictest of equals. Time is linear in the number of names.

    Parameters
    ----------
    images, labels
        Paths; N and M of them.

    Examples
    --------
    >>> match_names(["img_0001.jpg", "img_0002.jpg"], ["Mask-2.png", "Mask-1.png"]).label_of.tolist()
    [1, 0]
    """
    image_stems, label_stems = [stem(name) for name in images], [stem(name) for name in labels]
    wanted = min(len(set(images)), len(set(labels)))
    best = Matching(np.full(len(images), -1, np.int64), "nothing in the names")
    for how, keys in _levels(image_stems, label_stems):
        found = Matching(match_keys(*keys()), how)
        if found.n_matched > best.n_matched:
            best = found
        if best.n_matched >= wanted:
            return best
    return _match_trimmed(image_stems, label_stems, best)


def unmatched_labels(n_labels: int, label_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of the labels that belong to no image, ascending."""
    free = np.ones(n_labels, dtype=bool)
    free[label_of[label_of >= 0]] = False
    return np.flatnonzero(free)


def match_keys(image_keys: Sequence[str], label_keys: Sequence[str]) -> NDArray[np.int64]:
    """Position of each image's label, -1 where there is none or several could be meant; int64 [N].

    A repeated key is not used, except that two names at the same position with the same key belong together.
    """
    label_of = np.full(len(image_keys), -1, np.int64)
    position = dict(zip(reversed(label_keys), range(len(label_keys) - 1, -1, -1), strict=True))
    position.pop("", None)
    label_of[:] = [position.get(key, -1) for key in image_keys]
    if len(position) == len(label_keys) and len(set(image_keys)) == len(image_keys):
        return label_of
    n_images, n_labels = Counter(image_keys), Counter(label_keys)
    for row in np.flatnonzero(label_of >= 0).tolist():
        key = image_keys[row]
        if n_images[key] > 1 or n_labels[key] > 1:
            label_of[row] = row if row < len(label_keys) and label_keys[row] == key else -1
    return label_of


_KeyMaker = Callable[[], tuple[list[str], list[str]]]


def _levels(images: list[str], labels: list[str]) -> list[tuple[str, _KeyMaker]]:
    sides = (images, labels)
    cased = any(name != name.casefold() for side in sides for name in side)

    def stems() -> tuple[list[str], list[str]]:
        return _base(images), _base(labels)

    def words(fold: bool, base: bool, numbers: bool) -> _KeyMaker:
        def make() -> tuple[list[str], list[str]]:
            named = [_base(side) if base else side for side in sides]
            split = _without_roles(*([_words(name, fold and cased) for name in side] for side in named))
            return _without_roles(*([_runs(name) for name in side] for side in split)) if numbers else split

        return make

    ignoring_case = [
        ("the words of the paths, ignoring case", words(fold=True, base=False, numbers=False)),
        ("the words of the file names, ignoring case", words(fold=True, base=True, numbers=False)),
    ]
    return [
        ("file stems", stems),
        ("the words of the paths", words(fold=False, base=False, numbers=False)),
        ("the words of the file names", words(fold=False, base=True, numbers=False)),
        *(ignoring_case if cased else []),
        ("the words and numbers of the paths", words(fold=True, base=False, numbers=True)),
        ("the words and numbers of the file names", words(fold=True, base=True, numbers=True)),
    ]


def _base(stems: Sequence[str]) -> list[str]:
    return [name.rpartition("/")[2] for name in stems]


def _words(name: str, fold: bool) -> str:
    """Return the words of a name, separated by one space."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    return _SEPARATORS.sub(" ", name.casefold() if fold else name).strip()


def _runs(words: str) -> str:
    """Split words between letters and digits, and remove the leading zeros of numbers."""
    return _LEADING_ZEROS.sub("", " ".join(_RUNS.findall(words)))


def _without_roles(images: list[str], labels: list[str]) -> tuple[list[str], list[str]]:
    counts = [Counter(chain.from_iterable(map(str.split, side))) for side in (images, labels)]
    sizes = max(1, len(images)), max(1, len(labels))
    cleaned: list[list[str]] = []
    for own, side in enumerate((images, labels)):
        roles = {
            word
            for word, count in counts[own].items()
            if count >= _ROLE_SHARE * sizes[own]
            and counts[1 - own][word] <= _OTHER_SHARE * sizes[1 - own]
            and not word.isdecimal()
        }
        if sizes[own] > 1 and roles:
            side = [" ".join([word for word in name.split() if word not in roles]) or name for name in side]
        cleaned.append(side)
    return cleaned[0], cleaned[1]


def _match_trimmed(images: list[str], labels: list[str], best: Matching) -> Matching:
    """Match the unmatched names where one is the other with up to three more words at one end."""
    split = [_words(name, True) for name in _base(images)], [_words(name, True) for name in _base(labels)]
    if not best.n_matched:
        split = _without_roles(*split)
    image_words, label_words = ([tuple(name.split()) for name in side] for side in split)
    label_of = best.label_of.copy()
    for swapped in (False, True):
        free_images = np.flatnonzero(label_of < 0)
        free_labels = unmatched_labels(len(labels), label_of)
        longer, shorter = (free_images, free_labels) if swapped else (free_labels, free_images)
        long_words, short_words = (image_words, label_words) if swapped else (label_words, image_words)
        for long_row, short_row in _trimmed_pairs(long_words, longer.tolist(), short_words, shorter.tolist()):
            image, label = (long_row, short_row) if swapped else (short_row, long_row)
            label_of[image] = label
    found = Matching(label_of, best.how if best.n_matched else "the words that the file names share")
    return found if found.n_matched > best.n_matched else best


def _trimmed_pairs(
    long_words: list[Words], longer: list[int], short_words: list[Words], shorter: list[int]
) -> list[tuple[int, int]]:
    rows_of: dict[Words, list[int]] = {}
    for row in shorter:
        rows_of.setdefault(short_words[row], []).append(row)
    claims: dict[int, list[int]] = {}
    for row in longer:
        words = long_words[row]
        for trimmed in (part for n in range(1, _MAX_TRIMMED + 1) if len(words) > n for part in (words[:-n], words[n:])):
            if len(rows_of.get(trimmed, ())) == 1:
                claims.setdefault(rows_of[trimmed][0], []).append(row)
                break
    return [(rows[0], row) for row, rows in claims.items() if len(rows) == 1]
