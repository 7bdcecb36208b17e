"""Hugging Face datasets with a column of boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from datacheck.manifest import Inventory, ItemKind, Manifest, Modality, Task, Used
from datacheck.sources.annotations.objects_column import read_objects
from datacheck.sources.base import SourceOptions


def without_objects(table: pa.Table, name: str, options: SourceOptions) -> tuple[pa.Table, SourceOptions]:
    """Return the table of the images alone, and how it is read."""
    plain = replace(options, task=Task.UNLABELLED, classes=None)
    return table.drop_columns([name]).replace_schema_metadata(None), plain


def with_objects(
    images: Manifest, column: pa.ChunkedArray, feature: Any, name: str, options: SourceOptions
) -> Manifest:
    """Return a manifest of images with the boxes of a column.

    Parameters
    ----------
    images
        The images, row by row those of the column.
    column, feature, name
        The column, its feature (None where it has none), and what it is called.
    options
        What the caller says of the source.
    """
    found = read_objects(column, feature, options.classes)
    columns = images.table
    for each, values in found.columns.items():
        columns = columns.append_column(each, values)
    used = Inventory((Used(name, ItemKind.COLUMN, "boxes", len(images)),))
    return Manifest.from_columns(
        columns,
        task=Task.DETECTION,
        modality=Modality.IMAGE,
        root=images.root,
        classes=found.classes,
        took_for=f"{images.took_for}; boxes in {name!r}",
        inventory=images.inventory + used,
        annotation_format=found.kind,
        reader=images.reader,
    )
