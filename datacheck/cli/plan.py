"""``datacheck plan``: from an audit's run folder to a training plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datacheck.cli.audit import INPUTS_HELP, parse_shares
from datacheck.cli.completing import one_of
from datacheck.cli.output import Quiet, Verbose, columns, say
from datacheck.cli.progress import progress_bars
from datacheck.cli.stored_runs import takes_stored_run
from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.text import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from datacheck.auditing import Progress
    from datacheck.report import Report


@takes_stored_run
def plan_command(
    run: Annotated[Path, typer.Argument(help="The run folder of an audit.")],
    budget: Annotated[str, typer.Option(help="Time for measurements, such as 60s or 5m.")] = "5m",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the plan; the run folder by default.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help="Write a training script that follows the plan, such as train.py.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the script where it exists.")] = False,
    transforms: Annotated[
        str, typer.Option(help="Library of the script's augmentations: torchvision or albumentations.")
    ] = "torchvision",
    weights: Annotated[
        str | None,
        typer.Option(help="Pretrained network to measure on: a file, a name, or none; for photos lite0 by default."),
    ] = None,
    weights_inputs: Annotated[str | None, typer.Option(help=INPUTS_HELP)] = None,
    device: Annotated[
        str,
        typer.Option(
            help="Where the pretrained network runs: auto, cpu or cuda.", autocompletion=one_of("auto", "cpu", "cuda")
        ),
    ] = "auto",
    deployment: Annotated[
        str | None, typer.Option(help="Class shares where the model will run: cat=0.7,dog=0.3.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often each measurement is repeated.")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    augment: Annotated[bool, typer.Option("--augment/--no-augment", help="Whether to try augmentations.")] = True,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Plan the main training: splits, rebalancing, augmentations, samples to collect; each measured on this dataset."""
    from datacheck.errors import ConfigError, check_choice
    from datacheck.plan import make_plan
    from datacheck.plan.augment.snippets import LIBRARIES
    from datacheck.plan.script import check_new, write_script
    from datacheck.probing import PretrainedWeights
    from datacheck.report import Report, write_html
    from datacheck.scanning.working_copy import stored_at

    check_choice("--transforms", transforms, LIBRARIES)
    if script is not None:
        check_new(script, overwrite=overwrite)
    if script is not None and out is None and stored_at(run) != run:
        raise ConfigError("--script: the script reads the plan from this machine; name a folder for it with --out")
    report = Report.load(run)
    shares: Any = report.settings.get("deployment_shares") if deployment is None else parse_shares(deployment)
    folder = out or run
    with progress_bars(quiet=quiet) as progress:
        plan = make_plan(
            report.manifest,
            measurements=report.measurements,
            pixels=_pixels(report, run, progress),
            probe=report.probe,
            fingerprint=report.fingerprint,
            weights=None if weights is None else PretrainedWeights.taking(weights, weights_inputs),
            device=device,
            findings=report.findings,
            budget=budget,
            seed=seed,
            n_seeds=seeds,
            deployment_shares=shares,
            augment=augment,
            near_duplicate_distance=int(
                report.settings.get("near_duplicate_distance", DEFAULT_NEAR_DUPLICATE_DISTANCE)
            ),
            duplicates=report.settings.get("duplicates", "auto"),
            progress=progress,
        )
    plan.save(folder)
    if script is not None:
        write_script(plan, script, run=folder, root=report.manifest.root, transforms=transforms, overwrite=overwrite)
    if out is None:
        write_html(Report.load(run), run / "report.html", run_dir=run)
    typer.echo(plan.to_text(width=columns(), verbose=verbose))
    answers = plan.answers(run)
    if answers:
        known = sum(name in answers for name in plan.doubted())
        say(
            f"\nanswers: the script trains with {plural(len(answers), 'label')} that people decided on; {known:,} of "
            f"the {len(plan.doubted()):,} labels to check are among them"
        )
    say(f"\n{folder / 'plan.json'}: load it with datacheck.TrainingPlan.load({str(folder)!r})")
    if script is not None:
        say(f"{script}: run it with python {script}")
    return 0


def _pixels(report: Report, run: Path, progress: Progress | None) -> NDArray[np.uint8] | None:
    """Return small pixels of all samples, from the run folder's cache; None where the samples are out of reach."""
    manifest = report.manifest
    if report.measurements is None or manifest.reader is None:
        return None
    from datacheck.probing.images import usual_side
    from datacheck.scanning import scan

    scanned = scan(
        manifest,
        run_dir=run,
        pixels=usual_side(manifest),
        progress=None if progress is None else lambda done, total: progress("scan", done, total),
    )
    return scanned.pixels
