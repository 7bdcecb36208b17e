"""Tries augmentations on held-out samples and in short trainings; torchvision makes the transforms."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.augment.candidates import CANDIDATES, COLOUR_ONLY, DETERMINISTIC, Candidate, describe
from datacheck.plan.augment.crossfit import CrossFit
from datacheck.plan.augment.outcomes import Outcome, Setting
from datacheck.plan.augment.verdicts import augment_items, choose_applied, combined_item, mark_applied, minority_item
from datacheck.plan.encoders import Encoder, shrink
from datacheck.plan.items import PlanItem

Pixels = NDArray[np.uint8]

PICTURE_SIDE = (40, 64)
"""Pixels a side of a picture, at least and at most: enough to see what changed, a few kB in the report."""

N_PICTURES = 3
"""Samples in a picture of an augmentation."""

DRAWS_TOGETHER = 2
"""The whole transform is random, so that one draw of it would say little of what a training sees."""

BATCH = 256
"""Images that are transformed at once where the transform treats them alike."""

COLOURFUL = 2
"""Images whose channels differ by less than this many of 255 levels on average are grey."""

SAMPLED = 500
"""About this many images tell whether a dataset is in colour."""


@dataclass(frozen=True)
class Samples:
    """Labelled samples to try augmentations on.

    Attributes
    ----------
    pixels
        uint8 [N, S, S, 3].
    codes, groups
        Class of each, and what must stay together; shape [N].
    classes
        Names.
    """

    pixels: Pixels
    codes: NDArray[np.int64]
    groups: NDArray[np.int64]
    classes: tuple[str, ...]

    def take(self, rows: NDArray[np.int64]) -> Samples:
        """Return some of the samples."""
        return replace(self, pixels=self.pixels[rows], codes=self.codes[rows], groups=self.groups[rows])


def try_augmentations(
    samples: Samples,
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
    samples, encoder
        What to try on; how pixels become features.
    seeds
        Folds are dealt for each seed.
    out_of_time
        Asked before each candidate.
    progress
        Called with (done, total).
    candidates
        What to try, in this order.
    """
    trial = _Trial.start(samples, encoder, seeds)
    outcomes: list[Outcome] = []
    left_out: list[PlanItem] = []
    for number, candidate in enumerate(candidates):
        reason = trial.pointless(candidate) or ("the budget did not suffice" if out_of_time() else "")
        if reason:
            left_out.append(_not_measured(candidate, reason))
            continue
        outcomes.append(trial.outcome(candidate))
        progress(number + 1, len(candidates))
    if not outcomes:
        summary = "no augmentation was tried within the budget: give more (--budget 10m)"
        return (*left_out, PlanItem(kind="augment", name="augment", verdict="not measured", summary=summary))
    items = [
        replace(item, settings={**item.settings, "picture": _picture(samples, item, trial.seed)})
        for item in augment_items(trial.setting, outcomes, seed=trial.seed)
    ]
    return (*trial.together(items, outcomes), *left_out)


def seconds_for_all(samples: Samples, encoder: Encoder, *, seeds: tuple[int, ...]) -> float:
    """Return the seconds that trying all candidates on some samples takes, from one candidate of each kind.

    They grow in proportion to the number of samples: most of the time goes into altering and encoding images.
    """
    trial = _Trial.start(samples, encoder, seeds)
    useful = [one for one in CANDIDATES if not trial.pointless(one)]
    alike = [one for one in useful if one.family in DETERMINISTIC]
    one_by_one = [one for one in useful if one.family not in DETERMINISTIC]
    for kind in (alike, one_by_one):
        altered(samples.pixels[:2], kind[0], seed=trial.seed)  # the first call of a transform loads libraries
    return sum(len(kind) * trial.outcome(kind[0]).seconds for kind in (alike, one_by_one))


