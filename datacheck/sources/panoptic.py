"""COCO's panoptic annotations: recognised and set aside, so that their pictures are taken for nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from datacheck.manifest import COLOUR_BASE, HoldsLabels, Inventory, ItemKind, Manifest, Task, Unread, examples_of
from datacheck.sources.files import is_image_name, text
from datacheck.sources.walking import Folder
from datacheck.text import plural

_PROBE_BYTES = 1 << 16
"""Bytes at the start and at the end of a JSON file that are searched for `_KEY`; COCO's categories are 13 kB."""

_KEY = b'"segments_info"'

_MOST_BYTES = 1 << 32
"""Larger files (4 GB) are not looked at."""


class _Segment(msgspec.Struct):
    id: int


class _Annotation(msgspec.Struct):
    segments_info: list[_Segment]
    file_name: str = ""


class _File(msgspec.Struct):
    annotations: list[_Annotation]


@dataclass(frozen=True)
class Panoptic:
    """A file of panoptic segments below the root, the folder of its pictures and those; empty where there are none."""

    name: str
    folder: str = ""
    pictures: tuple[str, ...] = ()


def set_aside(root: Path, folders: Sequence[Folder]) -> tuple[list[Folder], tuple[Panoptic, ...]]:
    """Return the folders without panoptic annotations, and those; all as it is where no other image would be left."""
    files = [(folder, name) for folder in folders for name in folder.names if name.lower().endswith(".json")]
    if not files:
        return list(folders), ()
    images = {name.rpartition(".")[0] for each in folders for name in each.names if is_image_name(name)}
    about_many = [folder.place(name) for folder, name in files if name.rpartition(".")[0] not in images]
    found = [panoptic for name in about_many if (panoptic := _read(root, name, folders)) is not None]
    if not found:
        return list(folders), ()
    taken = {place for each in found for place in (each.name, *each.pictures)}
    rest = [
        replace(each, names=tuple(name for name in each.names if each.place(name) not in taken)) for each in folders
    ]
    if not any(is_image_name(name) for each in rest for name in each.names):
        return list(folders), ()
    emptied = zip(folders, rest, strict=True)
    return [new for old, new in emptied if new.names or new.folders or new.hidden or not old.names], tuple(found)


def named_unread(manifest: Manifest, found: Sequence[Panoptic]) -> Manifest:
    """Return a manifest whose inventory says that panoptic annotations were not read."""
    boxes = manifest.task is Task.DETECTION
    other = (
        "boxes were read from another file" if boxes else "boxes of its things can be read from COCO's instances file"
    )
    judged = boxes or manifest.task is Task.SEGMENTATION
    unread: list[Unread] = []
    for each in found:
        reason = f"panoptic segments cannot be read; {other}"
        labels = HoldsLabels.MAYBE if judged else HoldsLabels.YES
        unread.append(Unread(text(each.name), ItemKind.FILE, reason, labels))
        if each.pictures:
            unread.append(
                Unread(
                    f"{text(each.folder)}/",
                    ItemKind.FOLDER,
                    f"panoptic segments of {text(each.name)}",
                    HoldsLabels.NO,
                    len(each.pictures),
                    examples_of(map(text, each.pictures)),
                )
            )
    words = plural(len(found), "file") + " of panoptic segments not read"
    return replace(
        manifest,
        inventory=manifest.inventory + Inventory(unread=tuple(unread)),
        took_for=f"{manifest.took_for}; {words}",
    )


def _read(root: Path, name: str, folders: Sequence[Folder]) -> Panoptic | None:
    """Return what a JSON file of panoptic segments names; None for any other file."""
    path = root / name
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES or not _says_segments(path):
            return None
        content = msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError, RecursionError):  # no JSON, or not of this kind: read as any other file
        return None
    ids = {each.file_name: {one.id for one in each.segments_info} for each in content.annotations if each.file_name}
    for folder in folders:
        own = [each for each in folder.names if each in ids]
        if own and _is_picture_of(root / folder.place(own[0]), ids[own[0]]):
            return Panoptic(name, "/".join(folder.parts), tuple(folder.place(each) for each in own))
    return Panoptic(name)


def _is_picture_of(path: Path, ids: set[int]) -> bool:
    """Return whether the colours of a picture are the ids of its segments; an image of the same name has others."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = np.asarray(Image.open(path).convert("RGB")).astype(np.int64)
    except Exception:  # decoders raise all kinds of errors for damaged files
        return False
    found = np.unique(pixels @ np.array([1, COLOUR_BASE, COLOUR_BASE**2]))
    return bool(ids) and set(found.tolist()) <= {0, *ids}


def _says_segments(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(_PROBE_BYTES)
        if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        file.seek(0, 2)
        file.seek(max(len(start), file.tell() - _PROBE_BYTES))
        return _KEY in start or _KEY in file.read()
