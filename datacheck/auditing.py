"""The one place that wires the flow together: source, manifest, scan, fingerprint, probe, rules, report."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from datacheck.config import Settings
from datacheck.errors import ConfigError, DatacheckError, ProbeError, StorageError
from datacheck.findings import Failed, Outcome
from datacheck.fingerprints import Fingerprint, fingerprint
from datacheck.manifest import Manifest, Modality
from datacheck.probing import ProbeOutputs
from datacheck.probing import probe as train_probe
from datacheck.probing.images import usual_side
from datacheck.report import Report, RuleOutcome, write_html
from datacheck.report.outcomes import json_safe
from datacheck.report.plans import load_plan
from datacheck.rules import Rule, RuleContext
from datacheck.rules.plugins import all_rules
from datacheck.rules.select import configure, select_rules
from datacheck.scanning import ScanResult, scan
from datacheck.sources import open_source
from datacheck.version import __version__

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and how much there is."""

_USER_ARRAYS = frozenset({"features", "pred_probs", "pixels"})
"""Options of the probe that stand for the pixels that the scan would make for it."""


def audit(
    source: object,
    *,
    settings: Settings | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    engine: str | None = None,
    probe: bool | str | Mapping[str, Any] | None = None,
    deployment_shares: Mapping[str, float] | None = None,
    reference: Fingerprint | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    **source_options: Any,
) -> Report:
    """Audit a dataset: report what is in it, what is wrong with it and what to do about it.

    Parameters
    ----------
    source
        Anything that `datacheck.open` takes: a folder, a table, a pair of listings, a Dataset, arrays, a manifest.
    settings
        Where the options below are not given, they come from here; the defaults when it is None too.
    select, ignore
        Rule codes, prefixes of codes, or slugs.
    out
        The run folder, with ``report.html`` in it. It is the cache as well: a second audit into it reads only the
        files that changed, and keeps a probe that still fits. Without it nothing is written to disk.
    jobs, engine
        How the scan runs: worker processes, and ``"local"`` or ``"ray"``.
    probe
        True or a budget such as ``"60s"`` trains the probe; a mapping holds options of `datacheck.probe`. None keeps
        the probe of an earlier audit into ``out`` where the dataset is the same; False does without.
    deployment_shares
        Class shares where the model will run, for DC204.
    reference
        Fingerprint of an accepted dataset to compare with.
    seed
        Seed of everything random.
    progress
        Called as ``progress(stage, done, total)``.
    **source_options
        Options of `datacheck.open`.

    Raises
    ------
    DatacheckError
        When the source cannot be opened or an option is unusable. A rule that crashes does not raise: its outcome
        is `Failed`, and the report's exit code says so.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)
    >>> images[1] = images[0]
    >>> report = audit((images, ["cat", "dog"] * 30), select=["DC304"])
    >>> report.findings[0].code, report.findings[0].n_affected
    ('DC304', 2)
    """
    settings = (settings or Settings()).override(
        select=None if select is None else tuple(select),
        ignore=None if ignore is None else tuple(ignore),
        out=None if out is None else Path(out),
        jobs=jobs,
        engine=engine,
        deployment_shares=deployment_shares,
        seed=seed,
        source={**(settings.source if settings else {}), **source_options},
    )
    report = _audit(source, settings, probe, reference, progress)
    if settings.out is not None:
        report.save(settings.out)
        write_html(report, settings.out / "report.html", run_dir=settings.out)
    return report


def _audit(
    source: object,
    settings: Settings,
    probe: bool | str | Mapping[str, Any] | None,
    reference: Fingerprint | None,
    progress: Progress | None,
) -> Report:
    """Return the report; what it needs of the run folder is read there, and the scan is kept in it."""
    started = time.perf_counter()
    rules = configured_rules(settings)
    manifest = open_manifest(source, settings.source)
    probe_options = _probe_options(probe, settings)
    if settings.out is not None:
        prepare_run_folder(settings.out)
    scanned = _scan(manifest, settings, probe_options, progress)
    measurements = None if scanned is None else scanned.measurements
    context = RuleContext(
        manifest=manifest,
        measurements=measurements,
        fingerprint=fingerprint(manifest, measurements),
        reference=reference,
        deployment_shares=settings.deployment_shares,
        seed=settings.seed,
        near_duplicate_distance=settings.near_duplicate_distance,
    )
    if probe_options is not None:
        probed = _train(context, scanned, probe_options, progress)
    elif probe is None and settings.out is not None:
        probed = _keep(context, settings.out)
    else:
        probed = _Probed()
    outcomes = run_rules(rules, replace(context, probe=probed.outputs), progress)
    return Report(
        manifest=manifest,
        measurements=measurements,
        fingerprint=context.fingerprint,
        probe=probed.outputs,
        plan=None if settings.out is None else load_plan(settings.out, context.fingerprint),
        outcomes=outcomes,
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings={"given": _given(source), **_settings_json(settings)},
        notes=probed.notes,
        unmet=probed.unmet,
    )


def open_manifest(source: object, options: Mapping[str, Any]) -> Manifest:
    """Return the manifest of a source; a manifest is its own."""
    if isinstance(source, Manifest):
        if options:
            raise ConfigError(f"a Manifest takes no source options, found {sorted(options)}")
        return source
    return open_source(source, **options)


