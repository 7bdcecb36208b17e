"""Tries augmentations on held-out samples and in short trainings. Needs torchvision for the transforms."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.applied import choose_applied, mark_applied, minority_item
from datacheck.plan.augment import augment_items
from datacheck.plan.candidates import CANDIDATES, COLOUR_ONLY, DETERMINISTIC, Candidate, describe
from datacheck.plan.crossfit import CrossFit, Encoder
from datacheck.plan.items import Measured, PlanItem
from datacheck.plan.outcomes import Outcome, Setting
from datacheck.plan.patches import shrink
from datacheck.stats import simultaneous_gains

Pixels = NDArray[np.uint8]

PICTURE_SIDE = 40
N_PICTURES = 3


def try_augmentations(
    pixels: Pixels,
    codes: NDArray[np.integer[Any]],
    groups: NDArray[np.int64],
    classes: tuple[str, ...],
    encoder: Encoder,
    *,
    seeds: tuple[int, ...],
    out_of_time: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> tuple[PlanItem, ...]:
    """Measure label preservation and gain of each candidate until the time is out, and of the used ones together.

    Parameters
    ----------
    pixels, codes, groups
        Labelled samples: uint8 [N, S, S, 3], class codes, and what must stay together.
    classes, encoder, seeds
        Names; how pixels become features; a set of folds is dealt for each seed.
    out_of_time
        Asked before each candidate.
    progress
        Called with (done, total).
    candidates
        What to try, in this order.
    """
    started = time.perf_counter()
    fit = CrossFit.fit(encoder.encode(pixels), codes, groups, len(classes), seeds=seeds)
    clean = fit.predict(None, [fit.clean])[0]
    model = f"ridge regression on {encoder.title}, each training with the penalty that suits it"
    setting = Setting(fit.codes, classes, clean, model, int(fit.folds.max()) + 1, seeds)
    grey = not in_colour(pixels)
    outcomes: list[Outcome] = []
    left_out: list[PlanItem] = []
    for number, candidate in enumerate(candidates):
        if grey and candidate.family in COLOUR_ONLY:
            left_out.append(_not_measured(candidate, "the images are grey"))
            continue
        if candidate.family == "translate" and round(candidate.strength * pixels.shape[1]) < 1:
            left_out.append(_not_measured(candidate, "less than a pixel at this size"))
            continue
        if out_of_time():
            left_out.append(_not_measured(candidate, "the budget did not reach for it"))
            continue
        began = time.perf_counter()
        view = fit.project(encoder.encode(altered(pixels, candidate, seed=seeds[0])))
        (seen,) = fit.predict(None, [view])
        trained, both = fit.predict([view], [fit.clean, view])
        outcomes.append(Outcome(candidate, seen, trained, both, time.perf_counter() - began))
        progress(number + 1, len(candidates))
    items = list(augment_items(setting, outcomes, seed=seeds[0]))
    items = [
        replace(item, settings={**item.settings, "picture": _picture(pixels, fit.codes, item, classes, seeds[0])})
        for item in items
    ]
    together = _together(pixels, fit, setting, items, outcomes, encoder, seeds[0]) if outcomes else ()
    return (*together, *left_out) if together else (*items, *left_out, _nothing_tried(started))


def _together(
    pixels: Pixels,
    fit: CrossFit,
    setting: Setting,
    items: list[PlanItem],
    outcomes: list[Outcome],
    encoder: Encoder,
    seed: int,
) -> tuple[PlanItem, ...]:
    """Decide which of the used ones the plan's transform applies: all together, or the best alone."""
    chosen = choose_applied(items)
    if not chosen:
        return (*mark_applied(items, ()),)
    best = chosen[0]
    of_best = next(outcome for outcome in outcomes if outcome.candidate.name == best.name)
    if len(chosen) == 1:
        extra = minority_item(setting, of_best, describe(of_best.candidate))
        return (*mark_applied(items, (best.name,)), *([extra] if extra else ()))
    began = time.perf_counter()
    chains = [chained(pixels, fit.codes, chosen, setting.classes, seed=seed + draw) for draw in range(2)]
    views = [fit.project(encoder.encode(chain)) for chain in chains]
    (trained,) = fit.predict(views, [fit.clean], clean=False)
    whole = Outcome(Candidate("combined"), trained, trained, trained, time.perf_counter() - began)
    combined = _combined_item(setting, whole, of_best, [item.name for item in chosen], seed)
    applied = [item.name for item in chosen] if combined.verdict == "use" else [best.name]
    used = whole if combined.verdict == "use" else of_best
    extra = minority_item(setting, used, "augmenting")
    return (combined, *mark_applied(items, applied), *([extra] if extra else ()))


