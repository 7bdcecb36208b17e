"""What the commands of a queue read and write in the run folder, and what they say of the answers there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from datacheck.errors import RelabelError
from datacheck.text import clean, plural

if TYPE_CHECKING:
    from datacheck.relabel import Answers
    from datacheck.relabel.answers import Refusal

_SHOWN_REFUSALS = 10
"""Refused entries that are listed; more of one kind do not help."""


def read_gold(path: Path) -> dict[str, str]:
    """Read known answers from a CSV with the columns ``sample_id`` and ``label``.

    Raises
    ------
    RelabelError
        When it has other columns, or is no CSV.
    """
    from datacheck.relabel.formats.csv import csv_rows

    gold = {}
    for number, row in enumerate(csv_rows(path), start=2):
        if not row.get("label"):
            raise RelabelError(f"{path}, line {number}: expected a label for {row['sample_id']!r}, found none")
        gold[row["sample_id"]] = row["label"]
    return gold


def take_answers(run: Path, answers: Answers, refusals: list[Refusal]) -> int:
    """Merge sound answers into the run folder's, and say which rows were refused."""
    from datacheck.relabel import Answers

    path = run / "answers.parquet"
    before = Answers.load(path) if path.exists() else Answers.empty(answers.identity)
    merged = before.merge(answers)
    if len(answers) and not merged.table.equals(before.table):
        merged.save(path)
    typer.echo(f"{plural(len(answers), 'answer')} read, {len(merged) - len(before):,} new; {len(merged):,} in {path}")
    for refusal in refusals[:_SHOWN_REFUSALS]:
        typer.echo(f"refused: {clean(refusal)}", err=True)
    if refusals:
        taken = f"{plural(len(answers), 'answer')} taken" if answers else "no answer taken"
        typer.echo(f"{plural(len(refusals), 'entry', 'entries')} refused; {taken}", err=True)
    elif not answers:
        typer.echo("no answers found: label samples in the annotation tool, then export and import again", err=True)
    if answers:
        say_look(run)
    return 1 if refusals or not answers else 0


def say_look(run: Path) -> bool:
    """Count the wrong labels by the answers so far, keep the count, and say it; False where there is no look."""
    from datacheck.auditing import count_wrong_labels
    from datacheck.labels.look import LEAST_LOOKED_AT

    look = count_wrong_labels(run)
    if look is None:
        return False
    typer.echo(f"measured: {look.in_words()}")
    if not look.enough:
        typer.echo(f"the audit keeps its own estimate until {LEAST_LOOKED_AT} are looked at")
        return True
    typer.echo(f"the audit now uses this count: {run / 'report.html'}")
    if (run / "plan.json").exists():
        typer.echo(f"the plan was made before: datacheck plan {run} makes it again")
    return True


def put_aside(run: Path, *, replace: bool) -> None:
    """Move a queue and its answers to numbered names: answers belong to one queue."""
    answers = run / "answers.parquet"
    if not answers.exists():
        return
    if not replace:
        raise RelabelError(
            f"{answers} belongs to the queue that is there: apply it first (datacheck relabel apply {run}), "
            "then make a new one with --replace, which renames both"
        )
    number = 1
    while (run / f"answers.{number}.parquet").exists() or (run / f"queue.{number}.parquet").exists():
        number += 1
    (run / "queue.parquet").rename(run / f"queue.{number}.parquet")
    answers.rename(run / f"answers.{number}.parquet")
