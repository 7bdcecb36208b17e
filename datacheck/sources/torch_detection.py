"""Detection datasets of torch and torchvision: by their own files where they have them, else item by item."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.manifest import (
    AnnotationFormat,
    Inventory,
    ItemKind,
    Manifest,
    Modality,
    Objects,
    Task,
    Unit,
    Used,
    class_lists,
)
from datacheck.manifest.readers import FileReader
from datacheck.manifest.schema import row_ids
from datacheck.sources.annotations import kitti, voc
from datacheck.sources.annotations.base import ParsedFile, annotation_columns, distinct_names
from datacheck.sources.annotations.coco import coco_in_memory
from datacheck.sources.annotations.label_files import parse_label_file
from datacheck.sources.array_readers import ItemPart, item_at, item_reader
from datacheck.sources.base import SourceOptions
from datacheck.sources.dataset_lists import IMAGE_KEYS, classes_of
from datacheck.sources.file_roots import own_root
from datacheck.sources.torch_targets import TARGET_KEYS, holds_boxes, read_target
from datacheck.text import plural

_LABEL_FILES = {"xml": ("Pascal VOC", "object", voc.parse), "txt": (kitti.NAME, "line", kitti.parse)}
"""The formats of label files that torchvision's datasets list as ``targets``: name, what ``line`` counts, parser."""


def open_by_files(dataset: Any, options: SourceOptions) -> Manifest | None:
    """Return the manifest of a Dataset that says where its images and boxes are; None for any other.

    Of ``CocoDetection`` the annotations that it holds are read, of ``VOCDetection`` and ``Kitti`` their label files, of
    ``WIDERFace`` its list. The images are those on disk, without transforms.
    """
    if options.task not in (None, Task.DETECTION) or options.label is not None:
        return None
    name = type(dataset).__name__
    if isinstance(getattr(getattr(dataset, "coco", None), "dataset", None), Mapping) and hasattr(dataset, "ids"):
        return _coco(dataset, name)
    listed = _listed_files(dataset)
    if listed is not None:
        return _label_files(dataset, listed, options, name)
    if _is_wider_face(dataset):
        images = [each["img_path"] for each in dataset.img_info]
        files = [_faces(each["annotations"]) for each in dataset.img_info]
        return _manifest(_Read(dataset, name, images, files, [None] * len(files)), replace(options, classes=None))
    return None


def _faces(annotations: Mapping[str, Any]) -> ParsedFile | None:
    """Return the boxes of an image of WIDER FACE, which lists one of zeros where there is no face."""
    file = read_target({"bbox": annotations["bbox"]})
    if file is not None:
        file.objects[:] = [replace(each, name="face") for each in file.objects if any(each.box)]
    return file


def _is_wider_face(dataset: Any) -> bool:
    info = getattr(dataset, "img_info", None)
    return (
        isinstance(info, list)
        and bool(info)
        and len(info) == len(dataset)
        and all(isinstance(each, Mapping) and "img_path" in each and "annotations" in each for each in info)
    )


def _listed_files(dataset: Any) -> tuple[list[str], list[str]] | None:
    """Return the images and the label files that a Dataset lists; None where it lists no such."""
    images, targets = getattr(dataset, "images", None), getattr(dataset, "targets", None)
    if not isinstance(images, list) or not isinstance(targets, list) or not images:
        return None
    if not len(images) == len(targets) == len(dataset):
        return None
    if not all(isinstance(each, str | os.PathLike) for each in (*images, *targets)):
        return None
    endings = {os.fspath(each).rpartition(".")[2].lower() for each in targets}
    return ([os.fspath(e) for e in images], [os.fspath(e) for e in targets]) if endings <= set(_LABEL_FILES) else None


@dataclass(frozen=True)
class _Read:
    """What was read of a Dataset: the file of each image, what is annotated in it, and in which file, if any."""

    dataset: Any
    name: str
    images: Sequence[str]
    files: Sequence[ParsedFile | None]
    label_files: Sequence[str | None]
    format_name: str = "a Dataset"
    place: str = "object"


