"""Folders of images with one mask file an object: several files for each image, found by their folder or by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    Task,
    Unread,
    examples_of,
    natural_sorted,
)
from datacheck.pairing.name_matching import stem
from datacheck.sources.files import is_image_name, text
from datacheck.sources.folder_inventory import images_used, left_out, unread_files
from datacheck.sources.label_sets import LabelGroup
from datacheck.sources.layout import Parts
from datacheck.sources.pair_folders import BESIDE, splits_of, unmasked
from datacheck.sources.walking import Folder
from datacheck.text import plural

_NUMBERED = re.compile(r"[-_. ](?:\w*[-_. ])?\d+$")
"""What stands behind the image's name in that of a mask of one object: ``_0``, ``_mask_12``."""

_SHARE = 0.5
"""Share of the images, and of the mask files, that must have been matched: else the files are something else."""


@dataclass
class InstanceMasks:
    """Images and the mask files of their objects.

    Attributes
    ----------
    images
        Paths below the root.
    files
        The mask files of each image; empty where it has none.
    places
        One an image: the parts of its folder's path without those named ``images`` and the like.
    orphans
        Mask files whose image is not there.
    beside
        Whether the masks lie in the folders of the images.
    """

    images: list[str] = field(default_factory=list)
    files: list[list[str]] = field(default_factory=list)
    places: list[Parts] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    beside: bool = False

    @property
    def are_instances(self) -> bool:
        """Whether some image has several files, and most images and files have been matched.

        Folders at the top without any mask, such as that of a test set, do not count.
        """
        n_files, n_with = sum(map(len, self.files)), sum(map(bool, self.files))
        several = any(len(files) > 1 for files in self.files)
        tops = {place[:1] for place, files in zip(self.places, self.files, strict=True) if files}
        n_images = sum(place[:1] in tops for place in self.places)
        return several and n_with >= _SHARE * n_images and n_files >= _SHARE * (n_files + len(self.orphans))

    @property
    def numbers(self) -> set[tuple[str, ...]]:
        """The names of the masks of an image without its own name, for all images that have some."""
        return {
            tuple(stem(name).rpartition("/")[2].removeprefix(stem(image).rpartition("/")[2]) for name in files)
            for image, files in zip(self.images, self.files, strict=True)
            if files
        }


def find_instance_masks(groups: Mapping[Parts, LabelGroup]) -> InstanceMasks | None:
    """Return the images with several mask files each among the groups of `label_groups`; None for any other dataset.

    The files of an image lie in a folder beside its own, in a folder of its name, or have its name before a number:
    ``1/images/1.png`` with ``1/masks/…``, ``images/1.png`` with ``masks/1/…`` or with ``masks/1_0.png``; or beside it:
    ``1.png`` with ``1_mask.png`` and ``1_mask_1.png``.
    """
    beside = _beside(groups)
    if beside.are_instances:
        return beside
    masks = {place: _mask_files(group) for place, group in groups.items()}
    if not any(masks.values()):
        return None
    for by in (_by_folder_beside, _by_own_folder, _by_number):
        found = by(groups, masks)
        if found.are_instances:
            return found
    return None


def _beside(groups: Mapping[Parts, LabelGroup]) -> InstanceMasks:
    found = InstanceMasks(beside=True)
    for place, group in groups.items():
        masks = masks_beside(group)
        files: dict[str | None, list[str]] = {}
        for name in natural_sorted(masks):
            files.setdefault(unmasked(stem(name)), []).append(name)
        for image in group.images:
            if image not in masks:
                found.images.append(image)
                found.files.append(files.get(stem(image), []))
                found.places.append(place)
    return found


def masks_beside(group: LabelGroup) -> set[str]:
    """Return the masks of a group that lie beside their images."""
    return set(filter(is_image_name, group.labels.get(BESIDE, ())))


def _mask_files(group: LabelGroup) -> list[str]:
    """Return the images in the folders of label files; nothing where there are other files too."""
    files = [name for label_set, names in group.labels.items() if label_set != BESIDE for name in names]
    return natural_sorted(files) if all(map(is_image_name, files)) else []


