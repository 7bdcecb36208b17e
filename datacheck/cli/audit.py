"""``datacheck audit``: the main job."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datacheck.cli import source_options as given
from datacheck.cli.completing import one_of
from datacheck.cli.output import Quiet, Verbose, emit
from datacheck.cli.progress import progress_bars
from datacheck.cli.rule_options import Config, FailOn, Format, Ignore, Select, selection
from datacheck.errors import ConfigError

if TYPE_CHECKING:
    from datacheck.config import Settings
    from datacheck.report import Report

INPUTS_HELP = "Input range of the network of --weights: imagenet (normalised), signed (-1 to 1) or unit (0 to 1)."

OUT_HELP = "Run folder, with report.html; also the cache of the next audit."

PROBE_HELP = "Train the probe: find labels that are likely wrong."

SHARES_HELP = "Class shares where the model will run: cat=0.7,dog=0.3."

RUNS = Path(".datacheck")
"""Where run folders go when ``--out`` is not given."""

_OF_THE_PROBE = ("budget", "device", "weights", "weights_inputs")
"""Options that say how the probe is trained, and have no effect without it."""


@given.takes_source_options
def audit_command(
    context: typer.Context,
    source: given.SourceArgument,
    labels: given.LabelsArgument = None,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    format: Format = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help=OUT_HELP)] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes of the scan.")] = None,
    engine: Annotated[
        str | None, typer.Option(help="How the scan runs: local or ray.", autocompletion=one_of("local", "ray"))
    ] = None,
    config: Config = None,
    duplicates: Annotated[
        str | None,
        typer.Option(
            help="How thoroughly duplicates are searched for: auto, exact, hash, features.",
            autocompletion=one_of("auto", "exact", "hash", "features"),
        ),
    ] = None,
    probe: Annotated[bool | None, typer.Option("--probe/--no-probe", help=PROBE_HELP)] = None,
    budget: Annotated[str | None, typer.Option(help="Time of the probe, such as 60s or 5m.")] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Device of the probe: auto, cpu or cuda.", autocompletion=one_of("auto", "cpu", "cuda")),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights of a pretrained probe: lite0 (packaged), a file, a name, or none.")
    ] = None,
    weights_inputs: Annotated[
        str | None, typer.Option(help=INPUTS_HELP, autocompletion=one_of("imagenet", "signed", "unit"))
    ] = None,
    deployment: Annotated[str | None, typer.Option(help=SHARES_HELP)] = None,
    reference: Annotated[Path | None, typer.Option(help="Fingerprint of an accepted dataset to compare with.")] = None,
    goal_error: Annotated[
        float | None, typer.Option(min=0, max=1, help="The error that is good enough, such as 0.05 (DC602).")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything random.")] = None,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> int:
    """Audit a dataset: what is in it, what is wrong with it, and how to fix it."""
    settings = _settings(context.params)
    settings = settings.override(out=out or settings.out or default_run_folder(source, labels))
    report = run_audit(
        source if labels is None else (source, labels),
        settings,
        probe=_probe_argument(context.params, settings),
        reference=reference,
        quiet=quiet,
        **given.source_options(context.params),
    )
    emit(report, settings.format, fail_on=settings.fail_on, folder=settings.out, verbose=verbose)
    return report.exit_code(settings.fail_on)


def run_audit(
    source: object,
    settings: Settings,
    *,
    probe: bool | dict[str, Any] | None = None,
    reference: Path | None = None,
    quiet: bool = False,
    **source_options: Any,
) -> Report:
    """Audit with progress bars."""
    from datacheck.auditing import audit
    from datacheck.fingerprints import Fingerprint

    accepted = None if reference is None else Fingerprint.load(reference)
    with progress_bars(quiet=quiet) as progress:
        return audit(source, settings=settings, probe=probe, reference=accepted, progress=progress, **source_options)


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


def _settings(parameters: dict[str, Any]) -> Settings:
    """Return the settings of the configuration file with the command line's put over them."""
    from datacheck.config import load_settings

    deployment = parameters["deployment"]
    plain = ("format", "jobs", "engine", "duplicates", "probe", "budget", "device", "seed")
    settings = load_settings(parameters["config"])
    goal = parameters["goal_error"]
    if goal is not None:
        triage = {**settings.rules.get("DC602", {}), "goal_error": goal}
        settings = settings.override(rules={**settings.rules, "DC602": triage})
    return settings.override(
        **selection(parameters["select"], parameters["ignore"], parameters["fail_on"]),
        deployment_shares=None if deployment is None else parse_shares(deployment),
        **{name: parameters[name] for name in plain},
    )


def _probe_argument(parameters: dict[str, Any], settings: Settings) -> bool | dict[str, Any] | None:
    """Return what `datacheck.audit` takes as ``probe``; refuse options of a probe that is not asked for."""
    if not settings.probe:
        for name in _OF_THE_PROBE:
            if parameters[name] is not None:
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(f"{option} sets how the probe is trained, and no probe is asked for: add --probe")
        return None if parameters["probe"] is None else False
    if parameters["weights"] is None:
        if parameters["weights_inputs"] is not None:
            raise ConfigError("--weights-inputs describes the network of --weights, and none is given: add --weights")
        return True
    from datacheck.probing import PretrainedWeights

    return {"weights": PretrainedWeights.taking(parameters["weights"], parameters["weights_inputs"])}