def _label_files(dataset: Any, listed: tuple[list[str], list[str]], options: SourceOptions, name: str) -> Manifest:
    images, targets = listed
    format_name, place, parse = _LABEL_FILES[targets[0].rpartition(".")[2].lower()]
    reader = FileReader(Path("/"))
    files = [parse_label_file(reader, os.path.abspath(each), parse) for each in targets]  # noqa: PTH100
    return _manifest(_Read(dataset, name, images, files, targets, format_name, place), options)


def _manifest(read: _Read, options: SourceOptions) -> Manifest:
    root, (uris, label_uris) = below_root(read.dataset, read.images, read.label_files)
    columns, classes = annotation_columns(read.files, label_uris, options.classes, numbered=False)
    if not any(read.label_files):
        del columns["annotation_file"]
    else:
        columns["label_uri"] = pa.array(label_uris, pa.string())
    return _finished(
        read.name, {"uri": uris, **columns}, classes, root,
        AnnotationFormat(read.format_name, Unit.PIXELS, read.place, declared=options.classes is not None),
    )  # fmt: skip


def _finished(
    name: str, columns: Mapping[str, Any] | pa.Table, classes: Sequence[str], root: Path, kind: AnnotationFormat
) -> Manifest:
    n_rows = len(columns["uri"])
    n_objects = len(Objects.of_column(pa.chunked_array([columns["annotated_objects"]])))
    used = (
        Used("its list of files", ItemKind.FIELD, "images", n_rows),
        Used("its annotations", ItemKind.FIELD, f"boxes ({kind.name})", n_rows),
    )
    return Manifest.from_columns(
        columns,
        task=Task.DETECTION,
        modality=Modality.IMAGE,
        root=root,
        classes=tuple(classes),
        took_for=(
            f"a Dataset of files ({name}): {plural(n_rows, 'image')} below {root}, {plural(n_objects, 'object')} of "
            f"{plural(len(classes), 'class', 'classes')}; its transforms are left out"
        ),
        inventory=Inventory(used),
        annotation_format=kind,
    )


def _coco(dataset: Any, name: str) -> Manifest:
    content = dataset.coco.dataset
    file = coco_in_memory(content, name)
    row_of = {each["id"]: row for row, each in enumerate(content["images"])}
    rows = np.array([row_of[each] for each in dataset.ids], dtype=np.int64)
    taken = pa.array(rows)
    objects, problems = file.objects.take(taken), file.problems.take(taken)
    paths = [os.path.join(dataset.root, file.file_names[row]) for row in rows]  # noqa: PTH118
    root, (uris, _) = below_root(dataset, paths, [None] * len(paths))
    classes = distinct_names(file.categories.values())
    found = Objects.of_column(pa.chunked_array([objects]))
    columns = {
        "uri": uris,
        "annotated_width": pa.array([file.widths[row] or None for row in rows], pa.int32()),
        "annotated_height": pa.array([file.heights[row] or None for row in rows], pa.int32()),
        "annotated_objects": objects,
        "annotation_problems": problems,
        "labels": class_lists(found, len(rows), np.ones(len(rows), dtype=bool), classes),
    }
    kind = AnnotationFormat(
        "COCO", Unit.PIXELS, "annotation id", declared=True, class_ids=tuple(file.categories),
        orphans=tuple(file.orphans), n_orphans=file.n_orphans,
    )  # fmt: skip
    return _finished(name, columns, classes, root, kind)


