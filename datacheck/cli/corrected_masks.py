"""What ``datacheck relabel apply`` does with masks: decisions, change log, and corrected mask files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from datacheck.cli.corrected_boxes import Say, say_copy, say_refused
from datacheck.errors import RelabelError
from datacheck.text import plural

if TYPE_CHECKING:
    from datacheck.manifest.file_copies import Link
    from datacheck.relabel.masks.decisions import MaskCorrections


def apply_masks(run: Path, *, folder: Path | None, link: str, say: Say) -> int:
    """Write decisions and change log into the run folder, and the corrected copy where a folder is given.

    Everything is checked before anything is written. Returns 1 where some corrections cannot be written, else 0.

    Raises
    ------
    RelabelError
        When there are no answers, they belong to another dataset, a mask has changed since it was asked about, or the
        copy cannot be made.
    """
    from datacheck.relabel.corrected_files import CorrectedFiles
    from datacheck.relabel.masks.answers import MaskAnswers
    from datacheck.relabel.masks.corrected import CorrectedMasks
    from datacheck.relabel.masks.decisions import decide_masks
    from datacheck.relabel.masks.queue import MaskQueue
    from datacheck.report import Report

    path = run / "masks" / "answers.parquet"
    if not path.exists():
        raise RelabelError(f"{run} has no answers about masks yet: datacheck queue import or pull")
    report, answers, queue = Report.load(run), MaskAnswers.load(path), MaskQueue.load(run)
    if answers.identity and queue.identity and answers.identity != queue.identity:
        raise RelabelError(f"{path} is about dataset {answers.identity}, the queue about {queue.identity}")
    decided = decide_masks(answers, queue)
    corrected = CorrectedMasks.plan(decided, queue.images)
    copy = None
    if folder is not None:
        copy = CorrectedFiles.plan(report.manifest, corrected.files, folder, cast("Link", link), run=run)
    written = 0 if copy is None else copy.write()
    decided.save(run / "masks" / "corrections.parquet")
    _write_changes(decided, run / "masks" / "changes.csv")
    _say_decisions(decided, corrected.pixels, say)
    say_refused(corrected.refused, say)
    say(f"change log: {run / 'masks' / 'changes.csv'}")
    say_copy(copy, folder, written, plural(len(corrected.files), "mask"), say)
    return 1 if corrected.refused else 0


def _say_decisions(decided: MaskCorrections, pixels: int, say: Say) -> None:
    rows = decided.table.to_pylist()
    images = {decision: {row["sample_id"] for row in rows if row["decision"] == decision} for decision in
              ("accept", "change", "disputed")}  # fmt: skip
    every = set().union(*images.values())
    say(
        f"{plural(len(every), 'image')} decided: {len(images['accept']):,} right, {len(images['change']):,} changed "
        f"({plural(pixels, 'pixel')}), {len(images['disputed']):,} with disputed pixels"
    )


def _write_changes(decided: MaskCorrections, path: Path) -> None:
    """Write who changed what and when, a row for the pixels of an image that go from one class to another."""
    from datacheck.relabel.formats.csv import to_csv
    from datacheck.storage import write_text

    names = ("sample_id", "mask", "old_label", "new_label", "pixels", "n_answers", "annotators", "answered_at")
    rows = [{**row, "annotators": ";".join(row["annotators"])} for row in decided.changes]
    whole = {"pixels": pa.int64(), "n_answers": pa.int64()}
    schema = pa.schema([(name, whole.get(name, pa.string())) for name in names])
    write_text(path, to_csv(pa.Table.from_pylist([{name: row[name] for name in names} for row in rows], schema=schema)))
