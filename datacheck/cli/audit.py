"""``datacheck audit``: the main job."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datacheck.cli.output import FORMATS, emit
from datacheck.cli.progress import progress_bars
from datacheck.errors import ConfigError, check_choice

if TYPE_CHECKING:
    from datacheck.config import Settings
    from datacheck.report import Report

ENGINES = ("local", "ray")

INPUTS_HELP = "What the network of the weights took: imagenet (normalised), signed (-1 to 1) or unit (0 to 1)."

RUNS = Path(".datacheck")
"""Where run folders go when ``--out`` is not given."""


def audit_command(
    source: Annotated[str, typer.Argument(help="A folder of images, a table, a tar, or the images of a pair.")],
    labels: Annotated[
        str | None, typer.Argument(help="The labels or masks of a pair: a folder or a glob, zipped with the images.")
    ] = None,
    select: Annotated[str | None, typer.Option(help="Rules to run: codes, prefixes, names; comma-separated.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Rules to leave out.")] = None,
    fail_on: Annotated[str | None, typer.Option(help="Exit with 1 at this severity: info, warning, error.")] = None,
    format: Annotated[str | None, typer.Option(help=f"Standard output: {', '.join(FORMATS)}.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; also the cache of the next audit.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes of the scan.")] = None,
    engine: Annotated[str | None, typer.Option(help="local or ray.")] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration file (datacheck.toml or pyproject.toml).")] = None,
    probe: Annotated[bool | None, typer.Option("--probe/--no-probe", help="Train the probe.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time of the probe, such as 60s or 5m.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    weights: Annotated[str | None, typer.Option(help="Weights of a pretrained probe: a file, or a name.")] = None,
    weights_inputs: Annotated[str, typer.Option(help=INPUTS_HELP)] = "imagenet",
    task: Annotated[
        str | None, typer.Option(help="classification, regression, multilabel, paired, unlabelled.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Label column of a table.")] = None,
    target: Annotated[str | None, typer.Option(help="Regression target column of a table.")] = None,
    split: Annotated[str | None, typer.Option(help="Split column of a table.")] = None,
    group: Annotated[str | None, typer.Option(help="Group column of a table.")] = None,
    path: Annotated[str | None, typer.Option(help="Image path column of a table.")] = None,
    columns: Annotated[str | None, typer.Option(help="Column names of a headerless table, comma-separated.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder that a table's relative paths start from.")] = None,
    deployment: Annotated[
        str | None, typer.Option(help="Class shares where the model will run: cat=0.7,dog=0.3.")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="Fingerprint of an accepted dataset to compare with.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every finding, and why a rule was not judged.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars.")] = False,
) -> int:
    """Audit a dataset: what is in it, what is wrong with it, and how to fix it."""
    settings = _settings(
        config,
        select=select,
        ignore=ignore,
        fail_on=fail_on,
        format=format,
        jobs=jobs,
        engine=engine,
        probe=probe,
        budget=budget,
        device=device,
        seed=seed,
        deployment_shares=None if deployment is None else parse_shares(deployment),
    )
    settings = settings.override(out=out or settings.out or default_run_folder(source, labels))
    options: dict[str, Any] = {
        "task": task,
        "label": label,
        "target": target,
        "split": split,
        "group": group,
        "path": path,
        "columns": None if columns is None else [name.strip() for name in columns.split(",")],
        "root": root,
    }
    report = run_audit(
        source if labels is None else (source, labels),
        settings,
        weights=weights,
        weights_inputs=weights_inputs,
        reference=reference,
        quiet=quiet,
        **{name: value for name, value in options.items() if value is not None},
    )
    emit(report, settings.format, fail_on=settings.fail_on, folder=settings.out, verbose=verbose)
    return report.exit_code(settings.fail_on)


def run_audit(
    source: object,
    settings: Settings,
    *,
    weights: str | None = None,
    weights_inputs: str = "imagenet",
    reference: Path | None = None,
    quiet: bool = False,
    **source_options: Any,
) -> Report:
    """Audit with progress bars and write the HTML report into the run folder."""
    from datacheck.auditing import audit
    from datacheck.fingerprints import Fingerprint
    from datacheck.probing import PretrainedWeights

    probe_options = None
    if weights is not None:
        if not settings.probe:
            raise ConfigError("--weights: they are the probe's, which is not asked for; add --probe")
        probe_options = {"weights": PretrainedWeights.taking(weights, weights_inputs)}
    with progress_bars(quiet=quiet) as progress:
        report = audit(
            source,
            settings=settings,
            probe=probe_options,
            reference=None if reference is None else Fingerprint.load(reference),
            progress=progress,
            **source_options,
        )
        if settings.out is not None:
            from datacheck.report import write_html

            write_html(report, settings.out / "report.html", run_dir=settings.out)
    return report


def default_run_folder(source: str, labels: str | None = None) -> Path:
    """Return the run folder of a source: its name, made unique by a hash of its absolute path."""
    place = str(Path(source).absolute()) + ("" if labels is None else "\0" + str(Path(labels).absolute()))
    name = re.sub(r"[^\w.-]+", "-", Path(source).name).strip("-.") or "dataset"
    return RUNS / f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def parse_shares(text: str) -> dict[str, float]:
    """Read ``cat=0.7,dog=0.3``.

    Examples
    --------
    >>> parse_shares("cat=0.7, dog=0.3")
    {'cat': 0.7, 'dog': 0.3}
    """
    shares = {}
    for part in text.split(","):
        name, equals, value = part.rpartition("=")
        try:
            share = float(value)
        except ValueError:
            share = -1.0
        if not equals or not name.strip() or not 0 <= share <= 1:
            raise ConfigError(f"--deployment: expected class=share with a share in [0, 1], found {part.strip()!r}")
        shares[name.strip()] = share
    return shares


def _settings(config: Path | None, *, select: str | None, ignore: str | None, **given: Any) -> Settings:
    """Return the settings of the configuration file with the command line's put over them."""
    from datacheck.config import load_settings
    from datacheck.findings import Severity

    if given["fail_on"] is not None:
        given["fail_on"] = Severity.parse(given["fail_on"])
    settings = load_settings(config).override(
        select=None if select is None else tuple(word.strip() for word in select.split(",")),
        ignore=None if ignore is None else tuple(word.strip() for word in ignore.split(",")),
        **given,
    )
    check_choice("--format", settings.format, FORMATS)
    check_choice("--engine", settings.engine, ENGINES)
    if settings.jobs is not None and settings.jobs < 1:
        raise ConfigError(f"jobs: expected at least 1, found {settings.jobs}")
    return settings
