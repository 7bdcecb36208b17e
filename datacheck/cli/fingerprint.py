"""``datacheck fingerprint`` and ``datacheck diff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datacheck.cli import source_options as given
from datacheck.cli.audit import default_run_folder
from datacheck.cli.completing import one_of
from datacheck.cli.output import TEXT_OR_JSON, Quiet, say
from datacheck.cli.progress import progress_bars
from datacheck.cli.stored_runs import stored_run_folder
from datacheck.errors import SourceError, check_choice

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint


@given.takes_source_options
def fingerprint_command(
    context: typer.Context,
    source: given.SourceArgument,
    labels: given.LabelsArgument = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the fingerprint goes.")] = Path("fingerprint.json"),
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes of the scan.")] = None,
    pixels: Annotated[bool, typer.Option("--pixels/--no-pixels", help="Whether to read the images.")] = True,
    quiet: Quiet = False,
) -> int:
    """Summarise a dataset into one small file: statistics per split and class, and an identity."""
    made = take_fingerprint(
        source, labels, jobs=jobs, pixels=pixels, quiet=quiet, **given.source_options(context.params)
    )
    made.save(out)
    say(f"{out}: {made.n_samples:,} samples, identity {made.identity}")
    return 0


def diff_command(
    before: Annotated[str, typer.Argument(help="A fingerprint, a run folder, or a source.")],
    after: Annotated[str, typer.Argument(help="The same, to compare with.")],
    format: Annotated[str, typer.Option(help="text or json.", autocompletion=one_of(*TEXT_OR_JSON))] = "text",
    quiet: Quiet = False,
) -> int:
    """Report what changed between two datasets; exit with 1 when anything did."""
    from datacheck.fingerprints import FingerprintDiff

    check_choice("--format", format, TEXT_OR_JSON)
    difference = FingerprintDiff.between(*(load_fingerprint(one, quiet=quiet) for one in (before, after)))
    if format == "text":
        say(difference.to_text())
    else:
        typer.echo(json.dumps(difference.to_json(), indent=2))
    return 0 if difference.same else 1


def load_fingerprint(place: str, *, quiet: bool = False) -> Fingerprint:
    """Return the fingerprint of a file, a run folder or a source."""
    from datacheck.fingerprints import Fingerprint

    path = stored_run_folder(place) or Path(place)
    if path.suffix == ".json" and path.is_file():
        return Fingerprint.load(path)
    if (path / "fingerprint.json").is_file():
        return Fingerprint.load(path / "fingerprint.json")
    if not path.exists() and path.suffix == ".json":
        raise SourceError(f"expected a fingerprint at {path}, found nothing")
    return take_fingerprint(place, quiet=quiet)


def take_fingerprint(
    source: str,
    labels: str | None = None,
    *,
    jobs: int | None = None,
    pixels: bool = True,
    quiet: bool = False,
    **source_options: Any,
) -> Fingerprint:
    """Open and scan a source, and summarise it."""
    from datacheck.auditing import prepare_run_folder
    from datacheck.fingerprints import fingerprint
    from datacheck.manifest import Modality
    from datacheck.scanning import scan
    from datacheck.sources import open_source

    manifest = open_source(source if labels is None else (source, labels), **source_options)
    if not pixels or manifest.modality is not Modality.IMAGE or manifest.reader is None:
        return fingerprint(manifest)
    folder = default_run_folder(source, labels)
    prepare_run_folder(folder)
    with progress_bars(quiet=quiet) as progress:
        scanned = scan(
            manifest,
            run_dir=folder,
            jobs=jobs,
            progress=None if progress is None else lambda done, total: progress("scan", done, total),
        )
    return fingerprint(manifest, scanned.measurements)
