"""A folder of images: finding out what says the labels and the splits, and reading it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Question, Remedy, Task, Unread, examples_of
from datacheck.sources.array_folders import open_array_folder
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.class_folders import FolderImages, class_folder_manifest
from datacheck.sources.coco_folder import coco_manifest, find_coco
from datacheck.sources.cvat_folder import cvat_manifest, find_cvat
from datacheck.sources.files import existing, is_image_name, text
from datacheck.sources.folder_inventory import images_used, left_out, split_by_kind, unread_files
from datacheck.sources.folder_tables import FolderTable, find_tables, labelled_tables, unread_tables
from datacheck.sources.folders_or_tables import folders_say_otherwise, labels_from_tables
from datacheck.sources.instance_masks import find_instance_masks, instance_manifest, masks_beside
from datacheck.sources.label_sets import LabelGroup
from datacheck.sources.layout import IMAGE_WORDS, LABEL_WORDS, Layout, Parts, read_layout
from datacheck.sources.listed_images import apply_split_lists, listed_manifest
from datacheck.sources.name_labels import ask_for_pattern, labels_in_names
from datacheck.sources.pair_folders import BESIDE, LABEL_FILES_ROLE, find_pairs, label_groups, pair_manifest
from datacheck.sources.pairs import open_pairs
from datacheck.sources.panoptic import named_unread, set_aside
from datacheck.sources.table_folders import advice_for_tables, open_table_folder
from datacheck.sources.tables_above import table_above
from datacheck.sources.text_lists import CLASS_NAMES_ROLE
from datacheck.sources.walking import Folder, walk
from datacheck.text import listed, plural

_TABLE_OPTIONS = frozenset({"path", "label", "target", "split", "group", "label_separator", "delimiter"})
"""Options that are about a table beside the images."""

_TABLE_LABELS = frozenset({"label", "target", "path"})
"""Those that ask for a table's labels, whatever the folders say."""

_PICKLES = (
    "pickles are not loaded, since they can run code: open the Dataset that reads them, as in "
    "datacheck.audit(torchvision.datasets.CIFAR10(folder)), or save the arrays as .npz"
)
"""What to do about a folder of pickles, such as that of CIFAR."""

_FEWEST_CLASSES = 2
"""Class folders that say labels: a single one may be any folder."""


def open_image_folder(folder: str | Path, options: SourceOptions) -> Manifest:
    """Open a folder of images.

    Where several things say labels, the first of these is read, and the others are named in the inventory: a
    ``metadata`` table as Hugging Face lays it out; label files beside the images, one for each; class folders; a table
    or list that names the images. Splits come from the same place, from folders, or from lists named for them.

    Raises
    ------
    SourceError
        When the folder does not exist, cannot be listed, or holds no image.
    """
    root = Path(os.path.abspath(existing(Path(folder))))  # noqa: PTH100 - must not follow links
    folders, panoptic = set_aside(root, list(walk(root)))
    images, others = split_by_kind(folders)
    if not images:
        manifest = None
        if options.task is not Task.PAIRED:
            manifest = open_array_folder(root, others, options) or open_table_folder(root, others, options)
        if manifest is None:
            raise SourceError(_no_images(root, others))
        return replace(manifest, inventory=manifest.inventory + left_out(folders))
    tables = find_tables(root, folders, images, options)
    groups = label_groups(folders)
    masks = frozenset(name for group in groups.values() for name in masks_beside(group))
    manifest, used = _read(_Found(root, folders, images, tables, groups, masks), options)
    wanted = sorted(_TABLE_OPTIONS.intersection(options.given()))
    if wanted and not used:
        raise SourceError(f"option {wanted[0]!r} is for a table that names the images: found none below {root}")
    manifest, lists = apply_split_lists(manifest, tables)
    manifest, added = labels_from_tables(manifest, tables, used)
    lists |= added
    unread = unread_tables(tables, used | lists, root)
    named = {table.name for table in tables} | _class_name_files(manifest, used)
    paired = "label_uri" in manifest or any(each.role == LABEL_FILES_ROLE for each in manifest.inventory.used)
    read_whole = manifest.task is Task.DETECTION or paired or manifest.has_instances
    rest = () if read_whole else unread_files(name for name in others if text(name) not in named)
    before = replace(
        manifest.inventory, unread=tuple(each for each in manifest.inventory.unread if each.name not in named)
    )
    inventory = before + Inventory(unread=(*unread, *rest)) + left_out(folders)
    if manifest.task is Task.CLASSIFICATION and not used and len(manifest.classes) == 1 and inventory.perhaps_labels:
        names = listed([each.name for each in inventory.perhaps_labels])
        asked = f"one folder holds all images, so that no class differs, and {names} may hold the labels"
        inventory += Inventory(questions=(Question(asked, unjudged=True),))
    manifest = replace(manifest, inventory=inventory)
    return named_unread(manifest, panoptic) if panoptic else manifest