def below_root(dataset: Any, *lists: Sequence[str | None]) -> tuple[Path, list[list[str | None]]]:
    """Return the folder that lists of files start from, the Dataset's own root where all are in it, and the files."""
    absolute = [[each and os.path.abspath(each) for each in one] for one in lists]  # noqa: PTH100 - must not follow links
    known = [each for one in absolute for each in one if each is not None]
    root = own_root(dataset, known)
    if root is None:
        root = Path(os.path.commonpath([os.path.dirname(each) for each in known]))  # noqa: PTH120
    prefix = f"{str(root).rstrip('/')}/"
    return root, [[each and each.removeprefix(prefix) for each in one] for one in absolute]


def open_by_items(dataset: Any, first: Sequence[Any], options: SourceOptions) -> Manifest | None:
    """Return the manifest of a Dataset whose items are an image and its boxes; None for any other.

    ``first`` are its first items, by which that is told. An item is ``(image, target)``, or a mapping with both. Every
    item is read, for its boxes; its image is read again when it is needed.
    """
    if options.task not in (None, Task.DETECTION) or options.label is not None:
        return None
    name, n_rows = type(dataset).__name__, len(dataset)
    places = [found for item in first if (found := _places(item)) is not None]
    if not places:
        return None
    image_key, target_key = places[0]
    files = [read_target(ItemPart(target_key)(item_at(dataset, row))) for row in range(n_rows)]
    names, class_ids = _class_names(dataset, files, options)
    columns, classes = annotation_columns(files, [None] * n_rows, names, numbered=False)
    del columns["annotation_file"]
    n_objects = sum(len(file.objects) for file in files if file is not None)
    fields = [(image_key, "images"), *([(target_key, "boxes")] if target_key is not None else [])]
    return Manifest.from_columns(
        {"sample_id": row_ids(n_rows), "uri": pa.array(np.arange(n_rows)).cast(pa.string()), **columns},
        task=Task.DETECTION,
        modality=Modality.IMAGE,
        classes=classes,
        took_for=(
            f"a Dataset ({name}): {plural(n_rows, 'sample')} read item by item, twice, {plural(n_objects, 'object')} "
            f"of {plural(len(classes), 'class', 'classes')}"
        ),
        inventory=Inventory(tuple(Used(f"item[{key!r}]", ItemKind.FIELD, role, n_rows) for key, role in fields)),
        annotation_format=AnnotationFormat(
            "a Dataset", Unit.PIXELS, "object", declared=names is not None, class_ids=class_ids
        ),
        reader=item_reader(dataset, image_key, [item[image_key] for item in first]),
    )


def _places(item: Any) -> tuple[Any, Any] | None:
    """Return where the image and the boxes of an item are, the latter None for the item itself; None without boxes."""
    if isinstance(item, tuple | list):
        return (0, 1) if len(item) > 1 and holds_boxes(item[1]) else None
    if not isinstance(item, Mapping):
        return None
    image = next((key for key in IMAGE_KEYS if key in item), None)
    if image is None:
        return None
    if "boxes" in item:
        return image, None
    target = next((key for key in TARGET_KEYS if key in item and holds_boxes(item[key])), None)
    return None if target is None else (image, target)


def _class_names(
    dataset: Any, files: Sequence[ParsedFile | None], options: SourceOptions
) -> tuple[tuple[str, ...] | None, tuple[int, ...]]:
    """Write class numbers as names, and return the names and the number of each.

    torchvision's models keep 0 for the background. So names count from 1 where no box has the number 0 and one has that
    of their count; else from 0.
    """
    names = options.classes or classes_of(dataset)
    found = {each.name for file in files if file is not None for each in file.objects}
    if names is None or not all(each.isdecimal() for each in found):
        return (None if names is None or not found <= set(names) else names), ()
    numbers = sorted(map(int, found))
    first = 1 if numbers and numbers[0] >= 1 and numbers[-1] == len(names) else 0
    known = {str(first + place): name for place, name in enumerate(names)}
    for file in files:
        if file is not None:
            file.objects[:] = [replace(each, name=known.get(each.name, each.name)) for each in file.objects]
    return names, tuple(range(first, first + len(names)))
