"""Folders that hold images and, beside them, a label file for each: a mask, or boxes; paired by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from datacheck.manifest import (
    NO_IMAGE,
    HoldsLabels,
    Inventory,
    ItemKind,
    Manifest,
    Modality,
    Question,
    Remedy,
    Task,
    Unread,
    examples_of,
)
from datacheck.pairing.name_matching import match_names, stem
from datacheck.sources.annotations.label_files import read_label_files
from datacheck.sources.files import is_image_name, text
from datacheck.sources.folder_inventory import images_used, left_out, unread_files
from datacheck.sources.folder_roles import LABEL_SUFFIXES, folder_role
from datacheck.sources.label_sets import LabelGroup, divide_by_suffix, glob_of, join_by_names, suffix_rank
from datacheck.sources.layout import Parts
from datacheck.sources.split_words import misspelt_split, normalise_split, split_names
from datacheck.sources.walking import Folder
from datacheck.text import plural

_MASK_NAME = re.compile(rf"[-_. ](?:{'|'.join(LABEL_SUFFIXES)})(?:[-_ ]?\d+)?\.[^/]*$", re.IGNORECASE)
"""File names that end as those of masks do, of the first object or of further ones: ``_mask.png``, ``_mask_1.png``."""

_NUMBER = re.compile(r"[-_ ]?\d+$")

_BOX_EXTENSIONS = frozenset(["txt", "xml", "json"])
"""Extensions of files that hold the boxes of one image."""

_NOT_ONE_IMAGE = frozenset(["classes", "labels", "obj", "notes", "readme", "_classes", "names", "predefined_classes"])
"""Stems of files beside box files that are about all images."""

_MATCHED_SHARE = 0.5
"""Share of the shorter listing, images or label files, that must have a partner by name: else they are no pairs."""

LABEL_FILES_ROLE = "label files, by name"
"""What paired label files are read as, in the inventory."""

BESIDE = "beside the images"
"""The name of the set of label files that lie in the images' own folders."""


@dataclass(frozen=True)
class Pairs:
    """Images and their label files.

    Attributes
    ----------
    images
        Paths below the root, in the order of text within each place.
    labels
        One an image; None where no label file has its name.
    places
        One an image: the parts of its folder's path without those named ``images`` and the like.
    label_set
        Which label files were taken, such as ``masks``.
    orphans
        Label files of that set without an image of their name.
    other_sets
        Label files of other sets, by set.
    """

    images: tuple[str, ...]
    labels: tuple[str | None, ...]
    places: tuple[Parts, ...]
    label_set: str
    orphans: tuple[str, ...]
    other_sets: dict[str, list[str]]

    @property
    def files(self) -> list[str]:
        """All label files that were paired."""
        return [label for label in self.labels if label is not None]


def find_pairs(groups: dict[Parts, LabelGroup]) -> Pairs | None:
    """Return the images and label files of the groups of `label_groups` that hold both; None where they do not.

    Folders named for images and for labels are matched with the rest of their paths the same, in any order of nesting
    (``images/train`` with ``labels/train``, ``train/images`` with ``train/masks``), and so are ``X`` and ``Xannot`` or
    ``X_mask``. Label files may also lie beside the images: ``1.jpg`` with ``1.txt``, or with ``1_mask.png``. Within
    such places files are paired by their names. Of several sets of label files, that with the most pairs is taken.
    """
    join_by_names(groups, BESIDE, _MATCHED_SHARE)
    divide_by_suffix(groups)
    matched = {name: _match(groups, name) for name in {name for group in groups.values() for name in group.labels}}
    ranked = sorted(matched, key=lambda name: (-len(matched[name]), name == BESIDE, suffix_rank(name), name))
    if not ranked or not _are_pairs(groups, ranked[0], len(matched[ranked[0]])):
        return None
    best, label_of = ranked[0], matched[ranked[0]]
    inside = {name for group in groups.values() for name in group.labels.get(best, ())}
    rows = [
        (image, place)
        for place, group in groups.items()
        for image in group.images
        if best != BESIDE or image not in inside
    ]
    return Pairs(
        images=tuple(image for image, _ in rows),
        labels=tuple(label_of.get(image) for image, _ in rows),
        places=tuple(place for _, place in rows),
        label_set=best,
        orphans=tuple(sorted(inside - set(label_of.values()))),
        other_sets={
            name: sorted(label for group in groups.values() for label in group.labels.get(name, ()))
            for name in ranked[1:]
            if name != BESIDE
        },
    )