@dataclass(frozen=True)
class _Found:
    """What lies in a folder: its folders, its images, and the tables that name them.

    ``groups`` are those of `label_groups`, and ``masks`` those that lie beside their images, which are of no class.
    """

    root: Path
    folders: list[Folder]
    images: list[str]
    tables: list[FolderTable]
    groups: dict[Parts, LabelGroup]
    masks: frozenset[str]


def _read(found: _Found, options: SourceOptions) -> tuple[Manifest, set[str]]:
    """Read the labels, and return the names of the tables that were used for it."""
    if options.label_pattern is not None:
        return _by_folders(found, _layout(found, options), options), set()
    chosen = labelled_tables(found.tables)
    if chosen and chosen[0].is_metadata:
        return listed_manifest(chosen, found.tables, found.images)
    if options.task in (None, Task.DETECTION) and (names := find_coco(found.root, found.folders)):
        manifest = coco_manifest(found.root, found.folders, names)
        if manifest is not None:
            return manifest, set()
    if options.task in (None, Task.DETECTION) and (names := find_cvat(found.root, found.folders)):
        manifest = cvat_manifest(found.root, found.folders, names[0])
        if manifest is not None:
            return manifest, set()
    if options.task in (None, Task.PAIRED, Task.DETECTION, Task.SEGMENTATION):
        instances = find_instance_masks(found.groups) if options.task in (None, Task.SEGMENTATION) else None
        if instances is not None and not (instances.beside and _say_classes(instances.images, options)):
            return instance_manifest(instances, found.folders, found.root), set()
        pairs = find_pairs(found.groups)
        if pairs is not None and not (pairs.label_set == BESIDE and _say_classes(pairs.images, options)):
            return pair_manifest(pairs, found.folders, found.root, options.classes), set()
    layout = _layout(found, options)
    n_classes = len({label for label in layout.labels if label is not None})
    if chosen and n_classes >= _FEWEST_CLASSES:
        folder_labels = {text(name): layout.label(tuple(name.split("/")[:-1])) for name in found.images}
        if _TABLE_LABELS.intersection(options.given()):
            return listed_manifest(chosen, found.tables, found.images)
        if options.class_level is None and (asked := folders_say_otherwise(folder_labels, chosen)):
            manifest, used = listed_manifest(chosen, found.tables, found.images)
            return replace(manifest, inventory=manifest.inventory + Inventory(questions=(asked,))), used
    unlabelled = [table for table in found.tables if len(table.manifest.extra_columns) or table.is_metadata]
    if n_classes < _FEWEST_CLASSES and (chosen or (unlabelled and not n_classes)):
        return listed_manifest(chosen or unlabelled[:1], found.tables, found.images)
    if not n_classes and options.task in (None, Task.PAIRED) and (listings := _unlike_names(found.folders)):
        return open_pairs((found.root / listings[0], found.root / listings[1]), SourceOptions()), set()
    if options.task is Task.PAIRED:
        raise SourceError(
            f"task='paired': expected folders of images and of label files with the same names below {found.root}, "
            "found none; give the two listings: (images, labels)"
        )
    return _by_folders(found, layout, options), set()


def _images_by_folder(found: _Found) -> dict[Parts, list[str]]:
    """Return the images of each folder, without those in folders named for label files where there are others."""
    by_folder = {
        each.parts: [name for name in each.names if is_image_name(name) and each.place(name) not in found.masks]
        for each in found.folders
    }
    by_folder = {parts: names for parts, names in by_folder.items() if names}
    of_images = {parts: names for parts, names in by_folder.items() if LABEL_WORDS.isdisjoint(map(str.lower, parts))}
    return of_images or by_folder


def _layout(found: _Found, options: SourceOptions) -> Layout:
    """Read what the folders say, the folders in the order in which their images are listed."""
    folders = list(_images_by_folder(found))
    layout = read_layout(folders, options.class_level)
    return read_layout(sorted(folders, key=layout.order), options.class_level)


