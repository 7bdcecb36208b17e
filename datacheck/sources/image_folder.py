"""A folder of images: class folders, with or without split folders, or images without labels."""

from __future__ import annotations

import os
from pathlib import Path

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, ItemKind, Manifest, Unread
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.class_folders import FolderImages, class_folder_manifest
from datacheck.sources.files import existing, is_image_name, text
from datacheck.sources.folder_inventory import images_used, left_out, split_by_kind, unread_files
from datacheck.sources.layout import Layout, read_layout
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
