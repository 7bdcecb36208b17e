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

_PHRASES = {
    **dict.fromkeys(("holdout", "heldout"), "holdout"),
    "unseen": "unseen",
    **dict.fromkeys(("publictest", "testpublic"), "public_test"),
    **dict.fromkeys(("privatetest", "testprivate"), "private_test"),
    **dict.fromkeys(("entrenamiento", "entrainement", "apprentissage", "训练集"), "train"),
    **dict.fromkeys(("validacion", "validierung", "验证集"), "val"),
    **dict.fromkeys(("prueba", "pruebas", "测试集"), "test"),
}
"""Splits kept back under names of their own, and words of other languages; dashes, spaces and ``_`` left out."""

_FLAG = re.compile(r"^is[-_ ]?(?P<word>[a-z]+)$", re.IGNORECASE)
"""The name of a column that marks the rows of one split: ``is_valid``, ``is_test``."""

_YEAR = re.compile(r"[-_ ]?(19|20)\d\d$")
"""What COCO and others put behind the split: ``train2017``."""

_AROUND = re.compile(
    r"^(?:(?:images?|imgs?|data|dataset|set|split|stage\d)[-_ ])?(?P<word>[a-z]+?)"
    r"(?:[-_ ]?set|[-_ ](?:data|dataset|split|images?|imgs?|folder))?$"
)
"""What people write around the word for a split: ``test_set``, ``trainset``, ``train_images``, ``stage1_train``."""

_NEAR = 0.75
"""Likeness (`difflib` ratio) from which a word is a slip for another: ``tset`` and ``test`` have .75."""

_SHORTEST_SLIP = 4
"""Letters of the shortest word that is asked about: shorter words are like each other by chance."""


def normalise_split(name: str) -> str | None:
    """Return ``train``, ``val`` or ``test`` for the words that people use for them, None for any other word.

    A split that is kept back besides the test split has its own word, such as ``holdout``.

    Examples
    --------
    >>> normalise_split("Validation"), normalise_split("train2017"), normalise_split("cat")
    ('val', 'train', None)
    >>> normalise_split("training_set"), normalise_split("testset"), normalise_split("images_val")
    ('train', 'test', 'val')
    >>> normalise_split("hold-out"), normalise_split("PrivateTest")
    ('holdout', 'private_test')
    """
    squeezed = re.sub(r"[-_ ]", "", name.lower()).removesuffix("set")
    if squeezed in _PHRASES:
        return _PHRASES[squeezed]
    found = _AROUND.match(_YEAR.sub("", name.lower()))
    return _SPLITS.get(found["word"]) if found else None


def split_names(found: Iterable[str]) -> dict[str, str]:
    """Map the words found for splits to standard ones, save where two words would fall together.

    ``trainval`` is the training split where nothing else is; a list of that name repeats two other lists.

    Examples
    --------
    >>> split_names(["training", "dev", "holdout"])
    {'training': 'train', 'dev': 'val', 'holdout': 'holdout'}
    >>> split_names(["val", "dev"])
    {'val': 'val', 'dev': 'dev'}
    >>> split_names(["trainval", "test"])
    {'trainval': 'train', 'test': 'test'}
    """
    found = list(found)
    standard = [normalise_split(name) or ("train" if name.lower() == "trainval" else name) for name in found]
    return {name: wanted if standard.count(wanted) == 1 else name for name, wanted in zip(found, standard, strict=True)}


def splits_within(names: Iterable[str]) -> dict[str, str]:
    """Map names that hold the words for splits to these, where one holds ``train`` and another ``val`` or ``test``.

    At most one other name is among them, which is a split of its own; with more, the names are none of splits.

    Examples
    --------
    >>> splits_within(["bounding_box_test", "bounding_box_train", "query"])
    {'bounding_box_test': 'test', 'bounding_box_train': 'train', 'query': 'query'}
    >>> splits_within(["train_station", "test_tube"]), splits_within(["train_station", "airport"])
    ({'test_tube': 'test', 'train_station': 'train'}, {})
    """
    found = {}
    for name in sorted(names):
        words = {_SPLITS[word] for word in re.split(r"[\W_]+", name.lower()) if word in _SPLITS}
        found[name] = words.pop() if len(words) == 1 else None
    known = [split for split in found.values() if split]
    if "train" not in known or len(set(known)) < max(2, len(known)) or len(found) - len(known) > 1:
        return {}
    return {name: split or name for name, split in found.items()}


def split_flagged_by(name: str) -> str | None:
    """Return the split whose rows a column of 0 and 1 marks, by its name; None for any other name.

    Examples
    --------
    >>> split_flagged_by("is_valid"), split_flagged_by("isTest"), split_flagged_by("is_male"), split_flagged_by("valid")
    ('val', 'test', None, None)
    """
    found = _FLAG.match(name.strip())
    return normalise_split(found["word"]) if found else None


def misspelt_split(name: str) -> str | None:
    """Return the word for a split that a name was probably meant to be; None for a split's word and any other.

    Examples
    --------
    >>> misspelt_split("validaton"), misspelt_split("Tset"), misspelt_split("train"), misspelt_split("cat")
    ('validation', 'test', None, None)
    """
    word = name.lower()
    if normalise_split(word) or word == "trainval" or len(word) < _SHORTEST_SLIP:
        return None
    likeness = {known: SequenceMatcher(None, word, known).ratio() for known in _SPLITS if known[0] == word[0]}
    nearest = max(likeness, key=lambda known: likeness[known], default="")
    return nearest if nearest and likeness[nearest] >= _NEAR else None
