"""What the commands of a queue read and write in the run folder, and what they say of the answers there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datacheck.cli.output import say
from datacheck.errors import RelabelError
from datacheck.text import clean, plural

if TYPE_CHECKING:
    from datacheck.relabel import Answers
    from datacheck.relabel.answers import Refusal

UNNAMED = "annotator"
"""Who answered, where neither the file nor the command says."""

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


def take_answers(run: Path, answers: Answers, refusals: list[Refusal], *, unnamed: bool = False) -> int:
    """Merge sound answers into the run folder's, and say which rows were refused.

    ``unnamed`` says that nobody named the annotator of rows without a name.

    Raises
    ------
    RelabelError
        When unnamed answers would replace other ones: they may be of another person.
    """
    from datacheck.relabel import Answers

    path = run / "answers.parquet"
    before = Answers.load(path) if path.exists() else Answers.empty(answers.identity)
    if unnamed:
        _refuse_another_person(before, answers, path)
    merged = before.merge(answers)
    if len(answers) and not merged.table.equals(before.table):
        merged.save(path)
    say_answers(len(answers), len(merged) - len(before), len(merged), path, refusals)
    if answers:
        say_look(run)
    return 1 if refusals or not answers else 0


def say_answers(n_read: int, n_new: int, n_all: int, path: Path, refusals: list[Refusal]) -> None:
    """Say how many answers were read, and which rows were refused."""
    say(f"{plural(n_read, 'answer')} read, {n_new:,} new; {n_all:,} in {path}")
    for refusal in refusals[:_SHOWN_REFUSALS]:
        say(f"refused: {clean(refusal)}", err=True)
    if refusals:
        taken = f"{plural(n_read, 'answer')} taken" if n_read else "no answer taken"
        say(f"{plural(len(refusals), 'entry', 'entries')} refused; {taken}", err=True)
    elif not n_read:
        say("no answers found: label samples in the annotation tool, then export and import again", err=True)


def say_look(run: Path) -> bool:
    """Count the wrong labels by the answers so far, keep the count, and say it; False where there is no look."""
    from datacheck.auditing import count_wrong_labels
    from datacheck.labels.look import LEAST_LOOKED_AT

    look = count_wrong_labels(run)
    if look is None:
        return False
    say(f"measured: {look.in_words()}")
    if not look.enough:
        say(f"the audit keeps its own estimate until {LEAST_LOOKED_AT} are looked at")
        return True
    say(f"the audit now uses this count: {run / 'report.html'}")
    if (run / "plan.json").exists():
        say(f"the plan was made before: datacheck plan {run} makes it again")
    return True


def put_aside(run: Path, *, replace: bool, place: str = "") -> None:
    """Move a queue and its answers to numbered names: answers belong to one queue.

    ``place`` is the folder below the run folder in which they are.
    """
    folder = run / place
    answers = folder / "answers.parquet"
    if not answers.exists():
        return
    if not replace:
        raise RelabelError(
            f"{answers} belongs to the queue that is there: apply it first (datacheck relabel apply {run}), "
            "then make a new one with --replace, which renames both"
        )
    number = 1
    while any((folder / f"{name}.{number}.parquet").exists() for name in ("answers", "queue")):
        number += 1
    (folder / "queue.parquet").rename(folder / f"queue.{number}.parquet")
    answers.rename(folder / f"answers.{number}.parquet")


def _refuse_another_person(before: Answers, newer: Answers, path: Path) -> None:
    kept = {row["answer_id"]: (row["answer"], row["label"]) for row in before.table.to_pylist()}
    unnamed = [row for row in newer.table.to_pylist() if row["annotator"] == UNNAMED and row["answer_id"] in kept]
    differing = sum(kept[row["answer_id"]] != (row["answer"], row["label"]) for row in unnamed)
    if differing:
        raise RelabelError(
            f"expected the name of whoever answered: the file names nobody, and {differing:,} of {len(unnamed):,} "
            f"answers differ from those that are in {path} without a name. Give --annotator NAME for another, or "
            f"--annotator {UNNAMED} to replace the earlier answers"
        )
