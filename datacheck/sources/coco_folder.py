"""A folder of images with COCO files that say what is in them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import (
    AnnotationFormat,
    HoldsLabels,
    Inventory,
    ItemKind,
    Manifest,
    Modality,
    Objects,
    Remedy,
    Task,
    Unit,
    Unread,
    Used,
    class_lists,
    examples_of,
)
from datacheck.manifest.annotations import PROBLEM, with_classes
from datacheck.sources.annotations.base import distinct_names
from datacheck.sources.annotations.coco import MOST_ORPHANS, CocoFile, looks_like_coco, read_coco
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.files import existing, text
from datacheck.sources.folder_inventory import images_used, left_out, split_by_kind, unread_files
from datacheck.sources.split_words import normalise_split
from datacheck.sources.walking import Folder, walk
from datacheck.text import plural

_PLACE_NAMES = 200
"""File names of a COCO file that are looked up to find the folder that they are relative to."""

_ANNOTATION_FOLDERS = frozenset({"annotations", "annotation", "labels", "json", "coco"})
"""Folders beside the images in which people keep the COCO files."""


@dataclass(frozen=True)
class CocoPart:
    """One COCO file and the images it lists.

    Attributes
    ----------
    name
        The path of the file below the root.
    file
        What it holds.
    folder
        The folder that its file names are relative to, below the root; empty for the root itself.
    uris
        The images, in the order of the file, below the root.
    split
        The split that its name says; None where it says none.
    """

    name: str
    file: CocoFile
    folder: str
    uris: tuple[str, ...]
    split: str | None


def find_coco(root: Path, folders: Sequence[Folder]) -> list[str]:
    """Return the COCO files of a folder, below the root."""
    images, others = split_by_kind(folders)
    stems = {name.rpartition("/")[2].rpartition(".")[0] for name in images}
    names = [name for name in others if name.lower().endswith(".json")]
    about_many = (name for name in names if name.rpartition("/")[2].rpartition(".")[0] not in stems)
    return [name for name in about_many if looks_like_coco(root / name)]


def coco_manifest(root: Path, folders: Sequence[Folder], names: Sequence[str]) -> Manifest | None:
    """Build the manifest of images that COCO files list; None where none of the files has boxes of images here.

    Of several files about the same images, the one named for instances is read, else that with the most boxes.
    """
    images, others = split_by_kind(folders)
    known = {text(name) for name in images}
    parts = [part for name in names if (part := _part(root, name, known)) is not None]
    parts.sort(key=lambda part: ("instance" not in part.name.lower(), -part.file.n_objects, part.name))
    taken: list[CocoPart] = []
    seen: set[str] = set()
    for part in parts:
        if part.file.n_objects and seen.isdisjoint(part.uris):
            taken.append(part)
            seen.update(part.uris)
    if not taken:
        return None
    taken.sort(key=lambda part: part.name)
    left = [name for name in names if name not in {part.name for part in taken}]
    inventory = _inventory(root, taken, left, known, others) + left_out(folders)
    return _manifest(root, taken, known, inventory)


def _part(root: Path, name: str, known: set[str]) -> CocoPart | None:
    file = read_coco(root / name)
    folder = _folder_of(name, file.file_names, known)
    uris = tuple(_below(folder, each) for each in file.file_names)
    words = re.split(r"[^a-z]+", name.lower())
    split = next((found for word in reversed(words) if (found := normalise_split(word)) is not None), None)
    if split is None:
        split = next((found for word in folder.split("/") if (found := normalise_split(word)) is not None), None)
    return CocoPart(name, file, folder, uris, split)


def _below(folder: str, name: str) -> str:
    path = os.path.normpath(f"{folder}/{name}" if folder else name)
    return path if not path.startswith(("..", "/")) else name


def _folder_of(name: str, file_names: Sequence[str], known: set[str]) -> str:
    """Return the folder that the file names of a COCO file are relative to: where the most of them are."""
    step = max(1, len(file_names) // _PLACE_NAMES)
    some = [each.removeprefix("./") for each in file_names[::step]]
    folders = {""}
    for uri in known:
        parts = uri.split("/")[:-1]
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    own = name.rpartition("/")[0]
    words = set(re.split(r"[^a-z0-9]+", name.lower()))

    def rank(folder: str) -> tuple[int, int, bool, int, str]:
        hits = sum((f"{folder}/{each}" if folder else each) in known for each in some)
        alike = len(words & set(re.split(r"[^a-z0-9]+", folder.lower())))
        return (-hits, -alike, folder != own, folder.count("/"), folder)

    return min(folders, key=rank)


def _manifest(root: Path, parts: Sequence[CocoPart], known: set[str], inventory: Inventory) -> Manifest:
    categories = dict(sorted((number, name) for part in parts for number, name in part.file.categories.items()))
    classes = distinct_names(categories.values())
    unlisted = _unlisted(parts, known)
    table = pa.concat_tables(_rows(part, unlisted[part.name], categories) for part in parts)
    read = np.asarray(table["listed"].to_numpy())
    objects = Objects.of_column(table["annotated_objects"])
    splits = list(dict.fromkeys(part.split for part in parts if part.split))
    table = table.drop_columns(["listed", *([] if splits else ["split"])])
    table = table.append_column("labels", class_lists(objects, len(read), read, classes))
    orphans = [name for part in parts for name in part.file.orphans][:MOST_ORPHANS]
    words = [
        f"a folder of images with COCO annotations ({root}): {plural(len(read), 'image')}",
        f"splits {', '.join(splits)}" if splits else "",
        f"{plural(len(objects), 'object')} of {plural(len(classes), 'class', 'classes')}",
        f"{int((~read).sum()):,} not listed" if not read.all() else "",
    ]
    return Manifest.from_columns(
        table,
        task=Task.DETECTION,
        modality=Modality.IMAGE,
        root=root,
        classes=classes,
        took_for=", ".join(word for word in words if word),
        inventory=inventory,
        annotation_format=AnnotationFormat(
            "COCO",
            Unit.PIXELS,
            place="annotation id",
            declared=True,
            class_ids=tuple(categories),
            orphans=tuple(orphans),
            n_orphans=sum(part.file.n_orphans for part in parts),
        ),
    )


def _unlisted(parts: Sequence[CocoPart], known: set[str]) -> dict[str, list[str]]:
    """Return the images of the files' folders that no file lists, by the first file about their folder."""
    listed = {uri for part in parts for uri in part.uris}
    first: dict[str, str] = {}
    for part in parts:
        for uri in part.uris:
            first.setdefault(uri.rpartition("/")[0], part.name)
    found: dict[str, list[str]] = {part.name: [] for part in parts}
    for uri in sorted(known.difference(listed)):
        if (name := first.get(uri.rpartition("/")[0])) is not None:
            found[name].append(uri)
    return found


