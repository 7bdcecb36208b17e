"""What reports say of the dataset as a whole, and where its samples are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.manifest import Manifest
from datacheck.report.places import from_working_directory
from datacheck.text import plural

MAX_SPLITS = 5
"""More splits than this are counted, not named: their names would not fit on a line of 80 columns."""


def sample_rows(manifest: Manifest, sample_ids: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return some columns of some samples, by sample id; ids that are not in the manifest are left out."""
    wanted = pa.array(list(dict.fromkeys(sample_ids)), pa.string())
    if not len(wanted):
        return {}
    rows = pc.index_in(wanted, value_set=manifest.sample_ids)
    known = pc.is_valid(rows)
    names = ["sample_id", *(name for name in columns if name in manifest)]
    taken = manifest.table.select(names).take(rows.filter(known)).to_pylist()
    return {row["sample_id"]: row for row in taken}


def sample_files(manifest: Manifest, sample_ids: Sequence[str]) -> dict[str, str]:
    """Return the files of some samples as `from_working_directory` gives them; samples without a file are left out."""
    rows = sample_rows(manifest, sample_ids, ["uri"]).values()
    return {row["sample_id"]: from_working_directory(row["uri"], manifest.root) for row in rows if row.get("uri")}


def dataset_line(manifest: Manifest) -> str:
    """Return rows, classes and splits in one line."""
    parts = [plural(len(manifest), "image" if manifest.modality.value == "image" else "row")]
    if manifest.classes:
        parts.append(plural(len(manifest.classes), "class", "classes"))
    if manifest.splits:
        named = len(manifest.splits) <= MAX_SPLITS
        parts.append(f"splits {', '.join(manifest.splits)}" if named else f"{len(manifest.splits)} splits")
    return " · ".join(parts)
