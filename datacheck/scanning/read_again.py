"""Thumbnails of images that can be read again: made when they are asked for, and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.cpus import available_cpus
from datacheck.errors import DatacheckError
from datacheck.manifest import Manifest
from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import FileReader, SampleReader, SampleReadError, TarReader
from datacheck.scanning.measurements import Measurements
from datacheck.scanning.shard import identify, thumbnail
from datacheck.scanning.stored_table import rows_of

THUMBNAIL_SIDE = 128
"""Thumbnails have at most this many pixels on the long side: enough to recognise an image in the report."""

KEPT_FROM_BYTES = 1 << 18
"""The thumbnails of larger files (256 KiB) are kept: a hundredth of the file, which takes long to decode again."""


def can_read_again(reader: SampleReader | None) -> bool:
    """Whether what a reader reaches stays where it is, in files or an object store, when this process has ended."""
    return type(reader) in {FileReader, TarReader, StoreReader}


@dataclass(frozen=True)
class ReadAgain:
    """Makes thumbnails from the images themselves, where their content is still what was scanned."""

    manifest: Manifest
    measurements: Measurements

    @classmethod
    def of(cls, manifest: Manifest, measurements: Measurements) -> ReadAgain | None:
        """Return one for a dataset, None where its images are out of reach."""
        return cls(manifest, measurements) if can_read_again(manifest.reader) else None

    @classmethod
    def of_run(cls, run: Path) -> ReadAgain | None:
        """Return one for the dataset of a run folder, None where that is not saved or the images are out of reach."""
        with suppress(DatacheckError):
            return cls.of(Manifest.load(run / "manifest.parquet"), Measurements.load(run / "measurements.parquet"))
        return None

    def sample_ids(self) -> list[str]:
        """Return the samples whose images could be decoded."""
        ids: list[str] = self.manifest.sample_ids.filter(pa.array(self.measurements.readable)).to_pylist()
        return ids

    def get(self, sample_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the JPEG bytes of the samples whose images are as they were; the others are left out."""
        if not sample_ids:
            return {}
        wanted = pc.is_in(self.manifest.sample_ids, value_set=pa.array(sample_ids, pa.string()))
        rows = np.flatnonzero(wanted.to_numpy(zero_copy_only=False) & self.measurements.readable)
        if not len(rows):
            return {}
        uris = self.manifest.table["uri" if "uri" in self.manifest else "sample_id"].take(pa.array(rows)).to_pylist()
        names = self.manifest.sample_ids.take(pa.array(rows)).to_pylist()
        hashes = rows_of(self.measurements.parts("content_hash"), rows).to_pylist()
        assert self.manifest.reader is not None, "only what has a reader is read again"
        threads = max(available_cpus(), getattr(self.manifest.reader, "ahead", 0))
        with ThreadPoolExecutor(threads) as pool:
            made = pool.map(partial(_thumbnail, self.manifest.reader), uris, hashes)
            return {name: picture for name, picture in zip(names, made, strict=True) if picture is not None}


def _thumbnail(reader: SampleReader, uri: str, content_hash: str) -> bytes | None:
    with suppress(SampleReadError, DatacheckError):
        content = reader.read(uri)
        if isinstance(content, bytes) and identify(content)[1] == content_hash:
            return thumbnail(content, THUMBNAIL_SIDE)
    return None
