"""What the folders of an image dataset say about the class and the split of the images in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from datacheck.errors import SourceError
from datacheck.manifest import Question, Remedy
from datacheck.sources.split_words import misspelt_split, normalise_split, split_names, splits_within
from datacheck.text import listed, plural

IMAGE_WORDS = frozenset(["images", "imgs", "img", "jpegimages", "jpegs", "jpg", "jpeg", "png", "leftimg8bit"])
"""Names of folders that say "here are the images", and never a class."""

LABEL_WORDS = frozenset(
    (
        *("labels", "masks", "mask", "annotations", "annotation", "annots", "annot", "gt", "gts", "gtfine", "xmls"),
        *("ground_truth", "groundtruth", "ground-truth", "segmentation", "segmentations", "segmentationclass"),
        *("segmentationobject", "segmentation_masks", "segs", "labelstxt", "labeltxt"),
    )
)
"""Names of folders that say "here are the label files", and never a class."""

WRAPPERS = frozenset(["image", "photos", "pictures", "frames", "data", "dataset"])
"""Names of folders that are no class where they are the only folder."""

_FEWEST_CLASSES = 2
"""Class folders beside which a folder ``train`` is a class too, as among vehicles: a lone one is a split."""

_NESTED_SHARE = 0.5
"""Share of the classes with two folders or more in them, from which the user is asked which level holds the class."""

_DOMAIN = re.compile(r"^(train|val|test)_?([AB])$")
"""A split and one of two domains, such as ``trainA``."""

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How the folders of a dataset say class and split.

    Attributes
    ----------
    words
        What the layout was taken for, such as ``"class folders"``.
    wrapper
        Folders around everything, which say nothing.
    class_at, split_at
        Which part of a path below the wrapper is the class and which the split; None where there is none.
    names
        The split that each folder of a split stands for.
    doubled
        Split folders that hold nothing but a folder of their own name, as archives unpack: ``train/train/cat``.
    questions
        What may be meant otherwise.
    labels, splits
        One entry a folder; None where the folder says nothing.
    """

    words: str
    wrapper: Parts = ()
    class_at: int | None = None
    split_at: int | None = None
    names: dict[str, str] = field(default_factory=dict)
    doubled: frozenset[str] = frozenset()
    questions: tuple[Question, ...] = ()
    labels: tuple[str | None, ...] = ()
    splits: tuple[str | None, ...] = ()

    def below(self, folder: Parts) -> Parts:
        """Return the part of a folder's path that can say something."""
        return _once(without_roles(folder)[len(self.wrapper) :], self.doubled)

    def label(self, folder: Parts) -> str | None:
        """Return the class that a folder says."""
        below = self.below(folder)
        if self.class_at is None or (self.split_at == 0 and below and below[0] not in self.names):
            return None
        return below[self.class_at] if len(below) > self.class_at else None

    def split(self, folder: Parts) -> str | None:
        """Return the split that a folder says."""
        below = self.below(folder)
        if self.split_at is None or len(below) <= self.split_at:
            return None
        return self.names.get(below[self.split_at])

    def is_class_folder(self, folder: Parts) -> bool:
        """Return whether a folder stands where the classes stand, neither above them nor below."""
        depth = len(self.below(folder))
        return self.class_at is not None and depth == self.class_at + 1 and self.label(folder) is not None

    def order(self, folder: Parts) -> tuple[str, str, str]:
        """Return the key that folders are listed by: split, class, path, each as text.

        Within a split it is the order of torchvision's ``ImageFolder``.
        """
        below = self.below(folder)
        top = below[0] if self.split_at == 0 and below else ""
        return top, self.label(folder) or "", "/".join(folder)


def without_roles(folder: Parts) -> Parts:
    """Return a path without the folders that are named for what they hold, such as ``images``.

    The folders of an unpaired translation between two domains (CycleGAN) name split and domain in one word.

    Examples
    --------
    >>> without_roles(("train", "Images", "cat")), without_roles(("trainA",))
    (('train', 'cat'), ('train', 'A'))
    """
    kept = [part for part in folder if part.lower() not in IMAGE_WORDS | LABEL_WORDS]
    return tuple(word for part in kept for word in (_DOMAIN.findall(part) or [(part,)])[0])


def read_layout(folders: Sequence[Parts], class_level: int | None = None) -> Layout:
    """Return what the folders that hold images say about class and split.

    ``class/…``, ``split/class/…`` and ``class/split/…`` are understood, at the top or within folders that hold
    everything, with folders such as ``images`` anywhere between. As in torchvision's ``ImageFolder``, what lies deeper
    within a class folder is of that class. Words for a split are those of `normalise_split`.

    Parameters
    ----------
    folders
        The parts of each folder's path below the root; ``()`` for the root itself.
    class_level
        Which level of nested class folders is the class, 1 for the upper one; 1 where it is None.

    Raises
    ------
    SourceError
        When there is no such level.

    Examples
    --------
    >>> layout = read_layout([("train", "cat"), ("train", "dog"), ("valid", "cat")])
    >>> layout.labels, layout.splits, layout.words
    (('cat', 'dog', 'cat'), ('train', 'train', 'val'), 'split folders with class folders')
    >>> read_layout([("cat", "a"), ("cat", "b"), ("dog", "c"), ("dog", "d")], class_level=2).labels
    ('a', 'b', 'c', 'd')
    """
    cleaned = [without_roles(folder) for folder in folders]
    wrapper = _wrapper(cleaned)
    below = [parts[len(wrapper) :] for parts in cleaned]
    doubled = _doubled(below)
    below = [_once(parts, doubled) for parts in below]
    layout = replace(_kind(below), wrapper=wrapper, doubled=doubled)
    if class_level is not None:
        layout = _at_level(layout, below, class_level)
    layout = replace(
        layout,
        labels=tuple(layout.label(folder) for folder in folders),
        splits=tuple(layout.split(folder) for folder in folders),
    )
    return replace(layout, questions=_questions(layout, below, class_level))


