"""Run folders of drawn datasets with boxes, and answers about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datacheck.fingerprints import fingerprint
from datacheck.relabel.boxes.answers import SIDES, BoxAnswers, accept_boxes
from datacheck.relabel.boxes.images import BoxImages
from datacheck.report import Report
from datacheck.scanning import scan
from datacheck.sources import open_source
from tests.annotations.drawn import Drawn, Objects, drawn_objects


def audited(folder: Path, form: str, objects: Objects | None = None) -> Path:
    """Draw a dataset into ``folder/set``, audit it, and return its run folder."""
    Drawn(folder / "set", form, objects or drawn_objects(6)).write()
    return audited_again(folder)


def audited_again(folder: Path) -> Path:
    """Read ``folder/set`` as an audit without rules does, and return its run folder."""
    run = folder / "run"
    run.mkdir(exist_ok=True)
    manifest = open_source(folder / "set")
    measurements = scan(manifest, run_dir=run, jobs=1).measurements
    Report(manifest, measurements, fingerprint=fingerprint(manifest, measurements)).save(run)
    return run


def images_of(run: Path) -> BoxImages:
    """Return the images of a run folder with their boxes."""
    report = Report.load(run)
    return BoxImages.of(report.manifest, report.measurements, identity=report.identity)


def answer(
    number: int, sample_id: str, kind: str, annotation_id: int | None = None, *, label: str | None = None,
    box: Sequence[float] | None = None, person: str = "ann", at: str = "2026-01-01",
) -> dict[str, Any]:  # fmt: skip
    """Return the row of an answer."""
    sides: Mapping[str, float] = {} if box is None else dict(zip(SIDES, box, strict=True))
    return {
        "answer_id": f"{person}:{number}", "submission": f"{person}:{sample_id}:{at}", "sample_id": sample_id,
        "annotation_id": annotation_id, "annotator": person, "answer": kind, "label": label, **sides,
        "answered_at": at, "tool": "test",
    }  # fmt: skip


def save_answers(run: Path, rows: Sequence[Mapping[str, Any]], images: BoxImages | None = None) -> BoxAnswers:
    """Check answers and write them into a run folder; ``images`` are those of the run folder where it is None."""
    answers, refusals = accept_boxes(rows, images or images_of(run))
    assert not refusals
    answers.save(run / "boxes" / "answers.parquet")
    return answers
