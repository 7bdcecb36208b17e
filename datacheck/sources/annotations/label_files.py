"""Opening the label files of images that were paired with them: boxes and regions are read, masks are recognised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from datacheck.manifest import Inventory, ItemKind, Manifest, Question, Task, Used
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.sources.annotations import labelme, voc, yolo
from datacheck.sources.annotations.base import LabelFileFormat, ParsedFile, annotation_columns, format_of
from datacheck.sources.annotations.class_files import with_classes_of_files
from datacheck.sources.annotations.class_names import DeclaredClasses, declared_classes
from datacheck.sources.annotations.colour_masks import read_by_colours
from datacheck.sources.files import is_image_name
from datacheck.sources.folder_inventory import unread_content
from datacheck.text import plural

LABEL_FILE_FORMATS: tuple[LabelFileFormat, ...] = (yolo.FORMAT, voc.FORMAT, labelme.FORMAT)
"""The formats with one annotation file an image."""

_READ_SHARE = 0.5
"""Share of the files with content that must hold at least one object in the format: else they are something else."""


def read_label_files(
    manifest: Manifest, label_files: Sequence[str], shown: str, classes: tuple[str, ...] | None = None
) -> Manifest:
    """Return a paired manifest with what its label files hold.

    Boxes and regions make it one of detection, masks one of segmentation, a class each one of classification. Files in
    no known format leave it as it is,
    and its inventory says that they were not read.

    Parameters
    ----------
    manifest
        Images with the column ``label_uri``.
    label_files
        The label files, for the inventory.
    shown
        What the inventory calls them.
    classes
        Class names that the caller gave; class numbers are indices into them.
    """
    if label_files and all(map(is_image_name, label_files)):
        return _with_masks(manifest, classes)
    uris = manifest.table["label_uri"].to_pylist()
    kind = _format_of(uris)
    reader = manifest.reader
    if kind is None or not isinstance(reader, FileReader) or manifest.root is None:
        return _unread(manifest, label_files, shown)
    files = [None if uri is None else parse_label_file(reader, uri, kind.parse) for uri in uris]
    if not _are_annotations(files):
        return _unread(manifest, label_files, shown)
    declared = _declared(manifest.root, uris, kind, classes)
    columns, names = annotation_columns(files, uris, None if declared is None else declared.names, kind.numbered)
    table = manifest.table
    for name, values in columns.items():
        table = table.append_column(name, values)
    n_objects = len(pa.chunked_array([columns["annotated_objects"]]).combine_chunks().flatten())
    return Manifest.from_columns(
        table,
        task=Task.DETECTION,
        modality=manifest.modality,
        root=manifest.root,
        classes=names,
        took_for=f"{manifest.took_for}; {plural(n_objects, 'object')} of {_classes(names)} ({kind.name})",
        listings=manifest.listings,
        inventory=_inventory(manifest.inventory, declared, manifest.root, kind),
        annotation_format=format_of(kind, names, declared is not None),
        reader=reader,
    )


def _format_of(uris: Sequence[str | None]) -> LabelFileFormat | None:
    """Return the format that most label files have by their extension."""
    extensions = Counter(uri.rpartition(".")[2].lower() for uri in uris if uri is not None)
    if not extensions:
        return None
    most = extensions.most_common(1)[0][0]
    return next((kind for kind in LABEL_FILE_FORMATS if kind.extension == most), None)


def parse_label_file(reader: FileReader, uri: str, parse: Callable[[bytes], ParsedFile]) -> ParsedFile | None:
    """Return what a label file holds; None where it does not exist."""
    if reader.stamp(uri) is None:
        return None
    try:
        content = reader.read(uri)
    except SampleReadError as error:
        if error.reason == "zero-bytes":
            return ParsedFile()
        return ParsedFile.unreadable(error.detail)
    return parse(bytes(content)) if isinstance(content, bytes) else None


def _are_annotations(files: Sequence[ParsedFile | None]) -> bool:
    with_content = [file for file in files if file is not None and (file.objects or file.problems)]
    n_read = sum(bool(file.objects) for file in with_content)
    return bool(n_read) and n_read >= _READ_SHARE * len(with_content)


def _declared(
    root: Path, uris: Sequence[str | None], kind: LabelFileFormat, classes: tuple[str, ...] | None
) -> DeclaredClasses | None:
    if classes is not None:
        return DeclaredClasses(Path("classes"), classes)
    if not kind.numbered:
        return None
    folders = dict.fromkeys(uri.rpartition("/")[0] for uri in uris if uri is not None)
    return declared_classes(root, [root / folder for folder in folders])


def _classes(names: Sequence[str]) -> str:
    return plural(len(names), "class", "classes")


def _inventory(before: Inventory, declared: DeclaredClasses | None, root: Path, kind: LabelFileFormat) -> Inventory:
    """Return the inventory with the file that names the classes, which is read now."""
    if declared is None and kind.numbered:
        question = Question("no file names the classes, such as data.yaml or classes.txt: numbers stand for them")
        return before + Inventory(questions=(question,))
    if declared is None or not declared.file.is_absolute():
        return before
    name = str(declared.file.relative_to(root) if declared.file.is_relative_to(root) else declared.file)
    rest = replace(before, unread=tuple(item for item in before.unread if item.name != name))
    questions = (Question(declared.question),) if declared.question else ()
    return rest + Inventory((Used(name, ItemKind.FILE, "names of the classes"),), questions=questions)


def _with_masks(manifest: Manifest, classes: tuple[str, ...] | None) -> Manifest:
    masks = replace(manifest, task=Task.SEGMENTATION, classes=classes or ())
    return read_by_colours(masks, classes) or masks


def _unread(manifest: Manifest, label_files: Sequence[str], shown: str) -> Manifest:
    classes = with_classes_of_files(manifest)
    if classes is not None:
        return classes
    return replace(manifest, inventory=manifest.inventory + Inventory(unread=(unread_content(label_files, shown),)))