@dataclass(frozen=True)
class _Trial:
    """A model for these samples, and what it predicts without any augmentation."""

    samples: Samples
    encoder: Encoder
    fit: CrossFit
    setting: Setting
    grey: bool

    @classmethod
    def start(cls, samples: Samples, encoder: Encoder, seeds: tuple[int, ...]) -> _Trial:
        features = encoder.encode(samples.pixels)
        fit = CrossFit.fit(features, samples.codes, samples.groups, len(samples.classes), seeds=seeds)
        clean = fit.predict(None, [fit.clean])[0]
        model = f"ridge regression on {encoder.title}, the penalty chosen for each training"
        setting = Setting(fit.codes, samples.classes, clean, model, seeds)
        return cls(samples, encoder, fit, setting, not in_colour(samples.pixels))

    @property
    def seed(self) -> int:
        return self.setting.seeds[0]

    def pointless(self, candidate: Candidate) -> str:
        """Return why a candidate changes nothing here; empty where it does."""
        if self.grey and candidate.family in COLOUR_ONLY:
            return "the images are grey"
        if candidate.family == "translate" and round(candidate.strength * self.samples.pixels.shape[1]) < 1:
            return "less than a pixel at this size"
        return ""

    def outcome(self, candidate: Candidate) -> Outcome:
        """Predict altered samples without the augmentation in training, and both kinds with it."""
        began = time.perf_counter()
        view = self.fit.project(self.encoder.encode(altered(self.samples.pixels, candidate, seed=self.seed)))
        (seen,) = self.fit.predict(None, [view])
        trained, both = self.fit.predict([view], [self.fit.clean, view])
        return Outcome(candidate, seen, trained, both, time.perf_counter() - began)

    def together(self, items: Sequence[PlanItem], outcomes: Sequence[Outcome]) -> list[PlanItem]:
        """Decide which of the used ones the plan's transform applies: all together, or the best alone."""
        chosen = choose_applied(items)
        if not chosen:
            return list(items)
        names = [item.name for item in chosen]
        best = used = next(outcome for outcome in outcomes if outcome.candidate.name == names[0])
        label, applied, first = describe(best.candidate), names[:1], []
        if len(chosen) > 1:
            label, whole = "augmenting", self.whole(chosen)
            combined = combined_item(self.setting, whole, best, names, self.seed)
            first = [combined]
            if combined.verdict == "use":
                applied, used = names, whole
        rare = minority_item(self.setting, used, label)
        return [*first, *mark_applied(items, applied), *([] if rare is None else [rare])]

    def whole(self, items: Sequence[PlanItem]) -> Outcome:
        """Train on samples altered by all items in turn, and predict untouched ones."""
        began = time.perf_counter()
        chains = [chained(self.samples, items, seed=self.seed + draw) for draw in range(DRAWS_TOGETHER)]
        views = [self.fit.project(self.encoder.encode(chain)) for chain in chains]
        (trained,) = self.fit.predict(views, [self.fit.clean], clean=False)
        return Outcome(Candidate("combined"), trained, trained, trained, time.perf_counter() - began)


def altered(pixels: Pixels, candidate: Candidate, *, seed: int) -> Pixels:
    """Return every image altered by an augmentation at its strength; uint8 [N, S, S, 3]."""
    import torch

    from datacheck.plan.augment.transforms import build_transform

    batch = BATCH if candidate.family in DETERMINISTIC else 1
    out = np.empty_like(pixels)
    with _torch_state(seed):
        transform = build_transform(candidate, pixels.shape[1])
        for start in range(0, len(pixels), batch):
            x = torch.from_numpy(np.ascontiguousarray(pixels[start : start + batch])).permute(0, 3, 1, 2)
            x = transform(x if batch > 1 else x[0])
            out[start : start + batch] = (x if batch > 1 else x[None]).permute(0, 2, 3, 1).numpy()
    return out


def chained(samples: Samples, items: Sequence[PlanItem], *, seed: int) -> Pixels:
    """Return every image altered by all items in turn, each with its own probability, but for the classes it avoids."""
    rng = np.random.default_rng([seed, 5])
    out, names = samples.pixels.copy(), np.asarray(samples.classes, dtype=object)[samples.codes]
    for number, item in enumerate(items):
        candidate = Candidate.from_json(item.settings)
        avoided = np.isin(names, list(item.settings["avoid_classes"]))
        rows = np.flatnonzero((rng.random(len(out)) < candidate.probability) & ~avoided)
        out[rows] = altered(out[rows], candidate, seed=seed + number)
    return out


def in_colour(pixels: Pixels) -> bool:
    """Whether images differ between their channels."""
    sample = pixels[:: max(1, len(pixels) // SAMPLED)].astype(np.int16)
    return bool((sample.max(axis=-1) - sample.min(axis=-1)).mean() > COLOURFUL)


def small(pixels: Pixels, side: int) -> Pixels:
    """Return images no larger than a side, so that transforms cost little."""
    if pixels.shape[1] <= side:
        return pixels
    parts = [np.rint(255 * shrink(pixels[start : start + BATCH], side)) for start in range(0, len(pixels), BATCH)]
    return np.concatenate(parts).astype(np.uint8)


def _picture(samples: Samples, item: PlanItem, seed: int) -> str:
    """Return a strip of samples (above) and of the altered ones (below) as a data URI; classes that turn come first."""
    from PIL import Image

    wanted = [turn["from"] for turn in item.settings["turns"]] + list(samples.classes)
    rows: list[int] = []
    for name in dict.fromkeys(wanted):
        members = np.flatnonzero(samples.codes == samples.classes.index(name))
        rows += members[:1].tolist()
        if len(rows) == N_PICTURES:
            break
    before = samples.pixels[rows]
    after = altered(before, Candidate.from_json(item.settings), seed=seed)
    strip = np.concatenate([np.concatenate(list(part), axis=1) for part in (before, after)], axis=0)
    side = int(np.clip(before.shape[1], *PICTURE_SIDE))
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
