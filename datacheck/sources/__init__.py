"""Sources: everything that a manifest can be opened from, one file a kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import Manifest, Task
from datacheck.sources import (
    arrays,
    coco_folder,
    hugging_face,
    image_folder,
    object_stores,
    pairs,
    saved_manifest,
    table,
    torch_dataset,
    webdataset,
    yolo_yaml,
)
from datacheck.sources.base import Source, SourceOptions, as_path, as_task
from datacheck.sources.binning import bin_target
from datacheck.sources.files import existing, list_files
from datacheck.sources.ignored_pixels import with_ignore_index
from datacheck.sources.splits import is_splits, open_splits

__all__ = ["SOURCES", "Source", "SourceOptions", "list_files", "open_source"]

SOURCES: tuple[Source, ...] = (
    saved_manifest.SOURCE,
    hugging_face.SOURCE,
    webdataset.SOURCE,
    coco_folder.SOURCE,
    table.SOURCE,
    arrays.SOURCE,
    pairs.SOURCE,
    yolo_yaml.SOURCE,
    torch_dataset.SOURCE,
    image_folder.SOURCE,
)
"""The kinds of sources; the first that recognises a source opens it."""


def open_source(
    source: Any,
    *,
    kind: str | None = None,
    task: Task | str | None = None,
    columns: Sequence[str] | None = None,
    path: str | None = None,
    label: str | None = None,
    target: str | None = None,
    split: str | Sequence[Any] | None = None,
    group: str | Sequence[Any] | None = None,
    label_separator: str | None = None,
    delimiter: str | None = None,
    root: str | Path | None = None,
    labels: Any = None,
    classes: Sequence[str] | None = None,
    image_order: str | None = None,
    label_order: str | None = None,
    class_level: int | None = None,
    label_pattern: str | None = None,
    bins: int | None = None,
    ignore_index: int | None = None,
    **unknown: Any,
) -> Manifest:
    """Open a dataset, whatever it comes as; `Manifest.took_for` says what it was taken for.

    Parameters
    ----------
    source
        A folder of images; a table (file or in memory); ``(images, labels)``, each a folder, a glob or a list;
        arrays; a Dataset of torch or of Hugging Face; tars; a mapping from splits to any of these; a manifest. A
        folder, a table or tars may be in an object store: ``s3://``, ``gs://``, ``az://``, ``hf://``.
    kind
        Kind of source, where the source itself is not to decide it: the ``kind`` of one of `SOURCES`.
    task
        ``classification``, ``regression``, ``multilabel``, ``paired`` or ``unlabelled``.
    columns, path, label, target, split, group, label_separator, delimiter, root, labels, classes
        See `SourceOptions`.
    image_order, label_order
        How the two listings of a pair are sorted.
    class_level
        Which level of nested class folders is the class.
    label_pattern
        Regular expression whose first group is the class in the name of an image file.
    bins
        Divides a regression target into this many classes of equal counts; the manifest is one of classes then.
    ignore_index
        The value of pixels of masks that do not count; without it, 255 is taken as such.
    **unknown
        Refused, with the near option suggested.

    Raises
    ------
    SourceError
        When there is nothing there, nothing recognises it, or an option does not apply to it.

    Examples
    --------
    >>> manifest = open_source({"label": ["cat", "dog", "cat"], "split": ["train", "train", "dev"]})
    >>> manifest.took_for
    "a table in memory, 3 rows, label = 'label' (guessed), split = 'split' (guessed), split 'dev' read as 'val'"
    """
    if unknown:
        known = [*(option.name for option in fields(SourceOptions)), "kind", "bins", "ignore_index"]
        name = next(iter(unknown))
        raise SourceError(f"unknown option {name!r}{did_you_mean(name, known)}; known are {', '.join(sorted(known))}")
    if isinstance(classes, str) or isinstance(columns, str):
        raise SourceError("classes and columns: expected a list of names, found one text")
    options = SourceOptions(
        task=as_task(task),
        columns=columns,
        path=path,
        label=label,
        target=target,
        split=split,
        group=group,
        label_separator=label_separator,
        delimiter=delimiter,
        root=None if root is None else Path(root),
        labels=labels,
        classes=None if classes is None else tuple(classes),
        image_order=image_order,
        label_order=label_order,
        class_level=class_level,
        label_pattern=label_pattern,
    )
    manifest = _open(source, options, kind)
    if ignore_index is not None:
        manifest = with_ignore_index(manifest, ignore_index)
    return manifest if bins is None else bin_target(manifest, bins)


def _open(source: Any, options: SourceOptions, kind: str | None = None) -> Manifest:
    if isinstance(source, Manifest):
        if options.given():
            raise SourceError(f"expected no options with a manifest, found {', '.join(options.given())}")
        return source
    if object_stores.is_stored(source):
        return object_stores.open_stored(source, options, lambda local, given: _open(local, given, kind))
    if kind is None and is_splits(source):
        return open_splits(source, options, _open)
    found = _named(kind) if kind is not None else _recognise(source, options)
    found.check(options)
    return found.open(source, options)


def _named(kind: str) -> Source:
    for source in SOURCES:
        if source.kind == kind:
            return source
    known = [source.kind for source in SOURCES]
    raise SourceError(f"kind: expected one of {', '.join(known)}, found {kind!r}{did_you_mean(kind, known)}")


def _recognise(source: Any, options: SourceOptions) -> Source:
    path = as_path(source)
    if options.labels is not None and path is not None and not arrays.SOURCE.recognises(source):
        return pairs.SOURCE
    for known in SOURCES:
        if known.recognises(source):
            return known
    if path is not None:
        existing(path)
        advice = _advice(path)
        if advice:
            raise SourceError(f"expected a folder, a table, arrays or a tar, found {path}: {advice}")
        raise SourceError(
            f"expected a folder, a table (csv, tsv, json, jsonl, parquet, feather), arrays (npz, npy) or a tar, found "
            f"{path} with the extension {path.suffix!r}; convert it, or name the kind of source with kind="
        )
    raise SourceError(f"expected a folder, a table, (images, labels), arrays or a Dataset, found {_describe(source)}")


def _advice(path: Path) -> str:
    """Return what to do with a file that people give and that is no source itself; empty for any other."""
    extension = path.suffix.lower()
    if extension in (".zip", ".7z", ".rar", ".gz"):
        return "unpack it first, then open the folder that comes out"
    if extension in (".xlsx", ".xls", ".ods"):
        return "save the sheet as CSV and open that"
    if extension in (
        ".pkl",
        ".pickle",
        ".db",
        ".sqlite",
        ".h5",
        ".hdf5",
        ".mat",
        ".arff",
        ".orc",
        ".dta",
        ".sav",
        ".rds",
    ):
        return "read it with the library that wrote it, and save the table as CSV or Parquet, or the arrays as npz"
    return ""


def _describe(source: Any) -> str:
    if isinstance(source, list | tuple | dict) and not source:
        return f"an empty {type(source).__name__}"
    if isinstance(source, tuple):
        return f"a tuple of {', '.join(type(each).__name__ for each in source)}; pass two listings or two arrays"
    return f"a {type(source).__module__}.{type(source).__name__}"
