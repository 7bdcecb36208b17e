"""Hugging Face datasets with a column of boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.manifest import Inventory, ItemKind, Manifest, Modality, Task, Used
from datacheck.manifest.readers import SampleReader
from datacheck.sources.annotations.objects_column import is_objects, read_objects
from datacheck.sources.base import SourceOptions
from datacheck.sources.table import table_manifest


def objects_column(table: pa.Table, options: SourceOptions) -> str | None:
    """Return the column of boxes, unless the caller asks for another task."""
    if options.task not in (None, Task.DETECTION) or options.label is not None:
        return None
    return next((field.name for field in table.schema if is_objects(field.type)), None)


def manifest_with_objects(
    table: pa.Table,
    features: Mapping[str, Any],
    options: SourceOptions,
    reader: SampleReader,
    name: str,
    *,
    took_for: str,
) -> Manifest:
    """Build the manifest of images with a column of boxes."""
    found = read_objects(table[name], features.get(name), options.classes)
    plain = replace(options, task=Task.UNLABELLED, classes=None)
    rest = table.drop_columns([name]).replace_schema_metadata(None)
    images = table_manifest(rest, plain, base=Path.cwd(), took_for=took_for, reader=reader)
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
        reader=reader,
    )
