"""``datacheck export``: the samples that are fit for training, in a new place."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datacheck.cli.completing import one_of, rules_or_severities
from datacheck.cli.output import Verbose, standard_output
from datacheck.cli.rule_options import separated
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.errors import ConfigError
from datacheck.text import clean, listed, percent, plural

if TYPE_CHECKING:
    from datacheck.exporting import Choice, Export

SHOWN = 5
"""A dry run names this many files."""


@takes_stored_run
def export_command(
    run: Annotated[Path, typer.Argument(help="The run folder of an audit.")],
    to: Annotated[
        Path | None, typer.Option("--clean", "--out", "-o", help="New folder, or new file of a list. Dry run without.")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--as",
            help="What is written: list (of files), links, copies.",
            autocompletion=one_of("list", "links", "copies"),
        ),
    ] = "copies",
    drop: Annotated[
        str,
        typer.Option(
            help="Severity from which samples are left out, or rules; comma-separated. none: nothing.",
            autocompletion=rules_or_severities,
        ),
    ] = "error",
    leave_out: Annotated[
        Path | None,
        typer.Option(
            help="Samples to leave out too: a CSV with sample_id (as the HTML report saves), or an id a line."
        ),
    ] = None,
    duplicates: Annotated[
        str,
        typer.Option(
            help="Copies that are left out, all but the first: exact, near (DC302 too), keep (none).",
            autocompletion=one_of("exact", "near", "keep"),
        ),
    ] = "exact",
    classes: Annotated[str | None, typer.Option(help="Keep these classes only: cat,dog.")] = None,
    share: Annotated[
        float | None, typer.Option(help="Keep about this share of each class and split, in whole groups: 0.1.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw of --share.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    verbose: Verbose = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path that was written.")] = False,
) -> int:
    """Write a clean copy of the audited dataset, or a small one; the dataset itself is never changed."""
    from datacheck.exporting import Export, Wanted, choose
    from datacheck.report import Report

    report = Report.load(run)
    wanted = Wanted(
        drop=() if drop.strip().lower() == "none" else separated(drop),
        duplicates=duplicates,
        classes=None if classes is None else separated(classes),
        share=share,
        seed=seed,
        leave_out=() if leave_out is None else listed_samples(leave_out),
    )
    export = Export.plan(choose(report, wanted), form, report.measurements)
    writes = to is not None and not dry_run
    with standard_output() as out:
        if not quiet:
            lines = _said(export.choice, verbose=verbose)
            if report.gaps:
                lines.append(f"not judged: {clean(report.gaps[0].text)}; what is left may hold more of it")
            out.write("\n".join(lines) + "\n")
        if to is not None and writes:
            export.write(to)
            out.write(f"{clean(to)}\n" if quiet else f"{clean(to)}: {_written(export)}\n")
            if not quiet and form != "list":
                out.write(f"next: datacheck audit {clean(to)}\n")
        elif not quiet:
            out.write(_preview(export, to))
    return 0


def listed_samples(path: Path) -> tuple[str, ...]:
    """Read a list of samples: a CSV with the column ``sample_id``, or a text with an id a line.

    Raises
    ------
    ConfigError
        When it cannot be read, or names no sample.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--leave-out: expected a list of samples in {path}, found: {error}") from None
    if lines and "sample_id" in next(csv.reader(lines[:1])):
        found = [row["sample_id"] or "" for row in csv.DictReader(lines)]
    else:
        found = [line.strip() for line in lines]
    ids = tuple(dict.fromkeys(one for one in found if one))
    if not ids:
        raise ConfigError(f"--leave-out: expected a sample id a line in {path}, found none")
    return ids


def _said(choice: Choice, *, verbose: bool) -> list[str]:
    """Return what is left out and why, and what stays."""
    manifest, rows = choice.manifest, choice.rows
    lines = []
    for reason, ids in choice.left_out.items():
        lines.append(f"left out: {len(ids):,} for {clean(reason)}")
        lines += [f"  {clean(name)}" for name in ids] if verbose else []
    kept = manifest.take(rows)
    sizes = [f"{clean(name)} {int((kept.split_codes == code).sum()):,}" for code, name in enumerate(kept.splits)]
    share = percent(len(rows) / len(manifest))
    lines.append(
        f"kept: {len(rows):,} of {plural(len(manifest), 'sample')} ({share})"
        + (f": {', '.join(sizes)}" if sizes else "")
    )
    if choice.emptied:
        lines.append(f"no sample is left of {clean(listed(choice.emptied))}")
    return lines


def _written(export: Export) -> str:
    if export.form == "list":
        return f"a list of {plural(len(export.names), 'name')}"
    return plural(len(export.files), "file")


def _preview(export: Export, to: Path | None) -> str:
    names = [f"  {clean(name)}" for name in export.names[:SHOWN]]
    more = len(export.names) - len(names)
    place = "--clean FOLDER writes it" if to is None else f"without --dry-run it goes to {clean(to)}"
    return "\n".join(
        [*names, *([f"  … and {more:,} more"] if more > 0 else []), f"dry run: nothing was written; {place}", ""]
    )