def _combined_item(setting: Setting, whole: Outcome, best: Outcome, names: list[str], seed: int) -> PlanItem:
    before = (setting.clean == setting.codes).astype(np.float64)
    right = np.stack([(one.trained == setting.codes).astype(np.float64) for one in (whole, best)])
    gains = simultaneous_gains(right - before, setting.codes, setting.shares, seed=seed)
    wins = bool(gains.better()[0]) and gains.value[0] >= gains.value[1]
    measured = Measured(
        metric="gain/balanced_accuracy",
        value=float(gains.value[0]),
        low=float(gains.low[0]),
        high=float(gains.high[0]),
        baseline=setting.accuracy(setting.clean),
        n=len(setting.codes),
        folds=setting.n_folds,
        seeds=setting.seeds,
        seconds=whole.seconds,
        method=f"{setting.model}, trained on two draws of the whole transform; {gains.method}",
    )
    text = ", ".join(names)
    return PlanItem(
        kind="augment",
        name="combined",
        verdict="use" if wins else "harmless",
        summary=f"together ({text}): better than the best alone"
        if wins
        else f"together ({text}): no better than {names[0]} alone, which the transform keeps to",
        settings={"names": names},
        measured=(measured,),
    )


def altered(pixels: Pixels, candidate: Candidate, *, seed: int) -> Pixels:
    """Return every image altered by an augmentation at its strength; uint8 [N, S, S, 3]."""
    import torch

    from datacheck.plan.transforms import build_transform

    batch = 256 if candidate.family in DETERMINISTIC else 1
    out = np.empty_like(pixels)
    with _torch_state(seed):
        transform = build_transform(candidate, pixels.shape[1])
        for start in range(0, len(pixels), batch):
            x = torch.from_numpy(np.ascontiguousarray(pixels[start : start + batch])).permute(0, 3, 1, 2)
            x = transform(x if batch > 1 else x[0])
            out[start : start + batch] = (x if batch > 1 else x[None]).permute(0, 2, 3, 1).numpy()
    return out


def chained(
    pixels: Pixels, codes: NDArray[np.integer[Any]], items: Sequence[PlanItem], classes: tuple[str, ...], *, seed: int
) -> Pixels:
    """Return every image altered by all items in turn, each with its own probability and sparing its classes."""
    rng = np.random.default_rng([seed, 5])
    out = pixels.copy()
    for number, item in enumerate(items):
        candidate = Candidate.from_json(item.settings)
        spared = np.isin(np.asarray(classes, dtype=object)[codes], list(item.settings["avoid_classes"]))
        rows = np.flatnonzero((rng.random(len(pixels)) < candidate.probability) & ~spared)
        out[rows] = altered(out[rows], candidate, seed=seed + number)
    return out


def in_colour(pixels: Pixels) -> bool:
    """Whether images differ between their channels."""
    sample = pixels[:: max(1, len(pixels) // 500)].astype(np.int16)
    return bool((sample.max(axis=-1) - sample.min(axis=-1)).mean() > 2)


def small(pixels: Pixels, side: int) -> Pixels:
    """Return images no larger than a side, so that transforms cost little."""
    if pixels.shape[1] <= side:
        return pixels
    parts = [np.rint(255 * shrink(pixels[start : start + 256], side)) for start in range(0, len(pixels), 256)]
    return np.concatenate(parts).astype(np.uint8)


def _picture(pixels: Pixels, codes: NDArray[np.int64], item: PlanItem, classes: tuple[str, ...], seed: int) -> str:
    """Return a strip of samples (above) and what becomes of them (below), as a data URI; of warned classes first."""
    from PIL import Image

    wanted = [turn["from"] for turn in item.settings["turns"]] + list(classes)
    rows = []
    for name in dict.fromkeys(wanted):
        members = np.flatnonzero(codes == classes.index(name))
        rows += members[:1].tolist()
        if len(rows) == N_PICTURES:
            break
    before = pixels[rows]
    after = altered(before, Candidate.from_json(item.settings), seed=seed)
    strip = np.concatenate([np.concatenate(list(part), axis=1) for part in (before, after)], axis=0)
    side = max(PICTURE_SIDE, min(pixels.shape[1], 64))
    image = Image.fromarray(strip).resize((side * len(rows), side * 2), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=75)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def _not_measured(candidate: Candidate, why: str) -> PlanItem:
    return PlanItem(
        kind="augment",
        name=candidate.name,
        verdict="not measured",
        summary=f"{describe(candidate)}: {why}",
        settings=candidate.to_json(),
    )


def _nothing_tried(started: float) -> PlanItem:
    return PlanItem(
        kind="augment",
        name="augment",
        verdict="not measured",
        summary=f"no augmentation was tried in {time.perf_counter() - started:.0f} s: raise the budget",
    )


@contextmanager
def _torch_state(seed: int) -> Iterator[None]:
    """Seed torch's CPU inside the block and use one thread for many small images; leave both as they were."""
    import torch

    from datacheck.probing.networks.devices import seeded_cpu

    threads = torch.get_num_threads()
    with seeded_cpu(seed):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
