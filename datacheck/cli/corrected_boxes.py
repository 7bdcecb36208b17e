"""What ``datacheck relabel apply`` does with boxes: decisions, change log, and corrected annotation files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from datacheck.errors import RelabelError
from datacheck.text import clean, plural

if TYPE_CHECKING:
    from datacheck.manifest.file_copies import Link
    from datacheck.relabel.boxes.corrected import CorrectedAnnotations
    from datacheck.relabel.boxes.decisions import BoxCorrections
    from datacheck.relabel.boxes.images import BoxImages
    from datacheck.relabel.corrected_files import CorrectedFiles

Say = Callable[[str], Any]

_SHOWN = 10
"""Corrections that cannot be written and that are listed; the change log names the decisions."""


def asked_about(run: Path) -> str:
    """Return what people are asked about in a run folder: ``boxes``, ``masks`` or ``labels``."""
    from datacheck.manifest import Manifest, Task

    path = run / "manifest.parquet"
    if not path.exists():
        return "labels"
    manifest = Manifest.load(path)
    if manifest.objects is not None:
        return "boxes"
    return "masks" if manifest.task is Task.SEGMENTATION else "labels"


def apply_boxes(run: Path, *, folder: Path | None, link: str, say: Say) -> int:
    """Write decisions and change log into the run folder, and the corrected copy where a folder is given.

    Everything is checked before anything is written. Returns 1 where some corrections cannot be written, else 0.

    Raises
    ------
    RelabelError
        When there are no answers, they belong to another dataset, an annotation file has changed since the audit, or
        the copy cannot be made.
    """
    from datacheck.relabel.boxes.answers import BoxAnswers
    from datacheck.relabel.boxes.corrected import CorrectedAnnotations
    from datacheck.relabel.boxes.decisions import decide
    from datacheck.relabel.boxes.images import BoxImages
    from datacheck.relabel.corrected_files import CorrectedFiles
    from datacheck.report import Report

    path = run / "boxes" / "answers.parquet"
    if not path.exists():
        raise RelabelError(f"{run} has no answers about boxes yet: datacheck review {run}, or queue import or pull")
    report, answers = Report.load(run), BoxAnswers.load(path)
    images = BoxImages.of(report.manifest, report.measurements, identity=report.identity)
    if answers.identity and images.identity and answers.identity != images.identity:
        raise RelabelError(f"{path} is about dataset {answers.identity}, the audit about {images.identity}")
    decided = decide(answers, images)
    corrected = CorrectedAnnotations.plan(decided, report.manifest, images)
    copy = None
    if folder is not None:
        copy = CorrectedFiles.plan(report.manifest, corrected.files, folder, cast("Link", link), run=run)
    written = 0 if copy is None else copy.write()
    decided.save(run / "boxes" / "corrections.parquet")
    write_box_changes(decided, images, run / "boxes" / "changes.csv")
    _say_decisions(decided, corrected, say)
    say(f"change log: {run / 'boxes' / 'changes.csv'}")
    say_copy(copy, folder, written, plural(len(corrected.files), "annotation file"), say)
    return 1 if corrected.refused else 0


def _say_decisions(decided: BoxCorrections, corrected: CorrectedAnnotations, say: Say) -> None:
    rows = decided.table.to_pylist()
    counts = Counter(row["decision"] for row in rows)
    changed = [row for row in rows if row["decision"] == "change"]
    classes = sum(row["new_label"] is not None for row in changed)
    places = sum(row["new_left"] is not None for row in changed)
    say(
        f"{plural(len(rows), 'box', 'boxes')} decided: {counts['accept']:,} right, {classes:,} with another class, "
        f"{places:,} moved, {counts['delete']:,} deleted, {counts['add']:,} added, {counts['disputed']:,} disputed"
    )
    say_refused(corrected.refused, say)


def say_refused(refused: Sequence[str], say: Say) -> None:
    """Say which corrections cannot be written."""
    for words in refused[:_SHOWN]:
        say(f"not written: {clean(words)}")
    if len(refused) > _SHOWN:
        say(f"not written: {len(refused) - _SHOWN:,} more")


def say_copy(copy: CorrectedFiles | None, folder: Path | None, written: int, changed: str, say: Say) -> None:
    """Say what became of the corrected copy; ``changed`` are the files that differ, in words."""
    if copy is None:
        say(f"no file was written: --folder DIR writes a corrected copy, which changes {changed}")
        return
    say(f"corrected copy: {folder}, {plural(written, 'file')}, {changed} changed")
    if copy.left_out:
        say(f"left out: {plural(len(copy.left_out), 'link')} out of the dataset, such as {copy.left_out[0]}")
    say(f"next: datacheck audit {folder} --probe")


def write_box_changes(decided: BoxCorrections, images: BoxImages, path: Path) -> None:
    """Write who changed what and when, a row for each box that changes."""
    from datacheck.relabel.formats.csv import to_csv
    from datacheck.storage import write_text

    rows = []
    for row in decided.changes:
        image = images.images[row["sample_id"]]
        points = row["new_points"] and ";".join(f"{side:g}" for side in row["new_points"])
        lists = {"annotators": ";".join(row["annotators"]), "new_points": points}
        rows.append({**row, **lists, "uri": image.uri, "annotation_file": image.file})
    schema = decided.table.schema
    for name in ("annotators", "new_points"):
        schema = schema.set(schema.get_field_index(name), pa.field(name, pa.string()))
    schema = schema.insert(1, pa.field("annotation_file", pa.string())).insert(1, pa.field("uri", pa.string()))
    write_text(path, to_csv(pa.Table.from_pylist(rows, schema=schema)))