def _by_folder_beside(groups: Mapping[Parts, LabelGroup], masks: Mapping[Parts, list[str]]) -> InstanceMasks:
    found = InstanceMasks()
    for place, group in groups.items():
        alone = len(group.images) == 1
        for image in group.images:
            found.images.append(image)
            found.files.append(masks[place] if alone else [])
            found.places.append(place)
        if not alone:
            found.orphans += masks[place]
    return found


def _by_own_folder(groups: Mapping[Parts, LabelGroup], masks: Mapping[Parts, list[str]]) -> InstanceMasks:
    found, taken = InstanceMasks(), set()
    for place, group in groups.items():
        for image in group.images:
            own = (*place, stem(image).rpartition("/")[2])
            taken.add(own)
            found.images.append(image)
            found.files.append(masks.get(own, []))
            found.places.append(place)
    found.orphans = [name for place, files in masks.items() if place not in taken for name in files]
    return found


def _by_number(groups: Mapping[Parts, LabelGroup], masks: Mapping[Parts, list[str]]) -> InstanceMasks:
    found = InstanceMasks()
    for place, group in groups.items():
        files: dict[str, list[str]] = {stem(image).rpartition("/")[2]: [] for image in group.images}
        for name in masks[place]:
            own = stem(name).rpartition("/")[2]
            end = _NUMBERED.search(own)
            image = None if own in files else next((own[:k] for k in _cuts(own, end) if own[:k] in files), None)
            if image is None:
                found.orphans.append(name)
            else:
                files[image].append(name)
        for image in group.images:
            found.images.append(image)
            found.files.append(files[stem(image).rpartition("/")[2]])
            found.places.append(place)
    return found


def _cuts(name: str, end: re.Match[str] | None) -> list[int]:
    """Return where the image's name can end before a number, the longest first.

    Examples
    --------
    >>> [("a_1_mask_2")[:k] for k in _cuts("a_1_mask_2", _NUMBERED.search("a_1_mask_2"))]
    ['a_1_mask', 'a_1', 'a']
    """
    if end is None:
        return []
    return [k for k in range(len(name) - 1, 0, -1) if name[k] in "-_. " and _NUMBERED.fullmatch(name[k:])]


def instance_manifest(found: InstanceMasks, folders: Sequence[Folder], root: Path) -> Manifest:
    """Build the manifest of images with one mask file an object; no mask is opened."""
    names, splits = splits_of(found.places)
    files = [[text(name) for name in each] or None for each in found.files]
    columns: dict[str, pa.Array | list[str | None]] = {
        "uri": [text(name) for name in found.images],
        "mask_files": pa.array(files, pa.list_(pa.string())),
    }
    if names:
        columns["split"] = splits
    every = [name for each in found.files for name in each]
    seen = {*found.images, *every, *found.orphans}
    rest = [place for folder in folders for place in map(folder.place, folder.names) if place not in seen]
    unread = unread_files(rest)
    if found.orphans:
        shown = "mask files without an image" if len(found.orphans) > 1 else found.orphans[0]
        examples = examples_of(map(text, found.orphans))
        orphans = Unread(shown, ItemKind.FILE, NO_IMAGE, HoldsLabels.MAYBE, len(found.orphans), examples)
        unread = (orphans, *unread)
    used = (*images_used(found.images), *images_used(every, "masks of one object each"))
    n_without = sum(not each for each in found.files)
    words = [
        f"images with one mask file an object: {plural(len(found.images), 'image')}, {plural(len(every), 'mask')}",
        f"splits {', '.join(dict.fromkeys(names.values()))}" if names else "",
        f"{n_without:,} without a mask" if n_without else "",
    ]
    return Manifest.from_columns(
        columns,
        task=Task.SEGMENTATION,
        modality=Modality.IMAGE,
        root=root,
        took_for=f"a folder of images ({root}), {', '.join(word for word in words if word)}",
        inventory=Inventory(used, unread, _questions(found)) + left_out(folders),
    )


def _questions(found: InstanceMasks) -> tuple[Question, ...]:
    if len(found.numbers) > 1 or len(found.images) == 1:
        return ()
    shown = ", ".join(repr(name) for name in sorted(found.numbers)[0][:3])
    return (
        Question(
            f"each image has masks of the same names, such as {shown}: if they are classes or readers, not objects, "
            "merge them into one mask of classes, or keep one reader"
        ),
    )
