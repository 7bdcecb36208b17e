"""Connects the look at loaders and model, the rules on it, and the report."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.auditing.judging import rules_of_family, run_rules
from datacheck.config import Settings
from datacheck.errors import PreflightError, require
from datacheck.manifest import Manifest, Task
from datacheck.probing.budget import parse_budget
from datacheck.report import Report, write_html
from datacheck.rules import LOADER_RULES
from datacheck.scanning.working_copy import on_this_machine
from datacheck.sources import open_source
from datacheck.version import __version__


def preflight(
    train_loader: Any,
    val_loader: Any = None,
    model: Any = None,
    loss: Any = None,
    *,
    audit: Report | Manifest | str | Path | None = None,
    budget: str | float = "60s",
    overfit: bool = False,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    settings: Settings | None = None,
    out: str | Path | None = None,
) -> Report:
    """Look at loaders, model and loss as the training would use them, before its first step.

    Draws some batches, finds the images again among the audited files, and runs the first batch through the model. The
    random states, the weights, buffers, gradients and modes of the model are left as they were.

    Parameters
    ----------
    train_loader
        A ``DataLoader``, a Lightning ``DataModule``, a Dataset, or anything that gives batches: ``(images, labels)`` or
        a mapping with ``pixel_values`` or ``image``, and ``labels``.
    val_loader
        The validation loader; that of the ``DataModule`` where one was given.
    model, loss
        A ``torch.nn.Module`` that takes the images, and what is called with its output and the labels; cross-entropy
        where no loss is given.
    audit
        The report of an audit, its folder, or a manifest: what the loaders read. Without it, nothing can be compared
        with the files.
    budget
        Seconds, or a text such as ``"60s"``: no new part is begun after it.
    overfit
        Whether to train a copy of the model on the first batch, to see whether it can be learned by heart.
    select, ignore
        Codes, prefixes or slugs of the rules DC9xx.
    settings
        Where the options above are not given, they come from here.
    out
        Folder for the report; without it nothing is written.

    Raises
    ------
    PreflightError
        When a loader gives nothing that can be looked at.
    MissingExtraError
        When torch is not installed.

    Examples
    --------
    >>> import torch
    >>> images, labels = torch.rand(64, 3, 8, 8), torch.arange(64) // 32
    >>> loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size=16)
    >>> [finding.code for finding in preflight(loader).findings]
    ['DC904']
    """
    require("torch", extra="probe", purpose="datacheck.preflight")
    from datacheck.before_training.look import look

    started = time.perf_counter()
    settings = (settings or Settings()).override(
        select=None if select is None else tuple(select), ignore=None if ignore is None else tuple(ignore)
    )
    rules = rules_of_family(LOADER_RULES, settings)
    manifest = _manifest(audit)
    context = look(
        train_loader,
        val_loader,
        model,
        loss,
        manifest=manifest,
        shares=_planned_shares(audit, manifest),
        seconds=parse_budget(budget),
        overfit=overfit,
    )
    n_items = context.train.n_items or context.train.n_images
    report = Report(
        manifest=manifest or Manifest.from_columns({"sample_id": [str(item) for item in range(n_items)]}),
        outcomes=run_rules(rules, context),
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings={"select": list(settings.select or ()), "ignore": list(settings.ignore or ())},
        notes=_notes(context.train.n_images, manifest is None),
    )
    if out is not None:
        folder = on_this_machine(out, "out")
        report.save(folder)
        write_html(report, folder / "report.html", run_dir=folder)
    return report


def _manifest(audit: Report | Manifest | str | Path | None) -> Manifest | None:
    if isinstance(audit, Report):
        return audit.manifest
    if audit is None or isinstance(audit, Manifest):
        return audit
    if not isinstance(audit, str | os.PathLike):
        raise PreflightError(
            f"audit: expected the report of an audit, its folder, or a manifest, found {type(audit).__name__}"
        )
    path = Path(audit)
    return Report.load(path).manifest if (path / "findings.json").is_file() else open_source(path)


def _planned_shares(audit: object, manifest: Manifest | None) -> NDArray[np.float64] | None:
    """Return the class shares that the sampler of the audit's plan gives; None where the plan changes none."""
    plan = audit.plan if isinstance(audit, Report) else None
    if plan is None or manifest is None or manifest.task is not Task.CLASSIFICATION:
        return None
    samples = plan.samples
    weights = np.asarray(samples["weight"].to_numpy(), dtype=np.float64)
    if not weights.any() or np.ptp(weights[weights > 0]) == 0:
        return None
    labels = samples["label"].to_pylist()
    totals = [sum(weight for weight, label in zip(weights, labels, strict=True) if label == name)
              for name in manifest.classes]  # fmt: skip
    return np.asarray(np.array(totals) / max(sum(totals), 1e-12), dtype=np.float64)


def _notes(n_images: int, alone: bool) -> tuple[str, ...]:
    notes = [f"{n_images:,} images of the training loader were looked at"]
    if alone:
        notes.append("no audit was given, so nothing was compared with the files: audit=datacheck.audit(folder)")
    return tuple(notes)