def label_groups(folders: Sequence[Folder]) -> dict[Parts, LabelGroup]:
    """Return the images and label files of each place, such as a split: of folders whose names say that they match."""
    known = {folder.parts for folder in folders}
    groups: dict[Parts, LabelGroup] = {}
    for folder in sorted(folders, key=lambda folder: folder.parts):
        label_set, place = folder_role(folder.parts, known)
        group = groups.setdefault(place, LabelGroup())
        files = [folder.place(name) for name in folder.names]
        if label_set:
            found = [name for name in files if is_image_name(name) or _is_box_file(name)]
            if found:
                group.labels.setdefault(label_set, []).extend(found)
            continue
        images = [name for name in files if is_image_name(name)]
        group.images += images
        beside = _beside(images, files)
        if beside:
            group.labels.setdefault(BESIDE, []).extend(beside)
    return groups


def _is_box_file(name: str) -> bool:
    base, _, extension = name.rpartition("/")[2].rpartition(".")
    return extension.lower() in _BOX_EXTENSIONS and base.lower() not in _NOT_ONE_IMAGE


def _beside(images: Sequence[str], files: Sequence[str]) -> list[str]:
    """Return the label files among the files of one folder: of an image's own name, or with ``_mask`` behind it."""
    boxes = [name for name in files if _is_box_file(name)]
    masks = [(name, base) for name in images if _MASK_NAME.search(name) and (base := unmasked(stem(name))) is not None]
    if not boxes and not masks:
        return []
    stems = {stem(name) for name in images}
    return [name for name in boxes if stem(name) in stems] or [name for name, base in masks if base in stems]


def unmasked(name: str) -> str | None:
    """Return the stem of the image that a mask's name says; None for a name without such a suffix."""
    name = _NUMBER.sub("", name) if _MASK_NAME.search(f"{name}.") else name
    for end in LABEL_SUFFIXES:
        if name.lower().endswith(end) and name[-len(end) - 1 : -len(end)] in ("_", "-", ".", " "):
            return name[: -len(end) - 1]
    return None


def _match(groups: dict[Parts, LabelGroup], label_set: str) -> dict[str, str]:
    """Return the label file of each image that has one in a set."""
    found: dict[str, str] = {}
    for group in groups.values():
        labels = group.labels.get(label_set, [])
        if label_set == BESIDE:
            by_stem = {unmasked(stem(name)) if is_image_name(name) else stem(name): name for name in labels}
            taken = set(labels)
            found |= {name: by_stem[stem(name)] for name in group.images if name not in taken and stem(name) in by_stem}
        elif labels and group.images:
            matching = match_names(group.images, labels)
            pairs = zip(group.images, matching.label_of.tolist(), strict=True)
            found |= {image: labels[position] for image, position in pairs if position >= 0}
    return found


def _are_pairs(groups: dict[Parts, LabelGroup], label_set: str, n_matched: int) -> bool:
    with_labels = [group for group in groups.values() if group.labels.get(label_set)]
    n_images = sum(len(group.images) for group in with_labels)
    n_labels = sum(len(group.labels[label_set]) for group in with_labels)
    if label_set == BESIDE:
        n_images = sum(len(group.images) for group in groups.values())
        n_labels = n_images - n_labels if any(map(is_image_name, with_labels[0].labels[label_set])) else n_images
    return n_matched >= max(1, _MATCHED_SHARE * min(n_images, n_labels))


def splits_of(places: Sequence[Parts]) -> tuple[dict[str, str], list[str | None]]:
    """Return the split that each word for one stands for, and the split of each place."""
    names = split_names(dict.fromkeys(part for place in places for part in place if normalise_split(part)))
    return names, [next((names[part] for part in place if part in names), None) for place in places]


