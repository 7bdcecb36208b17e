"""Hugging Face ``datasets``: in memory, saved to disk, or as Parquet shards with encoded images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import SourceError
from datacheck.manifest import ItemKind, Manifest, Used, natural_key
from datacheck.manifest.readers import FileReader, SampleReader, SampleReadError
from datacheck.manifest.shards import ShardReader, open_stream
from datacheck.sources.annotations.objects_column import objects_column
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.files import check_regular, existing, is_image_name
from datacheck.sources.folder_inventory import files_beside
from datacheck.sources.hugging_face_objects import with_objects, without_objects
from datacheck.sources.shard_readers import EncodedReader
from datacheck.sources.split_words import normalise_split
from datacheck.sources.splits import join_splits, joined_tables
from datacheck.sources.table import table_manifest
from datacheck.sources.walking import walk
from datacheck.text import plural

_BINARY_NAMES = frozenset(["image", "img", "images", "jpeg", "jpg", "png", "webp", "bytes", "image_bytes", "img_bytes"])

_READ = (".parquet", ".arrow", "dataset_info.json", "state.json", "dataset_dict.json")
"""How the names of the files end that are read of a folder."""

Features = Mapping[str, Any]
"""``Features.to_dict()`` of the library, as it stands in its JSON files too."""


def open_hugging_face(source: Any, options: SourceOptions) -> Manifest:
    """Open a ``Dataset``, a ``DatasetDict``, a folder written by ``save_to_disk``, or Parquet with encoded images.

    Images stay encoded; class names come from ``ClassLabel``.

    Raises
    ------
    SourceError
        When the dataset is streamed, empty, or its files are not what they say.
    """
    path = as_path(source)
    if path is not None:
        path = existing(path)
        manifest = _saved(path, options) if path.is_dir() and _is_saved(path) else _parquet(path, options)
        if path.is_dir():
            manifest = replace(manifest, inventory=manifest.inventory + files_beside(path, _READ))
        return manifest
    if isinstance(source, Mapping):
        return join_splits({normalise_split(name) or name: _dataset(part, options) for name, part in source.items()})
    return _dataset(source, options)


def _dataset(dataset: Any, options: SourceOptions) -> Manifest:
    name = type(dataset).__name__
    if not hasattr(dataset, "data") or not hasattr(dataset, "__len__"):
        raise SourceError(f"expected a Dataset in memory or mapped from disk, found {name}; load it without streaming")
    features = dataset.features.to_dict()
    image = image_column(features, dataset.data.table.schema)
    rows = None
    if dataset._indices is not None:
        rows = dataset._indices.table.column(0).to_numpy()
    table = dataset.data.table
    others = table.drop_columns([image]) if image is not None else table
    if rows is not None:
        others = others.take(pa.array(rows))
    reader = None if image is None else EncodedReader(table[image], rows)
    uris = pa.array(np.arange(len(dataset))).cast(pa.string())
    return _manifest(others, features, options, reader, uris, image=image, took_for=f"a Hugging Face {name}")


def _manifest(
    table: pa.Table,
    features: Features,
    options: SourceOptions,
    reader: SampleReader | None,
    uris: pa.Array | pa.ChunkedArray,
    *,
    image: str | None,
    took_for: str,
) -> Manifest:
    """Build the manifest from the columns beside those of ``image``."""
    if table.num_rows == 0 and len(uris) == 0:
        raise SourceError(f"expected rows in {took_for}, found none")
    if reader is not None:
        free = table.rename_columns([f"{name}_" if name == "uri" else name for name in table.column_names])
        table = pa.table({"uri": uris}) if not free.column_names else free.append_column("uri", uris)
        options = replace(options, path="uri")
    objects = objects_column(table, options)
    if objects is not None and reader is not None:
        rest, plain = without_objects(table, objects, options)
        pictures = table_manifest(rest, plain, base=Path.cwd(), took_for=took_for, reader=reader)
        return with_objects(pictures, table[objects], features.get(objects), objects, options)
    names = {name: words for name in table.column_names if (words := class_names(features.get(name)))}
    table = table.replace_schema_metadata(None)
    manifest = table_manifest(table, options, base=Path.cwd(), took_for=took_for, reader=reader, names=names)
    if image is None:
        return manifest
    images = Used(image, ItemKind.COLUMN, "images", len(manifest))
    used = tuple(images if one.role == "path" else one for one in manifest.inventory.used)
    return replace(manifest, inventory=replace(manifest.inventory, used=used))


def image_column(features: Features, schema: pa.Schema) -> str | None:
    """Return the column of encoded images: an ``Image`` feature, a struct of ``bytes`` and ``path``, or bytes."""
    for name, feature in features.items():
        if isinstance(feature, Mapping) and feature.get("_type") == "Image":
            return name
    return next((field.name for field in schema if _is_encoded(field)), None)


def _is_encoded(field: pa.Field) -> bool:
    if pa.types.is_struct(field.type):
        return {inner.name for inner in field.type} == {"bytes", "path"}
    return bool(pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)) and field.name in _BINARY_NAMES


def class_names(feature: Any) -> tuple[str, ...] | None:
    """Return the names of a ``ClassLabel``, or of a list of them."""
    if isinstance(feature, Mapping):
        if feature.get("_type") == "ClassLabel" and feature.get("names"):
            return tuple(feature["names"])
        return class_names(feature.get("feature"))
    return class_names(feature[0]) if isinstance(feature, list) and len(feature) == 1 else None


def _saved(folder: Path, options: SourceOptions) -> Manifest:
    if (folder / "dataset_dict.json").is_file():
        splits = _json(folder / "dataset_dict.json").get("splits", [])
        parts = {normalise_split(name) or name: _saved(_inside(folder, name), options) for name in splits}
        if not parts:
            raise SourceError(f"expected splits in {folder / 'dataset_dict.json'}, found none")
        return join_splits(parts)
    features = _json(folder / "dataset_info.json").get("features") or {}
    shards = [str(each["filename"]) for each in _json(folder / "state.json").get("_data_files", [])]
    tables = {}
    for shard in shards:
        try:
            tables[shard] = open_stream(str(_inside(folder, shard)))
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise SourceError(f"expected an Arrow stream in {folder / shard}, found: {error}") from None
    return _sharded(tables, features, folder, options, took_for=f"a saved Hugging Face dataset ({folder})")


def _parquet(path: Path, options: SourceOptions) -> Manifest:
    root, shards = (path.parent, [path.name]) if path.is_file() else (path, _parquet_shards(path))
    by_split: dict[str, list[str]] = {}
    for shard in shards:
        by_split.setdefault(_split_of(shard) or "", []).append(shard)
    took_for = f"Parquet with encoded images ({path})"
    parts = {split: _parquet_split(root, own, options, took_for) for split, own in by_split.items()}
    if path.is_file() or "" in parts:
        return _parquet_split(root, shards, options, took_for)
    return join_splits(parts)


def _parquet_split(root: Path, shards: list[str], options: SourceOptions, took_for: str) -> Manifest:
    tables: dict[str, pa.Table] = {}
    features: Features = {}
    for shard in shards:
        try:
            schema = pq.read_schema(check_regular(root / shard))
            features = features or _features_of(schema)
            image = image_column(features, schema)
            tables[shard] = pq.read_table(
                root / shard, columns=[name for name in schema.names if name != image], partitioning=None
            )
            tables[shard].validate(full=True)
            if image is not None:
                tables[shard] = tables[shard].append_column(image, pa.nulls(pq.read_metadata(root / shard).num_rows))
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise SourceError(f"expected Parquet in {root / shard}, found: {error}") from None
    return _sharded(tables, features, root, options, took_for=took_for, image=image)


def _sharded(
    tables: Mapping[str, pa.Table],
    features: Features,
    root: Path,
    options: SourceOptions,
    *,
    took_for: str,
    image: str | None = None,
) -> Manifest:
    if not tables:
        raise SourceError(f"expected rows in {took_for}, found no data files")
    image = image or image_column(features, next(iter(tables.values())).schema)
    uris = pa.chunked_array(
        [pa.array([f"{shard}#{row}" for row in range(table.num_rows)], pa.string()) for shard, table in tables.items()]
    )
    others = {name: each if image is None else each.drop_columns([image]) for name, each in tables.items()}
    table = joined_tables({name: each.replace_schema_metadata(None) for name, each in others.items()})
    reader = None if image is None else ShardReader(root.absolute(), image)
    took_for += f", {plural(len(tables), 'shard')}"
    manifest = _manifest(table, features, options, reader, uris, image=image, took_for=took_for)
    if reader is None or "annotated_objects" not in manifest:
        return manifest
    files = [shard for shard, each in tables.items() for _ in range(each.num_rows)]
    return manifest.with_column("annotation_file", pa.array(files, pa.string()))


def _features_of(schema: pa.Schema) -> Features:
    raw = (schema.metadata or {}).get(b"huggingface")
    try:
        features = json.loads(raw)["info"]["features"] if raw else {}
    except (ValueError, KeyError, TypeError):
        return {}
    return features if isinstance(features, Mapping) else {}


def _split_of(shard: str) -> str | None:
    """Read the split from a shard's name (``data/train-00000-of-00002.parquet``) or its folder."""
    for part in reversed(Path(shard).with_suffix("").parts):
        split = normalise_split(part.split("-")[0].split("_")[0])
        if split:
            return split
    return None