def configured_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the selected rules with their thresholds set."""
    known = all_rules()
    by_code = {rule.code: rule for rule in known}
    for code in settings.rules:
        select_rules(known, select=(code,))
        if code not in by_code:
            raise ConfigError(f"thresholds are set by rule code, such as 'DC203'; found {code!r}")
    selected = select_rules(known, select=settings.select, ignore=settings.ignore)
    return tuple(configure(rule, settings.rules.get(rule.code, {})) for rule in selected)


def run_rules(rules: Sequence[Rule], context: RuleContext, progress: Progress | None = None) -> tuple[RuleOutcome, ...]:
    """Judge every rule; one that crashes is a `Failed` outcome and stops no other."""
    outcomes = []
    for position, rule in enumerate(rules):
        if progress is not None:
            progress("rules", position, len(rules))
        started = time.perf_counter()
        outcome = _judge(rule, context)
        outcomes.append(RuleOutcome(rule.code, rule.name, outcome, time.perf_counter() - started))
    if progress is not None:
        progress("rules", len(rules), len(rules))
    return tuple(outcomes)


def _judge(rule: Rule, context: RuleContext) -> Outcome:
    try:
        return rule.check(context)
    except Exception as error:  # a crash of one rule, a plug-in's too, must not stop the others
        return Failed(error=f"{type(error).__name__}: {error}", details=traceback.format_exc())


def prepare_run_folder(folder: Path) -> None:
    """Make the run folder, and keep it out of version control."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise DatacheckError(f"expected a run folder that can be written at {folder}: {error}") from error


def _scan(
    manifest: Manifest, settings: Settings, probe_options: Mapping[str, Any] | None, progress: Progress | None
) -> ScanResult | None:
    """Measure the images, and make the probe's pixels in the same pass."""
    if manifest.modality is not Modality.IMAGE or manifest.reader is None:
        return None
    needs_pixels = probe_options is not None and not _USER_ARRAYS & set(probe_options)
    return scan(
        manifest,
        run_dir=settings.out,
        jobs=settings.jobs,
        engine=settings.engine,
        pixels=usual_side(manifest) if needs_pixels else None,
        progress=_stage(progress, "scan"),
    )


def _probe_options(probe: bool | str | Mapping[str, Any] | None, settings: Settings) -> dict[str, Any] | None:
    """Return the options of the probe, or None where it is not wanted."""
    wanted = settings.probe if probe is None else probe
    if wanted is False:
        return None
    options: dict[str, Any] = {
        "budget": settings.budget,
        "device": settings.device,
        "seed": settings.seed,
        "near_duplicate_distance": settings.near_duplicate_distance,
    }
    if isinstance(wanted, str):
        options["budget"] = wanted
    elif isinstance(wanted, Mapping):
        options.update(wanted)
    return options


@dataclass(frozen=True)
class _Probed:
    """The probe's outputs where there are any, and what the report says of where they came from."""

    outputs: ProbeOutputs | None = None
    notes: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()


def _train(
    context: RuleContext, scanned: ScanResult | None, options: Mapping[str, Any], progress: Progress | None
) -> _Probed:
    """Train the probe; data that it cannot judge leave the rest of the audit standing."""
    at_hand: dict[str, Any] = {}
    if scanned is not None:
        at_hand["measurements"] = scanned.measurements
        if scanned.pixels is not None:
            at_hand["pixels"] = scanned.pixels
    try:
        return _Probed(train_probe(context.manifest, progress=_stage(progress, "probe"), **{**at_hand, **options}))
    except ProbeError as error:
        if {"weights", *_USER_ARRAYS} & set(options):  # what the caller gave is at fault, not the dataset
            raise
        return _Probed(unmet=(f"the probe was asked for and could not be trained: {error}",))


def _keep(context: RuleContext, folder: Path) -> _Probed:
    """Return the probe of an earlier audit into the run folder, where the dataset is still the same."""
    if not (folder / "findings.json").is_file():
        return _Probed()
    try:
        earlier = Report.load(folder)
    except StorageError:
        return _Probed()
    if earlier.probe is None:
        return _Probed()
    before, now = earlier.fingerprint, context.fingerprint
    same = before is not None and now is not None and before.identity == now.identity
    if same and np.array_equal(earlier.probe.sample_ids, context.manifest.sample_ids.to_numpy(zero_copy_only=False)):
        return _Probed(earlier.probe, notes=(f"the probe is that of an earlier audit ({earlier.created[:10]})",))
    return _Probed(
        notes=("the probe of the earlier audit was dropped, because the dataset has changed since: probe it again",)
    )


def _given(source: object) -> list[str]:
    """Return the paths that the source was given as; none where it is an object in memory."""
    parts = source if isinstance(source, tuple) else (source,)
    return [str(part) for part in parts] if all(isinstance(part, str | Path) for part in parts) else []


def _is_plain(option: object) -> bool:
    """Return whether an option can be written on a command line; arrays cannot."""
    if isinstance(option, list | tuple):
        return all(isinstance(one, str) for one in option)
    return isinstance(option, str | int | float | Path)


def _stage(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """Return the progress of one stage."""
    return None if progress is None else lambda done, total: progress(name, done, total)


def _settings_json(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON values, for the report."""
    value: dict[str, Any] = json_safe(
        {
            "select": settings.select,
            "ignore": settings.ignore,
            "fail_on": settings.fail_on.label,
            "seed": settings.seed,
            "near_duplicate_distance": settings.near_duplicate_distance,
            "deployment_shares": settings.deployment_shares,
            "source": {name: one for name, one in settings.source.items() if _is_plain(one)},
            "out": settings.out,
            "rules": settings.rules,
        }
    )
    return value
