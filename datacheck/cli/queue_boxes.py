"""``datacheck queue`` for datasets with boxes: images to annotators, and corrections back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datacheck.cli.output import say
from datacheck.cli.queue_files import put_aside, say_answers
from datacheck.errors import RelabelError
from datacheck.text import percent, plural

if TYPE_CHECKING:
    from datacheck.relabel.answers import Refusal
    from datacheck.relabel.submissions import Submissions


def make_box_queue(run: Path, budget: int, random_share: float, seed: int, *, replace: bool) -> int:
    """Choose the images whose boxes people should look at, and say what to expect."""
    from datacheck.relabel.boxes.selection import box_queue
    from datacheck.relabel.image_queue import WantedImages
    from datacheck.report import Report

    report = Report.load(run)
    if report.box_probe is None:
        raise RelabelError("a queue of boxes needs the probe, and this audit trained none: audit again with --probe")
    made = box_queue(
        report.manifest,
        report.box_probe,
        report.measurements,
        WantedImages(budget, random_share, seed),
        identity=report.identity,
    )
    put_aside(run, replace=replace, place="boxes")
    path = made.save(run)
    kinds = made.table["kind"].to_pylist()
    say(
        f"{path}: {plural(len(made), 'image')}: {kinds.count('class'):,} boxes of another class, "
        f"{kinds.count('spurious'):,} that look empty, {kinds.count('misplaced'):,} that lie elsewhere, "
        f"{plural(kinds.count('random'), 'random image')}"
    )
    precision = made.expected_precision
    if precision is not None:
        say(
            f"expected: {percent(precision.value)} of the classes in question are wrong "
            f"(95 % interval {percent(precision.low)} to {percent(precision.high)})"
        )
    elif kinds.count("class"):
        say("expected: how many of the classes in question are wrong is not known, the probe is too weak")
    for count in made.counts:
        say(f"expected: {count}")
    say(f"next: datacheck review {run}\nor:   datacheck queue export {run} --to label-studio -o tasks.json")
    return 0


def take_submissions(run: Path, place: str, answers: Submissions, refusals: list[Refusal]) -> int:
    """Merge sound answers about boxes or masks into those of the folder ``place``, and say which were refused."""
    path = run / place / "answers.parquet"
    before = type(answers).load(path) if path.exists() else answers.from_rows([], answers.identity)
    merged = before.merge(answers)
    if len(answers) and not merged.table.equals(before.table):
        merged.save(path)
    say_answers(len(answers), len(merged) - len(before), len(merged), path, refusals)
    if len(answers):
        say(f"next: datacheck relabel apply {run}")
    return 1 if refusals or not len(answers) else 0
