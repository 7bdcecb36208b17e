"""Sets of label files: several for each image, as Cityscapes has them, are told apart by the ends of their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from datacheck.pairing.name_matching import stem
from datacheck.sources.layout import Parts


@dataclass
class LabelGroup:
    """The images of one place, such as a split, and the label files for it, by the set that they belong to."""

    images: list[str] = field(default_factory=list)
    labels: dict[str, list[str]] = field(default_factory=dict)


_SHARE = 0.5
"""A set needs a file for at least this share of the images: rarer ends of names are single files."""

_CLASSES = ("trainid", "labelid", "label", "mask", "seg", "class")
"""Words in the ends of names that say that a file holds class numbers, which training reads, the first best."""

_PICTURES = ("color", "colour", "instance", "polygon", "vis", "overlay", "preview", "edge")
"""Words of files that show labels to people, or hold something else."""


def suffix_of(name: str) -> str:
    """Return what stands behind the last number of a file's name, with the extension; nothing where there is no number.

    Examples
    --------
    >>> suffix_of("gt/aachen_000000_000019_gtFine_labelIds.png"), suffix_of("masks/0012.png"), suffix_of("cat.png")
    ('_gtFine_labelIds.png', '.png', '')
    """
    base = stem(name)
    found = re.search(r"\d([^\d/]*)$", base)
    return "" if found is None else found[1] + name[len(base) :]


def divide_by_suffix(groups: Mapping[tuple[str, ...], LabelGroup]) -> None:
    """Divide a set of label files that has several for each image into one set for each end of their names.

    Examples
    --------
    >>> files = [f"gt/{n}_{kind}.png" for n in (1, 2) for kind in ("color", "ids")]
    >>> groups = {(): LabelGroup(["1.jpg", "2.jpg"], {"gt": files})}
    >>> divide_by_suffix(groups)
    >>> sorted(groups[()].labels)
    ['gt/*_color.png', 'gt/*_ids.png']
    """
    n_images = sum(len(group.images) for group in groups.values())
    for label_set in {name for group in groups.values() for name in group.labels}:
        files = [file for group in groups.values() for file in group.labels.get(label_set, ())]
        counts = Counter(map(suffix_of, files))
        usual = {suffix for suffix, count in counts.items() if suffix and count >= _SHARE * n_images}
        if len(usual) < 2:
            continue
        for group in groups.values():
            for file in group.labels.pop(label_set, ()):
                suffix = suffix_of(file)
                name = f"{label_set}/*{suffix}" if suffix in usual else label_set
                group.labels.setdefault(name, []).append(file)


def suffix_rank(label_set: str) -> int:
    """Return how far a set is from class numbers, by the end of its files' names: 0 is the nearest.

    Examples
    --------
    >>> sorted(["gt/*_color.png", "gt/*_instanceIds.png", "gt/*_labelIds.png"], key=suffix_rank)[0]
    'gt/*_labelIds.png'
    """
    end = label_set.rpartition("*")[2].lower()
    if any(word in end for word in _PICTURES):
        return len(_CLASSES) + 1
    return next((rank for rank, word in enumerate(_CLASSES) if word in end), len(_CLASSES))


def glob_of(root: Path, label_set: str, files: Sequence[str]) -> str:
    """Return the folder of a set's files, or a pattern of them where the folder holds other sets too."""
    folder = root / Path(files[0]).parent
    if "*" not in label_set:
        return str(folder)
    top = root / Path(files[0]).parts[0]
    return f"{top}/**/*{label_set.rpartition('*')[2]}"


def join_by_names(groups: dict[Parts, LabelGroup], beside: str, least: float) -> None:
    """Give label files in a folder without images to the folder beside it whose images have their names.

    So ``labels/`` beside ``my_photos/`` is read too, whatever the folder of the images is called. ``beside`` is the set
    of label files in the images' own folders, and ``least`` the share of the names that must be the same.
    """
    for place, group in list(groups.items()):
        if group.images or not group.labels or beside in group.labels:
            continue
        stems = {stem(name).rpartition("/")[2] for names in group.labels.values() for name in names}
        for other, images in groups.items():
            shared = sum(stem(name).rpartition("/")[2] in stems for name in images.images)
            inside = len(other) == len(place) + 1 and other[: len(place)] == place
            if inside and not images.labels and shared >= max(1, least * min(len(images.images), len(stems))):
                images.labels.update(group.labels)
                group.labels.clear()
                break