def _parquet_shards(folder: Path) -> list[str]:
    shards = ["/".join((*each.parts, name)) for each in walk(folder) for name in each.names]
    return sorted((shard for shard in shards if shard.endswith(".parquet")), key=natural_key)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(check_regular(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"expected JSON written by save_to_disk in {path}, found: {error}") from None
    if not isinstance(value, dict):
        raise SourceError(f"expected a JSON object in {path}, found {type(value).__name__}")
    return value


def _inside(folder: Path, name: str) -> Path:
    try:
        return FileReader(folder).path(name)
    except SampleReadError as error:
        raise SourceError(f"expected the dataset's files below {folder}, found: {error.detail}") from None


def _is_saved(folder: Path) -> bool:
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def _has_images(path: Path) -> bool:
    if not path.is_file():  # a named pipe would wait for a writer
        return False
    try:
        schema = pq.read_schema(path)
        return image_column(_features_of(schema), schema) is not None
    except (OSError, pa.ArrowException, UnicodeDecodeError):
        return False


def recognises(source: object) -> bool:
    """An object of the library ``datasets``, a folder that it saved, or Parquet with encoded images."""
    path = as_path(source)
    if path is None:
        return type(source).__module__.split(".")[0] == "datasets"
    if path.is_dir():
        return _is_saved(path) or _holds_parquet(path)
    return path.suffix.lower() == ".parquet" and _has_images(path)


def _holds_parquet(folder: Path) -> bool:
    """A folder with Parquet shards at its top, or in ``data/`` as the hub lays them out.

    A Parquet file without images in it, beside image files, is no shard.
    """
    shards = [shard for place in (folder, folder / "data") if (shard := next(place.glob("*.parquet"), None))]
    return bool(shards) and (
        any(map(_has_images, shards)) or not any(is_image_name(name) for each in walk(folder) for name in each.names)
    )


SOURCE = Source(
    "hugging-face",
    frozenset({"task", "label", "target", "split", "group", "classes", "label_separator"}),
    recognises,
    open_hugging_face,
)
