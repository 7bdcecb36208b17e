"""A dataset in memory, as a contract sees it, and ways to change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader
from datacheck.probing.outputs import ProbeOutputs
from datacheck.report import Report
from datacheck.scanning import Measurements, scan

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """A manifest with its measurements, and a folder to write changed files into."""

    manifest: Manifest
    measurements: Measurements | None
    scratch: Path
    probe: ProbeOutputs | None = None

    def report(self) -> Report:
        """Return what an audit would hand to `propose_suite`."""
        taken = fingerprint(self.manifest, self.measurements)
        return Report(self.manifest, self.measurements, taken, self.probe, settings={"duplicates": "hash"})

    def rows(self, split: str | None = None, label: str | None = None) -> Rows:
        """Return the rows of a split and a class."""
        manifest = self.manifest
        kept = np.ones(len(manifest), dtype=bool)
        if split is not None:
            kept &= manifest.split_codes == manifest.splits.index(split)
        if label is not None:
            kept &= manifest.label_codes == manifest.classes.index(label)
        return np.flatnonzero(kept)

    def take(self, rows: Rows | NDArray[np.bool_]) -> World:
        """Return the world of some rows."""
        kept = np.flatnonzero(rows) if rows.dtype == bool else rows
        measured = None if self.measurements is None else Measurements(self.measurements.table.take(pa.array(kept)))
        return replace(self, manifest=self.manifest.take(kept), measurements=measured)

    def without(self, rows: Rows) -> World:
        """Return the world without some rows."""
        return self.take(np.setdiff1d(np.arange(len(self.manifest)), rows))

    def column(self, name: str, values: list[str | None]) -> World:
        """Return the world with one column of the manifest replaced; classes follow the labels."""
        columns = {one: self.manifest.table[one] for one in self.manifest.table.column_names} | {name: pa.array(values)}
        manifest = Manifest.from_columns(pa.table(columns), root=self.manifest.root, reader=self.manifest.reader)
        return replace(self, manifest=manifest)

    def labels(self) -> list[str | None]:
        """Return the labels."""
        found: list[str | None] = self.manifest.table["label"].to_pylist()
        return found

    def relabel(self, rows: Rows, label: str | None) -> World:
        """Return the world with other labels on some rows."""
        labels = self.labels()
        for row in rows.tolist():
            labels[row] = label
        return self.column("label", labels)

    def copy(self, rows: Rows, *, split: str | None = None, label: str | None = None) -> World:
        """Return the world with some samples listed twice, the copy under another split or label."""
        assert self.measurements is not None
        copies = self.manifest.take(rows).table.to_pylist()
        for row in copies:
            row["sample_id"] = row["uri"] = row["uri"] + "-copy"
            row["split"] = split or row["split"]
            row["label"] = label or row["label"]
        table = pa.Table.from_pylist(self.manifest.table.to_pylist() + copies)
        manifest = Manifest.from_columns(table, root=self.manifest.root, reader=self.manifest.reader)
        measured = pa.concat_tables([self.measurements.table, self.measurements.table.take(pa.array(rows))])
        measured = measured.set_column(0, measured.schema.field(0), manifest.sample_ids)
        return replace(self, manifest=manifest, measurements=Measurements(measured))

    def rewrite(self, rows: Rows, change: Callable[[Image.Image, Path], None]) -> World:
        """Write changed files of some samples, measure them for real, and return the world with them."""
        assert self.measurements is not None
        assert self.manifest.root is not None
        part = self.manifest.take(rows)
        for uri in part.table["uri"].to_pylist():
            target = self.scratch / uri
            target.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(self.manifest.root / uri) as image:
                change(image.convert("RGB"), target)
        moved = Manifest.from_columns(part.table, root=self.scratch, reader=FileReader(self.scratch, workers="thread"))
        fresh = scan(moved, jobs=1, thumbnails=False).measurements.table
        order = np.arange(len(self.manifest))
        order[rows] = len(self.manifest) + np.arange(len(rows))
        table = pa.concat_tables([self.measurements.table, fresh]).take(pa.array(order))
        return replace(self, measurements=Measurements(table))


def pixels(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Callable[[Image.Image, Path], None]:
    """Return a change of files that changes their pixels, given as floats in [0, 255]."""

    def write(image: Image.Image, path: Path) -> None:
        values = np.clip(change(np.asarray(image, dtype=np.float64)), 0, 255).astype(np.uint8)
        Image.fromarray(values).save(path, format="PNG")

    return write
