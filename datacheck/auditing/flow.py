"""From a source to a report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datacheck.annotations.mask_files import measure_masks
from datacheck.auditing.judging import configured_rules, run_rules
from datacheck.auditing.probe import USER_ARRAYS, Probed, keep, probe_options, train
from datacheck.auditing.progress import Progress, saving, stage
from datacheck.auditing.run_folder import only_audit
from datacheck.config import Settings
from datacheck.duplicates import DuplicateSearch
from datacheck.errors import ConfigError
from datacheck.fingerprints import Fingerprint, fingerprint
from datacheck.manifest import Manifest, Modality, Task
from datacheck.manifest.object_store import Address
from datacheck.memory import give_back
from datacheck.probing.images import probe_side
from datacheck.probing.weights import takes_photos
from datacheck.report import Report, write_html
from datacheck.report.outcomes import json_safe
from datacheck.report.plans import load_plan
from datacheck.rules import RuleContext
from datacheck.scanning import ScanResult, scan
from datacheck.scanning.working_copy import stored_at, working_copy
from datacheck.sources import open_source
from datacheck.version import __version__

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters
    from datacheck.scanning.measurements import Measurements


def audit(
    source: object,
    *,
    settings: Settings | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    engine: str | None = None,
    duplicates: str | None = None,
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
        Codes of rules, starts of codes, or names.
    out
        The run folder, with ``report.html`` in it. It is the cache as well: a second audit into it reads only the
        files that changed, and keeps a probe that still fits. Without it nothing is written to disk. It may be an
        address in an object store, such as ``s3://bucket/run``: see `datacheck.scanning.stored_run`.
    jobs
        Worker processes of the scan; one a core by default.
    engine
        What the scan and the comparison of pictures run on: ``"local"`` or ``"ray"``.
    duplicates
        How thoroughly duplicates of images are searched for: ``"exact"``, ``"hash"``, ``"features"`` or ``"auto"``.
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
        duplicates=duplicates,
        deployment_shares=deployment_shares,
        seed=seed,
        source={**(settings.source if settings else {}), **source_options},
    )
    with ExitStack() as held:
        address = None if settings.out is None else Address.of(settings.out)
        if address is not None:
            run = held.enter_context(working_copy(address, needed=False, keep=True))
            settings, progress = settings.override(out=run.folder), saving(run.checkpoint, progress)
        report = _audit(source, settings, probe, reference, progress, held)
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
    held: ExitStack,
) -> Report:
    """Return the report; what it needs of the run folder, which ``held`` keeps, is read and the scan is kept there."""
    started = time.perf_counter()
    rules = configured_rules(settings)
    manifest = open_manifest(source, settings.source)
    give_back()
    options = probe_options(probe, settings)
    if settings.out is not None:
        held.enter_context(only_audit(settings.out))
    scanned = _scan(manifest, settings, options, progress)
    measurements = None if scanned is None else scanned.measurements
    taken = fingerprint(manifest, measurements)
    give_back()
    context = RuleContext(
        manifest=manifest,
        measurements=measurements,
        fingerprint=taken,
        reference=reference,
        deployment_shares=settings.deployment_shares,
        seed=settings.seed,
        near_duplicate_distance=settings.near_duplicate_distance,
        find_copies=None
        if measurements is None
        else cache(partial(_copies, manifest, measurements, settings, progress)),
        find_masks=cache(partial(measure_masks, manifest, stage(progress, "masks"))),
    )
    if options is not None:
        probed = train(context, scanned, options, progress)
    elif probe is None and settings.out is not None:
        probed = keep(context, settings.out)
    else:
        probed = Probed()
    outcomes = run_rules(
        rules, replace(context, probe=probed.outputs, box_probe=probed.boxes, mask_probe=probed.masks), progress
    )
    return Report(
        manifest=manifest,
        measurements=measurements,
        fingerprint=context.fingerprint,
        probe=probed.outputs,
        box_probe=probed.boxes,
        mask_probe=probed.masks,
        plan=None if settings.out is None else load_plan(settings.out, context.fingerprint),
        outcomes=outcomes,
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings={"given": _given(source), **_settings_json(settings)},
        notes=(*probed.notes, *_offers(manifest)),
        unmet=probed.unmet,
    )


def _copies(
    manifest: Manifest, measurements: Measurements, settings: Settings, progress: Progress | None
) -> DuplicateClusters:
    from datacheck.duplicates.search import search_duplicates

    found = search_duplicates(
        manifest,
        measurements,
        search=DuplicateSearch(settings.duplicates),
        max_distance=settings.near_duplicate_distance,
        engine=settings.engine,
        progress=stage(progress, "duplicates"),
    )
    give_back()
    return found


def _offers(manifest: Manifest) -> tuple[str, ...]:
    """Return what the caller may want and has to ask for."""
    if manifest.task is not Task.REGRESSION:
        return ()
    return ("the target is judged as a number; bins=5 divides it into 5 classes of equal counts, to judge those",)


def open_manifest(source: object, options: Mapping[str, Any]) -> Manifest:
    """Return the manifest of a source; a manifest is its own."""
    if isinstance(source, Manifest):
        if options:
            raise ConfigError(f"a Manifest takes no source options, found {sorted(options)}")
        return source
    return open_source(source, **options)


def _scan(
    manifest: Manifest, settings: Settings, options: Mapping[str, Any] | None, progress: Progress | None
) -> ScanResult | None:
    """Measure the images, and make the probe's pixels in the same pass."""
    if manifest.modality is not Modality.IMAGE or manifest.reader is None:
        return None
    reads_itself = manifest.task in {Task.DETECTION, Task.SEGMENTATION}
    needs_pixels = options is not None and not USER_ARRAYS & set(options) and not reads_itself
    return scan(
        manifest,
        run_dir=settings.out,
        jobs=settings.jobs,
        engine=settings.engine,
        pixels=probe_side(manifest, packaged=takes_photos((options or {}).get("weights"))) if needs_pixels else None,
        progress=stage(progress, "scan"),
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


def _settings_json(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON values, for the report."""
    value: dict[str, Any] = json_safe(
        {
            "select": settings.select,
            "ignore": settings.ignore,
            "fail_on": settings.fail_on.label,
            "seed": settings.seed,
            "near_duplicate_distance": settings.near_duplicate_distance,
            "duplicates": settings.duplicates,
            "deployment_shares": settings.deployment_shares,
            "source": {name: one for name, one in settings.source.items() if _is_plain(one)},
            "out": None if settings.out is None else stored_at(settings.out),
            "rules": settings.rules,
        }
    )
    return value
