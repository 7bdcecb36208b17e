"""A folder of images: class folders, with or without split folders, or images without labels."""

from __future__ import annotations

import os
from pathlib import Path

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, ItemKind, Manifest, Task, Unread
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.class_folders import FolderImages, class_folder_manifest
from datacheck.sources.files import existing, is_image_name, text
from datacheck.sources.folder_inventory import images_used, left_out, split_by_kind, unread_files
from datacheck.sources.layout import IMAGE_WORDS, LABEL_WORDS, Layout, read_layout
from datacheck.sources.pair_folders import BESIDE, Pairs, find_pairs, pair_manifest
from datacheck.sources.pairs import open_pairs
from datacheck.sources.walking import Folder, walk
from datacheck.text import plural


def open_image_folder(folder: str | Path, options: SourceOptions) -> Manifest:
    """Open a folder of images.

    Raises
    ------
    SourceError
        When the folder does not exist, cannot be listed, or holds no image.
    """
    root = Path(os.path.abspath(existing(Path(folder))))  # noqa: PTH100 - must not follow links
    folders = list(walk(root))
    images, others = split_by_kind(folders)
    if not images:
        raise SourceError(_no_images(root, others))
    pairs = find_pairs(folders) if options.task in (None, Task.PAIRED) else None
    if pairs is not None and not _say_classes(pairs, folders, options):
        return pair_manifest(pairs, folders, root)
    if options.task in (None, Task.PAIRED) and (listings := _unlike_names(folders)):
        return open_pairs((root / listings[0], root / listings[1]), SourceOptions())
    if options.task is Task.PAIRED:
        raise SourceError(
            f"task='paired': expected folders of images and of label files with the same names below {root}, "
            "found none; give the two listings: (images, labels)"
        )
    by_folder = {
        each.parts: names for each in folders if (names := [name for name in each.names if is_image_name(name)])
    }
    layout = read_layout(list(by_folder), options.class_level)
    ordered = sorted(by_folder, key=layout.order)
    layout = read_layout(ordered, options.class_level)
    empty = _empty_classes(folders, layout)
    found = FolderImages(
        uris=[text("/".join((*parts, name))) for parts in ordered for name in by_folder[parts]],
        lengths=[len(by_folder[parts]) for parts in ordered],
        layout=layout,
        root=root,
        empty_classes=tuple(dict.fromkeys(text(parts[-1]) for parts in empty)),
    )
    inventory = _inventory(images, others, folders, empty, layout)
    return class_folder_manifest(found, options, took_for=f"a folder of images ({root})", inventory=inventory)


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


def _say_classes(pairs: Pairs, folders: list[Folder], options: SourceOptions) -> bool:
    """Tell whether files beside the images only add to class folders, such as captions."""
    if pairs.label_set != BESIDE:
        return False
    layout = read_layout(sorted({tuple(name.split("/")[:-1]) for name in pairs.images}), options.class_level)
    return len({label for label in layout.labels if label is not None}) > 1


def _no_images(root: Path, others: list[str]) -> str:
    zips = [name for name in others if name.lower().endswith((".zip", ".tar.gz", ".tgz", ".rar", ".7z"))]
    advice = (
        f"unpack {zips[0]} first, then open the folder that comes out"
        if zips
        else "check the folder, or open the table that lists the images"
    )
    return f"expected images below {root}, found none among {plural(len(others), 'file')}; {advice}"


def _empty_classes(folders: list[Folder], layout: Layout) -> list[tuple[str, ...]]:
    """Return the class folders without any file, where no other folder of that class holds an image."""
    known = {label for label in layout.labels if label is not None}
    empty = [each.parts for each in folders if not (each.names or each.folders) and layout.is_class_folder(each.parts)]
    return [parts for parts in empty if layout.label(parts) not in known]


def _inventory(
    images: list[str], others: list[str], folders: list[Folder], empty: list[tuple[str, ...]], layout: Layout
) -> Inventory:
    unread = tuple(
        Unread(text("/".join(parts)) + "/", ItemKind.FOLDER, "an empty class folder: its class has no sample")
        for parts in empty
    )
    read = Inventory(images_used(images), (*unread_files(others), *unread), layout.questions)
    return read + left_out(folders)


def recognises(source: object) -> bool:
    """Any folder that no other source wants."""
    path = as_path(source)
    return path is not None and path.is_dir()


SOURCE = Source("image-folder", frozenset({"task", "classes", "class_level"}), recognises, open_image_folder)