def _rows(part: CocoPart, unlisted: Sequence[str], categories: dict[int, str]) -> pa.Table:
    """Return the rows of one file: the images that it lists, then those that it does not."""
    file, nothing = part.file, [None] * len(unlisted)
    n_rows = len(part.uris) + len(unlisted)
    objects = with_classes(file.objects, list(file.categories), list(categories))
    return pa.table(
        {
            "uri": pa.array([*map(text, part.uris), *unlisted], pa.string()),
            "split": pa.array([part.split] * n_rows, pa.string()),
            "annotation_file": pa.array([part.name] * n_rows, pa.string()),
            "annotated_width": pa.array([*file.widths, *nothing], pa.int32()),
            "annotated_height": pa.array([*file.heights, *nothing], pa.int32()),
            "annotated_objects": _padded(objects, len(unlisted)),
            "annotation_problems": _padded(file.problems, len(unlisted)).cast(pa.list_(PROBLEM)),
            "listed": np.arange(n_rows) < len(part.uris),
        }
    )


def _padded(lists: pa.Array, n_more: int) -> pa.Array:
    return lists if not n_more else pa.concat_arrays([lists, pa.array([[]] * n_more, lists.type)])


def _inventory(
    root: Path, parts: Sequence[CocoPart], left: Sequence[str], known: set[str], others: Sequence[str]
) -> Inventory:
    used = [Used(part.name, ItemKind.FILE, f"boxes of {plural(len(part.uris), 'image')} (COCO)") for part in parts]
    folders = {uri.rpartition("/")[0] for part in parts for uri in part.uris}
    inside = sorted(uri for uri in known if uri.rpartition("/")[0] in folders)
    outside = sorted(known.difference(inside))
    unread = [_left(root, name) for name in left]
    if outside:
        reason = "their folder is not one whose images the COCO files list"
        unread.append(Unread("images", ItemKind.FILE, reason, HoldsLabels.NO, len(outside), examples_of(outside)))
    seen = {*left, *(part.name for part in parts)}
    rest = unread_files(name for name in others if text(name) not in seen)
    return Inventory((*images_used(inside), *used), (*unread, *rest))


def _left(root: Path, name: str) -> Unread:
    reason = "another COCO file about the same images was read, or this one has no boxes of images here"
    path = str(root / name)
    remedy = Remedy(f"datacheck audit {path}", f"datacheck.audit({path!r})")
    return Unread(name, ItemKind.FILE, reason, HoldsLabels.MAYBE, remedy=remedy)


def open_coco(source: Any, options: SourceOptions) -> Manifest:
    """Open a COCO file, alone or as ``(folder of images, file)``.

    Raises
    ------
    SourceError
        When the file does not exist or is no COCO file, or none of its images is found.
    """
    folder, path = _places(source)
    path = Path(os.path.abspath(existing(path)))  # noqa: PTH100 - must not follow links
    root = Path(os.path.commonpath([path.parent, folder])) if folder is not None else _root_of(path)
    folders = [each for each in walk(root) if folder is None or (root.joinpath(*each.parts)).is_relative_to(folder)]
    name = text(path.relative_to(root).as_posix())
    manifest = coco_manifest(root, folders, [name])
    if manifest is None:
        raise SourceError(
            f"expected boxes of images below {root} in {path}, found none: give the folder of the images too"
        )
    return manifest


def _places(source: Any) -> tuple[Path | None, Path]:
    if isinstance(source, tuple):
        folder, path = Path(source[0]), Path(source[1])
        return Path(os.path.abspath(existing(folder))), path  # noqa: PTH100
    return None, Path(source)


def _root_of(path: Path) -> Path:
    """Return the folder of the dataset of a COCO file: its own, or the one above a folder for annotations."""
    return path.parent.parent if path.parent.name.lower() in _ANNOTATION_FOLDERS else path.parent


def recognises(source: object) -> bool:
    """Whether a source is a COCO file, or a folder and a COCO file."""
    if isinstance(source, tuple):
        if len(source) != 2 or any(as_path(each) is None for each in source):
            return False
        return Path(source[0]).is_dir() and _is_coco(Path(source[1]))
    path = as_path(source)
    return path is not None and _is_coco(path)


def _is_coco(path: Path) -> bool:
    return path.suffix.lower() == ".json" and path.is_file() and looks_like_coco(path)


SOURCE = Source("coco", frozenset({"task", "classes"}), recognises, open_coco)
