"""What reports say of the dataset as a whole, and where its samples are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.findings import Severity
from datacheck.manifest import HoldsLabels, ItemKind, Manifest, Remedy, Task
from datacheck.manifest.object_store import StoreReader
from datacheck.report.gaps import unread_sentence
from datacheck.report.places import from_working_directory
from datacheck.report.record import ReportRecord
from datacheck.text import listed, plural

MAX_UNREAD = 3
"""Items that may hold labels and were not read are named one by one up to this number."""

MAX_NAMES = 4
"""Other unused files and columns are named up to this number; the HTML report has all of them."""

MAX_SPLITS = 5
"""More splits than this are counted, not named: their names would not fit on a line of 80 columns."""

LONGEST_TITLE = 60
"""Characters of a title: a line of the HTML report at 1,280 pixels. A longer description stands below it alone."""


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
    reader = manifest.reader
    if isinstance(reader, StoreReader):
        return {row["sample_id"]: f"{reader.url}/{row['uri']}" for row in rows if row.get("uri")}
    return {row["sample_id"]: from_working_directory(row["uri"], manifest.root) for row in rows if row.get("uri")}


def dataset_title(manifest: Manifest) -> str:
    """Return the name of the dataset's folder, else what the source was taken for, else what is in it."""
    root, reader = manifest.root, manifest.reader
    if isinstance(reader, StoreReader):
        return reader.url.rpartition("/")[2]
    if root is not None and root.name:
        return root.name
    if len(manifest.took_for) > LONGEST_TITLE:
        return dataset_line(manifest).partition(" · ")[0]
    return manifest.took_for or "dataset"


def dataset_line(manifest: Manifest) -> str:
    """Return rows, classes and splits in one line."""
    parts = [plural(len(manifest), "image" if manifest.modality.value == "image" else "row")]
    if manifest.classes:
        parts.append(plural(len(manifest.classes), "class", "classes"))
    if manifest.splits:
        named = len(manifest.splits) <= MAX_SPLITS
        parts.append(f"splits {', '.join(manifest.splits)}" if named else f"{len(manifest.splits)} splits")
    return " · ".join(parts)


@dataclass(frozen=True)
class Note:
    """Something to know of how the dataset was read, with what to do where it was read wrongly."""

    severity: Severity
    word: str
    text: str
    remedy: Remedy | None = None


def inventory_notes(report: ReportRecord, *, verbose: bool = False) -> list[Note]:
    """Return what is in question, what was not read, and what else happened; `Report.gaps` is told elsewhere.

    Parameters
    ----------
    report
        The report of the dataset.
    verbose
        Whether each item that may hold labels is named, not the first few.
    """
    inventory = report.manifest.inventory
    notes = [
        Note(Severity.WARNING, "question", one.text, one.remedy) for one in inventory.questions if not one.unjudged
    ]
    in_gap = report.manifest.task is Task.UNLABELLED and bool(report.gaps)
    maybe = () if in_gap else inventory.perhaps_labels
    shown = maybe if verbose else maybe[:MAX_UNREAD]
    notes += [Note(Severity.WARNING, "unread", unread_sentence(item), item.remedy) for item in shown]
    others = [*(item for item in inventory.unread if item.labels is HoldsLabels.NO), *maybe[len(shown) :]]
    if others:
        files = sum(item.count for item in others if item.kind in {ItemKind.FILE, ItemKind.FOLDER})
        parts = Counter(item.kind.value for item in others if item.kind not in {ItemKind.FILE, ItemKind.FOLDER})
        what = " and ".join(plural(n, word) for word, n in (("file", files), *parts.items()) if n)
        text = f"{what} not used: {listed([item.name for item in others], MAX_NAMES)}"
        notes.append(Note(Severity.INFO, "unread", text))
    return notes + [Note(Severity.INFO, "note", text) for text in report.notes]


def count_words(report: ReportRecord) -> tuple[str, str]:
    """Return the number of findings by severity, and the number of rules by outcome."""
    counts = [plural(count, name, name if name == "info" else "") for name, count in report.counts.items()]
    passed, skipped = (len(report.with_status(status)) for status in ("passed", "not-applicable"))
    rules = f"{plural(passed, 'rule')} passed · {skipped} not applicable · {len(report.failed)} failed"
    return " · ".join(counts), rules
