"""``datacheck compare-labels``: whether new labels follow the guidelines of the old ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datacheck.cli import source_options as given
from datacheck.cli.completing import one_of
from datacheck.cli.output import TEXT_OR_JSON, Quiet, standard_output
from datacheck.cli.progress import progress_bars
from datacheck.cli.stored_runs import stored_run_folder
from datacheck.errors import check_choice
from datacheck.text import clean

if TYPE_CHECKING:
    from datacheck.manifest import Manifest


@given.takes_source_options
def compare_labels_command(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="The accepted data: a source, or the run folder of its audit.")],
    new: Annotated[str, typer.Argument(help="The data to judge: the same.")],
    budget: Annotated[str, typer.Option(help="Time of the probe, such as 60s or 5m.")] = "60s",
    device: Annotated[
        str, typer.Option(help="Device of the probe: auto, cpu or cuda.", autocompletion=one_of("auto", "cpu", "cuda"))
    ] = "auto",
    weights: Annotated[
        str | None, typer.Option(help="Weights of a pretrained probe: lite0 (packaged), a file, a name, or none.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    format: Annotated[str, typer.Option(help="text or json.", autocompletion=one_of(*TEXT_OR_JSON))] = "text",
    quiet: Quiet = False,
) -> int:
    """Judge new labels by a probe of the accepted ones: exit 0 same guidelines, 1 another in a class, 2 not judged."""
    from datacheck.probing.label_comparison import compare_labels

    check_choice("--format", format, TEXT_OR_JSON)
    options = given.source_options(context.params)
    before, after = (opened_or_audited(one, options) for one in (old, new))
    with progress_bars(quiet=quiet) as progress:
        found = compare_labels(
            before,
            after,
            budget=budget,
            device=device,
            weights=weights,
            seed=seed,
            progress=None if progress is None else lambda done, total: progress("probe", done, total),
        )
    with standard_output() as out:
        if format == "json":
            out.write(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n")
        else:
            out.write(
                "\n".join(
                    clean(line) if line[:1] != " " else f"  {clean(line)}" for line in found.to_text().splitlines()
                )
            )
            out.write("\n")
    return found.exit_code


def opened_or_audited(place: str, options: dict[str, Any]) -> Manifest:
    """Return the manifest of a source, or that of an audit."""
    from datacheck.sources import open_source

    folder = stored_run_folder(place) or Path(place)
    if (folder / "findings.json").is_file():
        from datacheck.report import Report

        return Report.load(folder).manifest
    return open_source(place, **options)
