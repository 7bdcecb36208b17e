"""One look at loaders, model and loss: everything that the rules judge, within a budget."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from datacheck.before_training.drawing import as_loader, behind_subsets, copy_of, draw, has_items, reachable_items
from datacheck.before_training.evidence import (
    Batch,
    FasterLoader,
    Floats,
    FoundFiles,
    Indices,
    LoaderEvidence,
    PreflightContext,
)
from datacheck.before_training.match_files import MOST_FILES, AuditedFiles, find_files, read_files
from datacheck.before_training.model_checks import look_at_model
from datacheck.before_training.randomness import items_vary, worker_repeats
from datacheck.before_training.state import unchanged
from datacheck.cpus import available_cpus
from datacheck.errors import PreflightError
from datacheck.manifest import Manifest
from datacheck.sources.dataset_lists import lists_of

TRIED_BATCHES = 6
"""Batches by which other numbers of workers are timed."""

TRIED_FILES = 16
"""Files by which decoding at a reduced scale is timed."""

_MODEL_END = 0.8
"""Share of the budget after which the model is not looked at further."""

_LOADER_SHARE = 0.5
"""Share of the budget for the loaders; the rest is for the model and the speed."""


def look(
    train_loader: Any,
    val_loader: Any = None,
    model: Any = None,
    loss: Any = None,
    *,
    manifest: Manifest | None = None,
    shares: Floats | None = None,
    seconds: float = 60.0,
    overfit: bool = False,
) -> PreflightContext:
    """Draw batches and look at what arrives, and at what the model makes of the first one.

    Raises
    ------
    PreflightError
        When a loader gives nothing that can be looked at, or the model is no module.
    """
    if model is not None and not isinstance(model, nn.Module):
        raise PreflightError(f"model: expected a torch.nn.Module, found {type(model).__name__}")
    started = time.perf_counter()
    train = as_loader(train_loader, train=True)
    if val_loader is None and hasattr(train_loader, "val_dataloader"):
        val_loader = train_loader
    val = None if val_loader is None else as_loader(val_loader, train=False)
    loaders = [train] if val is None else [train, val]
    share = _LOADER_SHARE * seconds / len(loaders)
    with unchanged(loaders):
        audited = _Audited(manifest, time.perf_counter() + share)
        looks = [
            _loader(name, loader, audited, time.perf_counter() + share)
            for name, loader in zip(("train", "val"), loaders, strict=False)
        ]
        seen, first = [evidence for evidence, _ in looks], looks[0][1]
        found = None
        if model is not None:
            found = look_at_model(model, loss, first, started + _MODEL_END * seconds, overfit=overfit)
        faster = None
        if found is not None and len(seen[0].seconds) and np.median(seen[0].seconds) > found.step_seconds:
            faster = _faster(train, seen[0], started + seconds)
    return PreflightContext(seen[0], seen[1] if len(seen) > 1 else None, found, manifest, shares, faster)


@dataclass
class _Audited:
    """The audited files, read once for both loaders where they are not too many."""

    manifest: Manifest | None
    deadline: float
    files: AuditedFiles | str | None = None

    def find(self, batches: Sequence[Batch], paths: tuple[str, ...] | None) -> FoundFiles | str:
        """Return which files the images of batches show, or why that cannot be said."""
        manifest = self.manifest
        if manifest is None:
            return "no audit was given to compare with: audit=report"
        rows = None if paths is None else _rows(manifest, paths)
        if len(manifest) <= MOST_FILES:
            if self.files is None:
                self.files = read_files(manifest, np.arange(len(manifest)), self.deadline)
            files = self.files
        elif rows is None or any(batch.items is None for batch in batches):
            return f"the audit has more than {MOST_FILES:,} files, and the dataset does not name its own"
        else:
            items = np.concatenate([batch.items for batch in batches if batch.items is not None])
            drawn = np.unique(rows[items])
            files = read_files(manifest, drawn[drawn >= 0], self.deadline)
        return files if isinstance(files, str) else find_files(batches, manifest, rows, files)


def _loader(name: str, loader: Any, audited: _Audited, deadline: float) -> tuple[LoaderEvidence, Any]:
    """Return what was seen of a loader, and its first batch as it arrived."""
    try:
        batches, seconds, first = draw(loader, deadline)
    except PreflightError as error:
        raise PreflightError(f"{name} loader: {error}") from error.__cause__
    by_place = has_items(loader)
    dataset = getattr(loader, "dataset", None)
    lists = lists_of(dataset) if by_place else None
    paths = None if lists is None or lists.paths is None else tuple(os.fspath(each) for each in lists.paths)
    found = audited.find(batches, paths)
    varies = repeats = epochs_equal = None
    reachable = reachable_in = None
    if by_place:
        reachable = reachable_items(loader)
        base, places = behind_subsets(dataset, reachable)
        reachable_in = (id(base), places)
    items = batches[0].items
    if by_place and items is not None:
        varies = items_vary(dataset, items)
        if varies and loader.num_workers > 1 and time.perf_counter() < deadline:
            repeats, epochs_equal = worker_repeats(loader, int(items[0]))
    evidence = LoaderEvidence(
        name=name,
        batches=batches,
        n_items=len(dataset) if by_place and dataset is not None else None,
        paths=paths,
        reachable=reachable,
        reachable_in=reachable_in,
        classes=None if lists is None else lists.classes,
        found=None if isinstance(found, str) else found,
        not_found=found if isinstance(found, str) else "",
        varies=varies,
        repeats=repeats,
        epochs_equal=epochs_equal,
        seconds=np.array(seconds),
        n_workers=int(getattr(loader, "num_workers", 0)),
    )
    return evidence, first


def _rows(manifest: Manifest, paths: tuple[str, ...]) -> Indices:
    """Return the row of the manifest of each path, -1 where the audit does not know it."""
    root = "" if manifest.root is None else str(manifest.root)
    uris = manifest.table["uri"].to_pylist() if "uri" in manifest else []
    row_of = {os.path.realpath(os.path.join(root, uri)): row for row, uri in enumerate(uris) if uri}  # noqa: PTH118
    return np.array([row_of.get(os.path.realpath(path), -1) for path in paths], dtype=np.int64)


def _decoding(seen: LoaderEvidence) -> tuple[float, float] | None:
    """Time the decoding of some of the loader's JPEG files, whole and at the scale that is enough."""
    items = seen.batches[0].items
    if seen.paths is None or items is None:
        return None
    paths = [path for path in (seen.paths[item] for item in items.tolist()) if path.lower().endswith((".jpg", ".jpeg"))]
    side = max(seen.batches[0].images.shape[-2:])
    taken = []
    for reduced in (False, True):
        began = time.perf_counter()
        for path in paths[:TRIED_FILES]:
            with Image.open(path) as image:
                if reduced:
                    image.draft("RGB", (side, side))
                image.convert("RGB")
        taken.append((time.perf_counter() - began) / max(1, len(paths[:TRIED_FILES])))
    return (taken[0], taken[1]) if paths else None


def _faster(loader: Any, seen: LoaderEvidence, deadline: float) -> FasterLoader | None:
    """Time the loader with other numbers of workers, and decoding at a reduced scale."""
    if not has_items(loader):
        return None
    most = available_cpus()
    tried: list[int] = []
    seconds: list[float] = []
    for n_workers in sorted({0, min(2, most), most}):
        if time.perf_counter() > deadline:
            break
        batches = list(itertools.islice(iter(loader.batch_sampler), TRIED_BATCHES))
        began = time.perf_counter()
        marks = [time.perf_counter() - began for _ in copy_of(loader, batches, n_workers)]
        if len(marks) > 2:
            tried.append(n_workers)
            seconds.append((marks[-1] - marks[0]) / (len(marks) - 1))
    return FasterLoader(tuple(tried), tuple(seconds), _decoding(seen)) if tried else None