def pair_manifest(
    pairs: Pairs, folders: Sequence[Folder], root: Path, classes: tuple[str, ...] | None = None
) -> Manifest:
    """Build the manifest of images and their label files, and read those; ``classes`` names their class numbers."""
    names, splits = splits_of(pairs.places)
    columns: dict[str, pa.Array | list[str | None]] = {
        "uri": [text(name) for name in pairs.images],
        "label_uri": pa.array([None if name is None else text(name) for name in pairs.labels], pa.string()),
    }
    if names:
        columns["split"] = splits
    n_unpaired = sum(label is None for label in pairs.labels)
    words = [
        f"images with label files ({pairs.label_set}), paired by name: {plural(len(pairs.images), 'image')}",
        f"splits {', '.join(dict.fromkeys(names.values()))}" if names else "",
        f"{n_unpaired:,} without a label file" if n_unpaired else "",
    ]
    manifest = Manifest.from_columns(
        columns,
        task=Task.PAIRED,
        modality=Modality.IMAGE,
        root=root,
        took_for=f"a folder of images ({root}), {', '.join(word for word in words if word)}",
        inventory=_inventory(pairs, folders, root) + left_out(folders),
    )
    shown = "label files beside the images" if pairs.label_set == BESIDE else _shown(pairs.label_set)
    return read_label_files(manifest, sorted(pairs.files), shown, classes)


def _inventory(pairs: Pairs, folders: Sequence[Folder], root: Path) -> Inventory:
    files = sorted(pairs.files)
    used = (*images_used(pairs.images), *images_used(files, LABEL_FILES_ROLE))
    unread: list[Unread] = []
    if pairs.orphans:
        name = pairs.orphans[0] if len(pairs.orphans) == 1 else f"label files without an image ({pairs.label_set})"
        examples = examples_of(map(text, pairs.orphans))
        unread.append(Unread(name, ItemKind.FILE, NO_IMAGE, HoldsLabels.MAYBE, len(pairs.orphans), examples))
    for name, others in pairs.other_sets.items():
        first = glob_of(root, name, others)
        top = root / Path(pairs.images[0]).parts[0]
        images = (
            f"{top}/**/*{Path(pairs.images[0]).suffix}" if "*" in name else str(root / Path(pairs.images[0]).parent)
        )
        remedy = Remedy(f"datacheck audit {images} {first}", f"datacheck.audit(({images!r}, {first!r}))")
        reason = f"the images were paired with the label files in {pairs.label_set!r}"
        unread.append(
            Unread(
                name if "*" in name else f"{name}/",
                ItemKind.FOLDER,
                reason,
                HoldsLabels.MAYBE,
                len(others),
                examples_of(others),
                remedy,
            )
        )
    seen = {*pairs.images, *files, *pairs.orphans, *(name for others in pairs.other_sets.values() for name in others)}
    rest = [name for folder in folders for name in map(folder.place, folder.names) if name not in seen]
    return Inventory(used, (*unread, *unread_files(rest)), tuple(_questions(pairs)))


def _shown(label_set: str) -> str:
    return label_set if "*" in label_set else f"{label_set}/"


def _questions(pairs: Pairs) -> Iterable[Question]:
    for name in dict.fromkeys(part for place in pairs.places for part in place):
        if meant := misspelt_split(name):
            yield Question(f"the folder {name!r} was not read as a split; {meant!r} may be meant")
    order = Counter(pairs.places)
    wrong: list[tuple[str, str]] = []
    n_compared = 0
    for place in order:
        rows = [row for row, each in enumerate(pairs.places) if each == place]
        images = sorted(pairs.images[row] for row in rows)
        label_of = {pairs.images[row]: pairs.labels[row] for row in rows}
        labels = sorted(label for label in label_of.values() if label is not None)
        if len(labels) == len(images):
            n_compared += len(images)
            wrong += [(image, label) for image, label in zip(images, labels, strict=True) if label_of[image] != label]
    if wrong:
        image, label = wrong[0]
        yield Question(
            f"training code that sorts both listings by text and zips them puts {len(wrong):,} of "
            f"{plural(n_compared, 'image')} beside the label file of another, such as {image!r} beside {label!r}: "
            "pair by name there too"
        )
