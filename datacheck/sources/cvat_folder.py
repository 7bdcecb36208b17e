"""A folder of images with an ``annotations.xml`` of CVAT ("CVAT for images 1.1")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from xml.etree.ElementTree import Element

import numpy as np
import pyarrow as pa

from datacheck.manifest import (
    AnnotationFormat,
    Inventory,
    ItemKind,
    Manifest,
    Modality,
    Task,
    Unit,
    Used,
)
from datacheck.sources.annotations.base import ParsedFile, ParsedObject, annotation_columns
from datacheck.sources.annotations.coco import MOST_ORPHANS
from datacheck.sources.annotations.xml import parse_xml
from datacheck.sources.files import check_regular, text
from datacheck.sources.folder_inventory import images_used, split_by_kind, unread_files
from datacheck.sources.splits import splits_from_paths
from datacheck.sources.walking import Folder
from datacheck.text import plural

T = TypeVar("T")

_START_BYTES = 4096
"""Bytes at the start of an XML file in which CVAT's root element stands."""

_MOST_BYTES = 1 << 30
"""A larger XML file (1 GB) is not read at once."""

_SHAPES = {"box": "box", "polygon": "polygon", "polyline": "polygon", "points": "keypoints"}
"""CVAT's shapes that are read, and what they are kept as; others become problems."""

NOT_SHAPES = frozenset({"tag", "attribute"})
"""Elements of an image that draw nothing."""


def find_cvat(root: Path, folders: Sequence[Folder]) -> list[str]:
    """Return the files of CVAT in a folder, below the root."""
    names = [folder.place(name) for folder in folders for name in folder.names if name.lower() == "annotations.xml"]
    return [name for name in names if _is_cvat(root / name)]


def _is_cvat(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return False
        with path.open("rb") as file:
            return b"<annotations" in file.read(_START_BYTES)
    except OSError:
        return False


def cvat_manifest(root: Path, folders: Sequence[Folder], name: str) -> Manifest | None:
    """Build the manifest of the images that a file of CVAT lists; None where it draws nothing on images here."""
    tree = parse_xml(check_regular(root / name).read_bytes())
    if isinstance(tree, str):
        return None
    images, others = split_by_kind(folders)
    found = parse_images(tree)
    files = [of_image(found, uri) for uri in images]
    if not any(file is not None and file.objects for file in files):
        return None
    declared = tuple(dict.fromkeys(label.text or "" for label in tree.iterfind("meta//labels/label/name")))
    columns, classes = annotation_columns(files, [name] * len(files), declared or None, numbered=False)
    n_objects = len(pa.chunked_array([columns["annotated_objects"]]).combine_chunks().flatten())
    n_unlisted = sum(file is None for file in files)
    taken = {id(file) for file in files}
    orphans = [
        f"{name!r} shape {each.line} (image {image!r})"
        for image, file in found.items()
        if id(file) not in taken
        for each in file.objects
    ]
    words = [
        f"a folder of images with annotations of CVAT ({root}): {plural(len(images), 'image')}",
        f"{plural(n_objects, 'object')} of {plural(len(classes), 'class', 'classes')}",
        f"{n_unlisted:,} not listed" if n_unlisted else "",
    ]
    used = Used(name, ItemKind.FILE, f"boxes of {plural(len(found), 'image')} (CVAT)")
    rest = unread_files(each for each in others if each != name)
    manifest = Manifest.from_columns(
        {"uri": [text(uri) for uri in images], **columns},
        task=Task.DETECTION,
        modality=Modality.IMAGE,
        root=root,
        classes=classes,
        took_for=", ".join(word for word in words if word),
        inventory=Inventory((*images_used(images), used), rest),
        annotation_format=AnnotationFormat(
            "CVAT", Unit.PIXELS, "shape", bool(declared), orphans=tuple(orphans[:MOST_ORPHANS]), n_orphans=len(orphans)
        ),
    )
    return splits_from_paths(manifest)


def parse_images(tree: Element) -> dict[str, ParsedFile]:
    """Return what a file of CVAT says of each image, by the image's name."""
    return {element.get("name", ""): _parsed(element) for element in tree.iter("image")}


def of_image(found: Mapping[str, T], uri: str) -> T | None:
    """Return what a file says of an image: under its path, or the end of it."""
    parts = uri.split("/")
    return next((found[each] for k in range(len(parts)) if (each := "/".join(parts[k:])) in found), None)


def _parsed(element: Element) -> ParsedFile:
    width, height = (element.get(word, "") for word in ("width", "height"))
    file = ParsedFile(width=int(width) if width.isdigit() else None, height=int(height) if height.isdigit() else None)
    shapes = [child for child in element if child.tag not in NOT_SHAPES]
    for number, shape in enumerate(shapes, start=1):
        numbers = _numbers(shape)
        kind = _SHAPES.get(shape.tag)
        if kind is None or numbers is None or not shape.get("label"):
            file.problems.append(
                (number, f"expected a labelled box or polygon, found <{shape.tag}> {shape.attrib}"[:160])
            )
            continue
        points = np.array(numbers).reshape(-1, 2)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        box = (numbers[0], numbers[1], numbers[2], numbers[3]) if kind == "box" else (left, top, right, bottom)
        drawn = None if kind == "box" else tuple(numbers)
        file.objects.append(ParsedObject(shape.get("label", ""), tuple(map(float, box)), number, kind, drawn))  # type: ignore[arg-type]
    return file


def _numbers(shape: Element) -> list[float] | None:
    """Return the corners of a box, or the points of another shape, as x and y in turn; None where they are damaged."""
    words = [shape.get(word, "") for word in ("xtl", "ytl", "xbr", "ybr")]
    if shape.tag != "box":
        words = [word for point in shape.get("points", "").split(";") for word in point.split(",")]
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    return numbers if len(numbers) >= 2 and len(numbers) % 2 == 0 and np.isfinite(numbers).all() else None
