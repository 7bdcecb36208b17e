"""The words that people use for splits, and the slips in typing them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}

_YEAR = re.compile(r"[-_ ]?(19|20)\d\d$")
"""What COCO and others put behind the split: ``train2017``."""

_AROUND = re.compile(
    r"^(?:(?:images?|imgs?|data|dataset|set|split)[-_ ])?(?P<word>[a-z]+?)"
    r"(?:[-_ ]?set|[-_ ](?:data|dataset|split|images?|imgs?|folder))?$"
)
"""What people write around the word for a split: ``test_set``, ``trainset``, ``train_images``, ``data_val``."""

_NEAR = 0.75
"""Likeness (`difflib` ratio) from which a word is a slip for another: ``tset`` and ``test`` have .75."""

_SHORTEST_SLIP = 4
"""Letters of the shortest word that is asked about: shorter words are like each other by chance."""


def normalise_split(name: str) -> str | None:
    """Return ``train``, ``val`` or ``test`` for the words that people use for them, None for any other word.

    Examples
    --------
    >>> normalise_split("Validation"), normalise_split("train2017"), normalise_split("cat")
    ('val', 'train', None)
    >>> normalise_split("training_set"), normalise_split("testset"), normalise_split("images_val")
    ('train', 'test', 'val')
    """
    found = _AROUND.match(_YEAR.sub("", name.lower()))
    return _SPLITS.get(found["word"]) if found else None


def split_names(found: Iterable[str]) -> dict[str, str]:
    """Map the words found for splits to standard ones, save where two words would fall together.

    Examples
    --------
    >>> split_names(["training", "dev", "holdout"])
    {'training': 'train', 'dev': 'val', 'holdout': 'holdout'}
    >>> split_names(["val", "dev"])
    {'val': 'val', 'dev': 'dev'}
    """
    found = list(found)
    standard = [normalise_split(name) or name for name in found]
    return {name: wanted if standard.count(wanted) == 1 else name for name, wanted in zip(found, standard, strict=True)}


def misspelt_split(name: str) -> str | None:
    """Return the word for a split that a name was probably meant to be; None for a split's word and any other.

    Examples
    --------
    >>> misspelt_split("validaton"), misspelt_split("Tset"), misspelt_split("train"), misspelt_split("cat")
    ('validation', 'test', None, None)
    """
    word = name.lower()
    if normalise_split(word) or len(word) < _SHORTEST_SLIP:
        return None
    likeness = {known: SequenceMatcher(None, word, known).ratio() for known in _SPLITS if known[0] == word[0]}
    nearest = max(likeness, key=lambda known: likeness[known], default="")
    return nearest if nearest and likeness[nearest] >= _NEAR else None
