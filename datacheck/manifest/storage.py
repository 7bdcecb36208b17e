"""``manifest.parquet``: the table, with all that is not a column as JSON in the file's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.manifest.annotations import AnnotationFormat
from datacheck.manifest.inventory import Inventory
from datacheck.manifest.masks import MaskFormat
from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import FileReader, SampleReader, TarReader
from datacheck.manifest.shards import ShardReader
from datacheck.manifest.tasks import Modality, Task
from datacheck.storage import check_version, read_table, reading, write_table

SCHEMA = "datacheck.manifest"
"""What the metadata of ``manifest.parquet`` names as its schema."""

VERSION = 4
"""Version of ``manifest.parquet``: 2 added the inventory, 3 boxes and regions, 4 what the pixels of masks stand for."""

_READERS: Mapping[str, type[FileReader | TarReader]] = {"files": FileReader, "tars": TarReader}
"""The readers that need nothing but the root, by the word that is saved."""


@dataclass(frozen=True)
class Listings:
    """Two listings as the user's code would zip them, before anything is repaired.

    Attributes
    ----------
    images, labels
        Paths relative to the root, in the order given; the two may differ in length.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]


def write_manifest(path: Path, table: pa.Table, fields: Mapping[str, Any]) -> None:
    """Write the table and the other fields of a manifest; of the reader, only where it reads is kept."""
    listings, root, annotation_format = fields["listings"], fields["root"], fields["annotation_format"]
    reader = fields["reader"]
    kinds = (word for word, kind in _READERS.items() if type(reader) is kind)
    metadata = {
        "schema": SCHEMA,
        "version": VERSION,
        "task": fields["task"].value,
        "modality": fields["modality"].value,
        "root": None if root is None else str(root),
        "classes": list(fields["classes"]),
        "took_for": fields["took_for"],
        "listings": None if listings is None else asdict(listings),
        "inventory": fields["inventory"].to_json(),
        "annotation_format": None if annotation_format is None else annotation_format.to_json(),
        "mask_format": fields["mask_format"].to_json(),
        "reader": next(kinds, None),
    }
    if isinstance(reader, StoreReader):
        metadata["store"] = {"url": reader.url, "members": reader.members}
    if isinstance(reader, ShardReader):
        metadata["shards"] = {"root": str(reader.root), "column": reader.column}
    write_table(path, table, metadata)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the fields of a manifest that `write_manifest` wrote.

    Raises
    ------
    StorageError
        When the file is missing, damaged, not a manifest, or of a newer version.
    """
    table, metadata = read_table(path, what="a manifest")
    check_version(metadata.get("version"), VERSION, what="a manifest", where=path)
    with reading(path, "a manifest", "run the audit again"):
        root = None if metadata["root"] is None else Path(metadata["root"])
        listings = metadata["listings"]
        return {
            "table": table.replace_schema_metadata(None),
            "task": Task(metadata["task"]),
            "modality": Modality(metadata["modality"]),
            "root": root,
            "classes": tuple(metadata["classes"]),
            "took_for": metadata["took_for"],
            "listings": listings and Listings(tuple(listings["images"]), tuple(listings["labels"])),
            "inventory": Inventory.from_json(metadata["inventory"]),
            "annotation_format": _format(metadata.get("annotation_format")),
            "mask_format": _masks(metadata.get("mask_format")),
            "reader": _stored(metadata.get("store"))
            or _sharded(metadata.get("shards"))
            or _reader(metadata["reader"], root),
        }


def _format(value: Mapping[str, Any] | None) -> AnnotationFormat | None:
    return None if value is None else AnnotationFormat.from_json(value)


def _masks(value: Mapping[str, Any] | None) -> MaskFormat:
    return MaskFormat() if value is None else MaskFormat.from_json(value)


def _stored(value: Mapping[str, Any] | None) -> StoreReader | None:
    return None if value is None else StoreReader(str(value["url"]), bool(value["members"]))


def _sharded(value: Mapping[str, Any] | None) -> ShardReader | None:
    return None if value is None else ShardReader(Path(value["root"]), str(value["column"]))


def _reader(word: str | None, root: Path | None) -> SampleReader | None:
    return None if word is None or root is None else _READERS[word](root)