def _by_folders(found: _Found, layout: Layout, options: SourceOptions) -> Manifest:
    by_folder = _images_by_folder(found)
    ordered = sorted(by_folder, key=layout.order)
    empty = _empty_classes(found.folders, layout)
    images = FolderImages(
        uris=[text("/".join((*parts, name))) for parts in ordered for name in by_folder[parts]],
        lengths=[len(by_folder[parts]) for parts in ordered],
        layout=layout,
        root=found.root,
        empty_classes=tuple(dict.fromkeys(text(parts[-1]) for parts in empty)),
    )
    if options.label_pattern is not None:
        images = replace(images, empty_classes=(), labels=labels_in_names(images.uris, options.label_pattern))
    reason = "an empty class folder: its class has no sample"
    unread = [Unread(text("/".join(parts)) + "/", ItemKind.FOLDER, reason) for parts in empty]
    if found.masks:
        reason = "masks beside the images, whose class folders were read"
        remedy = Remedy.option("task", Task.SEGMENTATION.value)
        some = examples_of(map(text, sorted(found.masks)))
        unread.append(Unread("masks", ItemKind.FILE, reason, HoldsLabels.MAYBE, len(found.masks), some, remedy))
    read = {*images.uris, *map(text, found.masks)}
    labels = sorted(set(found.images).difference(read)) if len(found.images) > len(read) else []
    if labels:
        reason = "their folder is named for label files, and their names are not those of the images"
        unread.append(Unread("label files", ItemKind.FILE, reason, HoldsLabels.YES, len(labels), examples_of(labels)))
    inventory = Inventory(images_used(images.uris), tuple(unread), layout.questions)
    manifest = class_folder_manifest(
        images, options, took_for=f"a folder of images ({found.root})", inventory=inventory
    )
    if manifest.task is not Task.UNLABELLED or options.task is Task.UNLABELLED:
        return manifest
    table = table_above(found.root, images.uris)
    if table is None:
        asked = ask_for_pattern(images.uris)
        return replace(manifest, inventory=inventory + Inventory(questions=(asked,))) if asked else manifest
    hint = f"{text(table.name)} beside the folder names them: give {text(str(table.parent))} to have its labels read"
    return replace(manifest, took_for=f"{manifest.took_for}; {hint}")


def _unlike_names(folders: list[Folder]) -> tuple[str, str] | None:
    """Return a folder of images and one of as many label files, where that is all and the names have nothing in common.

    They can only be zipped, as training code would, and judged by what the files show.
    """
    rest = folders[1:]
    by_name = {each.parts[0].lower(): each for each in rest if len(each.parts) == 1}
    images, labels = sorted(IMAGE_WORDS & by_name.keys()), sorted(LABEL_WORDS & by_name.keys())
    if len(rest) != 2 or len(images) != 1 or len(labels) != 1:
        return None
    first, second = by_name[images[0]], by_name[labels[0]]
    return (first.parts[0], second.parts[0]) if len(first.names) == len(second.names) else None


def _say_classes(images: Sequence[str], options: SourceOptions) -> bool:
    """Return whether files beside the images only add to class folders, such as captions."""
    if options.task is Task.SEGMENTATION:
        return False
    layout = read_layout(sorted({tuple(name.split("/")[:-1]) for name in images}), options.class_level)
    return len({label for label in layout.labels if label is not None}) > 1


def _class_name_files(manifest: Manifest, used: set[str]) -> set[str]:
    """Return the files that name the classes of the tables that were read."""
    names = {each.name for each in manifest.inventory.used if each.role == CLASS_NAMES_ROLE}
    return {f"{table[: table.rfind('/') + 1]}{name}" for table in used for name in names}


def _is_pickle(name: str) -> bool:
    """Return whether a file is a pickle by its name, or a batch of CIFAR's."""
    base = name.rpartition("/")[2].lower()
    return base.endswith((".pkl", ".pickle", ".pt", ".pth")) or base.startswith(("data_batch", "batches.meta"))


def _no_images(root: Path, others: list[str]) -> str:
    zips = [name for name in others if name.lower().endswith((".zip", ".tar.gz", ".tgz", ".rar", ".7z"))]
    advice = (
        f"unpack {zips[0]} first, then open the folder that comes out"
        if zips
        else advice_for_tables(root, others)
        or (_PICKLES if any(_is_pickle(name) for name in others) else None)
        or "check the folder, or open the table that lists the images"
    )
    return f"expected images below {root}, found none among {plural(len(others), 'file')}; {advice}"


def _empty_classes(folders: list[Folder], layout: Layout) -> list[tuple[str, ...]]:
    """Return the class folders without any file, where no other folder of that class holds an image."""
    known = {label for label in layout.labels if label is not None}
    empty = [each.parts for each in folders if not (each.names or each.folders) and layout.is_class_folder(each.parts)]
    return [parts for parts in empty if layout.label(parts) not in known]


def recognises(source: object) -> bool:
    """Any folder that no other source recognises."""
    path = as_path(source)
    return path is not None and path.is_dir()


SOURCE = Source(
    "image-folder",
    frozenset({"task", "classes", "class_level", "label_pattern"}) | _TABLE_OPTIONS,
    recognises,
    open_image_folder,
)
