"""What the folders of an image dataset say about the class and the split of the images in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datacheck.sources.files import normalise_split, split_names

_WRAPPERS = frozenset(["images", "image", "imgs", "img", "jpegimages", "photos", "pictures", "frames", "data"])

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Class and split of each folder of images.

    Attributes
    ----------
    labels, splits
        One entry a folder; None where the folder says nothing.
    words
        What the layout was taken for, such as ``"class folders"``.
    """

    labels: tuple[str | None, ...]
    splits: tuple[str | None, ...]
    words: str


def read_layout(folders: Sequence[Parts]) -> Layout:
    """Tell class and split from the folders that hold images.

    ``class/…``, ``split/class/…`` and ``class/split/…`` are understood, at the top or within folders that hold
    everything. As in torchvision's ``ImageFolder``, what lies deeper within a class folder is of that class.
    Words for a split are those of `normalise_split`.

    Parameters
    ----------
    folders
        The parts of each folder's path below the root; ``()`` for the root itself.

    Examples
    --------
    >>> layout = read_layout([("train", "cat"), ("train", "dog"), ("valid", "cat")])
    >>> layout.labels, layout.splits, layout.words
    (('cat', 'dog', 'cat'), ('train', 'train', 'val'), 'split folders with class folders')
    >>> read_layout([("cat",), ("train",)]).labels
    ('cat', 'train')
    """
    depth = _wrapper_depth(folders)
    below = [parts[depth:] for parts in folders]
    nested = [parts for parts in below if parts]
    if not nested:
        return Layout((None,) * len(folders), (None,) * len(folders), "images without labels")
    if _is_split_first(nested):
        return _split_first(below)
    if _is_class_first(nested):
        names = split_names(dict.fromkeys(parts[1] for parts in nested))
        return Layout(
            tuple(parts[0] if parts else None for parts in below),
            tuple(names[parts[1]] if parts else None for parts in below),
            "class folders with split folders",
        )
    return Layout(tuple(parts[0] if parts else None for parts in below), (None,) * len(folders), "class folders")


def _wrapper_depth(folders: Sequence[Parts]) -> int:
    depth = 0
    while folders and all(len(parts) > depth for parts in folders):
        names = {parts[depth] for parts in folders}
        if len(names) > 1 or normalise_split(next(iter(names))):
            break
        deeper = {parts[depth + 1] for parts in folders if len(parts) > depth + 1}
        holds_all = all(len(parts) > depth + 1 for parts in folders)
        is_class_first = all(normalise_split(name) for name in deeper) and max(map(len, folders)) == depth + 2
        generic = next(iter(names)).lower() in _WRAPPERS
        if not generic and not (holds_all and len(deeper) > 1 and not is_class_first):
            break
        depth += 1
    return depth


def _is_split_first(nested: Sequence[Parts]) -> bool:
    tops = {parts[0] for parts in nested}
    splits = {top for top in tops if normalise_split(top)}
    if splits == tops:
        return True
    with_classes = {parts[0] for parts in nested if len(parts) > 1}
    return bool(splits) and splits <= with_classes


def _is_class_first(nested: Sequence[Parts]) -> bool:
    return all(len(parts) > 1 and normalise_split(parts[1]) is not None for parts in nested)


def _split_first(below: Sequence[Parts]) -> Layout:
    classes = {parts[1] for parts in below if len(parts) > 1 and normalise_split(parts[0])}
    found = dict.fromkeys(
        parts[0] for parts in below if parts and (normalise_split(parts[0]) or (len(parts) > 1 and parts[1] in classes))
    )
    names = split_names(found)
    labels = tuple(parts[1] if len(parts) > 1 and parts[0] in names else None for parts in below)
    splits = tuple(names.get(parts[0]) if parts else None for parts in below)
    return Layout(labels, splits, "split folders with class folders" if classes else "split folders without labels")