def _wrapper(folders: Sequence[Parts]) -> Parts:
    """Return the folders around everything that are neither a class nor a split."""
    wrapper: Parts = ()
    while folders and all(len(parts) > len(wrapper) for parts in folders):
        depth = len(wrapper)
        names = {parts[depth] for parts in folders}
        if len(names) > 1 or normalise_split(name := next(iter(names))):
            break
        deeper = {parts[depth + 1 :] for parts in folders}
        is_class_first = max(map(len, deeper)) == 1 and all(parts and normalise_split(parts[0]) for parts in deeper)
        holds_images_itself = () in deeper
        if name.lower() not in WRAPPERS and (holds_images_itself or len(deeper) < 2 or is_class_first):
            break
        wrapper = (*wrapper, name)
    return wrapper


def _doubled(below: Sequence[Parts]) -> frozenset[str]:
    """Return the split folders that hold nothing but a folder of their own name.

    Examples
    --------
    >>> _doubled([("train", "train", "cat"), ("train", "train", "dog"), ("test", "cat")])
    frozenset({'train'})
    >>> _doubled([("train", "train"), ("train", "car")])
    frozenset()
    """
    tops = {parts[0] for parts in below if parts and normalise_split(parts[0])}
    return frozenset(
        top
        for top in tops
        if all(len(parts) > 1 and parts[1].lower() == top.lower() for parts in below if parts and parts[0] == top)
    )


def _once(below: Parts, doubled: frozenset[str]) -> Parts:
    return (below[0], *below[2:]) if below and below[0] in doubled else below


def _kind(below: Sequence[Parts]) -> Layout:
    nested = [parts for parts in below if parts]
    if not nested:
        return Layout("images without labels")
    tops = {parts[0] for parts in nested}
    splits = {top for top in tops if normalise_split(top)}
    with_classes = {parts[0] for parts in nested if len(parts) > 1}
    if splits and (splits == tops or splits <= with_classes or len(tops - splits) < _FEWEST_CLASSES):
        return _split_first(nested)
    if not splits and (within := splits_within(tops)):
        return replace(_split_first(nested), names=within)
    if all(len(parts) > 1 and normalise_split(parts[1]) is not None for parts in nested):
        names = split_names(dict.fromkeys(parts[1] for parts in nested))
        return Layout("class folders with split folders", class_at=0, split_at=1, names=names)
    return Layout("class folders", class_at=0)


def _split_first(nested: Sequence[Parts]) -> Layout:
    """Folders that hold the classes of the splits are splits too, whatever their name."""
    classes = {parts[1] for parts in nested if len(parts) > 1 and normalise_split(parts[0])}
    found = dict.fromkeys(
        parts[0]
        for parts in nested
        if normalise_split(parts[0])
        or (len(parts) > 1 and parts[1] in classes)
        or (misspelt_split(parts[0]) and not classes)
    )
    words = "split folders with class folders" if classes else "split folders without labels"
    return Layout(words, class_at=1 if classes else None, split_at=0, names=split_names(found))


def _at_level(layout: Layout, below: Sequence[Parts], level: int) -> Layout:
    if level < 1:
        raise SourceError(f"class_level: expected 1 for the upper class folders, 2 for those in them, found {level}")
    upper = 1 if layout.split_at == 0 else 0
    wanted = upper + level - 1
    if not any(len(parts) > wanted for parts in below):
        deepest = max((len(parts) for parts in below), default=0) - upper
        raise SourceError(
            f"class_level={level}: expected images that many class folders deep, found {max(0, deepest)} at most"
        )
    return replace(layout, words=f"{layout.words or 'class folders'} at level {level}", class_at=wanted)


def _questions(layout: Layout, below: Sequence[Parts], class_level: int | None) -> tuple[Question, ...]:
    questions = []
    for name in layout.names:
        meant = misspelt_split(name)
        if meant is not None:
            questions.append(Question(f"the folder {name!r} was read as a split of its own; {meant!r} may be meant"))
    classes = Counter(label for label in layout.labels if label is not None)
    if layout.class_at is None or not classes:
        return tuple(questions)
    level_below = _classes_below(layout, below)
    n_below = sum(map(len, level_below.values()))
    nested = sum(len(names) > 1 for names in level_below.values()) >= _NESTED_SHARE * len(classes)
    deeper = Remedy.option("class_level", 2) if nested else None
    if len(classes) == 1:
        name = next(iter(classes))
        questions.append(Question(f"all images with a class are of one, the folder {name!r}", deeper))
    elif nested and class_level is None:
        questions.append(
            Question(
                f"the class folders hold folders: the upper level was read as the class, as ImageFolder does "
                f"({plural(len(classes), 'class', 'classes')} such as {listed(sorted(classes), 2)}); the level below "
                f"has {n_below:,}",
                deeper,
            )
        )
    words = [name for name in sorted(classes) if normalise_split(name)]
    if words:
        questions.append(Question(f"the folder {listed(words)} was read as a class, not as a split"))
    return tuple(questions)


def _classes_below(layout: Layout, below: Sequence[Parts]) -> dict[str, set[str]]:
    """Return the names of the folders directly in each class."""
    found: dict[str, set[str]] = {}
    at = layout.class_at or 0
    for parts, label in zip(below, layout.labels, strict=True):
        if label is not None and len(parts) > at + 1 and layout.split_at != at + 1:
            found.setdefault(label, set()).add(parts[at + 1])
    return found
