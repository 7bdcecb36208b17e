"""What tables of a dataset library say of their rows: data frames, and the datasets of Hugging Face."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.manifest import Manifest
from datacheck.sources.base import SourceOptions
from datacheck.sources.columns import recognise_columns
from datacheck.sources.hugging_face import image_column
from datacheck.sources.shard_readers import EncodedReader


def is_frame(dataset: object) -> bool:
    """Return whether an object is a pandas DataFrame; does not import pandas."""
    return "pandas" in sys.modules and isinstance(dataset, sys.modules["pandas"].DataFrame)


def is_hugging_face(dataset: object) -> bool:
    """Return whether an object is a Hugging Face ``Dataset`` with all its rows at hand, not streamed."""
    return type(dataset).__module__.split(".")[0] == "datasets" and hasattr(dataset, "_indices")


def columns_of(dataset: Any) -> pa.Table:
    """Return the columns of a data frame or a Hugging Face dataset in the order of its rows, without encoded images.

    A column of a frame that Arrow cannot hold is left out.
    """
    if is_frame(dataset):
        columns = {}
        for name in dataset.columns:
            try:
                columns[str(name)] = pa.array(dataset[name], from_pandas=True)
            except (pa.ArrowException, TypeError, ValueError):
                continue
        return pa.table(columns)
    table = dataset.data.table
    image = image_column(dataset.features.to_dict(), table.schema)
    table = table if image is None else table.drop_columns([image])
    rows = rows_of(dataset)
    return table if rows is None else table.take(pa.array(rows))


def rows_of(dataset: Any) -> NDArray[np.int64] | None:
    """Return the row of the stored table for each item of a Hugging Face dataset; None where they are the same."""
    return None if dataset._indices is None else dataset._indices.table.column(0).to_numpy()


def images_of(dataset: Any) -> EncodedReader | None:
    """Return what reads the encoded images of a Hugging Face dataset by the place of the item; None without images."""
    if is_frame(dataset):
        return None
    table = dataset.data.table
    image = image_column(dataset.features.to_dict(), table.schema)
    return None if image is None else EncodedReader(table[image], rows_of(dataset))


def file_names(dataset: Any, manifest: Manifest) -> list[str] | None:
    """Return the file of each row: from the column that the manifest was made from, else from the one that looks so.

    Of a Hugging Face dataset, the paths that stand beside the encoded images will do. None where no column says it.
    """
    table = columns_of(dataset)
    column = next(
        (one.name for one in manifest.inventory.used if one.role == "path" and one.name in table.column_names), None
    )
    if column is None:
        try:
            column = recognise_columns(table, SourceOptions()).path
        except SourceError:  # several columns may be the path
            column = None
    names = [] if column is None else table[column].to_pylist()
    if names and all(isinstance(name, str) for name in names):
        return names
    return None if is_frame(dataset) else _image_paths(dataset)


def _image_paths(dataset: Any) -> list[str] | None:
    reader = images_of(dataset)
    if reader is None or not pa.types.is_struct(reader.images.type):
        return None
    images = reader.images.combine_chunks()
    paths = (images.chunk(0) if isinstance(images, pa.ChunkedArray) else images).field("path")
    names = (paths if reader.rows is None else paths.take(pa.array(reader.rows))).to_pylist()
    return names if names and all(names) else None
