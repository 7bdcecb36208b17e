"""Tries augmentations on held-out samples and in short trainings; torchvision makes the transforms."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.augment.candidates import CANDIDATES, COLOUR_ONLY, Candidate, describe
from datacheck.plan.augment.crossfit import CrossFit
from datacheck.plan.augment.outcomes import Outcome, Setting
from datacheck.plan.augment.verdicts import augment_items, choose_applied, combined_item, mark_applied, minority_item
from datacheck.plan.augment.views import Samples, altered, chained, gather, in_colour, spread
from datacheck.plan.cohort import why_too_few
from datacheck.plan.encoders import Encoder
from datacheck.plan.items import PlanItem

PICTURE_SIDE = (40, 64)
"""Pixels a side of a picture, at least and at most: enough to see what changed, a few kB in the report."""

N_PICTURES = 3
"""Samples in a picture of an augmentation."""

DRAWS_TOGETHER = 2
"""The whole transform is random, so that one draw of it would say little of what a training sees."""

VIEWS_SHARE = 0.7
"""Share of the time for altering and encoding images; the rest is for the models, and for what is used together."""

TOO_LITTLE_TIME = "the budget did not suffice"


def try_augmentations(
    samples: Samples,
    encoder: Encoder,
    *,
    seeds: tuple[int, ...],
    left: Callable[[], float] = lambda: 1e9,
    progress: Callable[[int, int], None] = lambda done, total: None,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> tuple[PlanItem, ...]:
    """Measure label preservation and gain of each candidate, and of the used ones together.

    Every candidate is tried on the same samples: as many as the time allows, in rounds over all candidates.

    Parameters
    ----------
    samples, encoder
        What to try on; how pixels become features.
    seeds
        Folds are dealt for each seed.
    left
        Returns the seconds that are left.
    progress
        Called with (done, total).
    candidates
        What to try, in this order: a budget that ends within the first round does not reach the last of them.
    """
    samples = samples.take(spread(samples.codes, seed=seeds[0]))
    pointless = {one.name: _pointless(one, samples.pixels) for one in candidates}
    until = (1 - VIEWS_SHARE) * left()
    views = gather(
        samples,
        encoder,
        [one for one in candidates if not pointless[one.name]],
        seed=seeds[0],
        out_of_time=lambda: left() <= until,
        progress=progress,
    )
    samples = samples.take(np.arange(len(views.clean)))
    outcomes: list[Outcome] = []
    if not why_too_few(samples.codes, samples.groups):
        trial = _Trial.start(samples, encoder, views.clean, seeds)
        outcomes = trial.outcomes([one for one in candidates if one.name in views.altered], views.altered, left)
    tried = {one.candidate.name for one in outcomes}
    left_out = [
        _not_measured(one, pointless[one.name] or TOO_LITTLE_TIME) for one in candidates if one.name not in tried
    ]
    if not outcomes:
        summary = "no augmentation was tried within the budget: give more (--budget 10m)"
        return (*left_out, PlanItem(kind="augment", name="augment", verdict="not measured", summary=summary))
    timed = [replace(one, seconds=one.seconds + views.seconds[one.candidate.name]) for one in outcomes]
    items = [
        replace(item, settings={**item.settings, "picture": _picture(samples, item, trial.seed)})
        for item in augment_items(trial.setting, timed, seed=trial.seed)
    ]
    return (*trial.together(items, timed, left), *left_out)


def _pointless(candidate: Candidate, pixels: NDArray[np.uint8]) -> str:
    """Return why a candidate changes nothing here; empty where it does."""
    if candidate.family in COLOUR_ONLY and not in_colour(pixels):
        return "the images are grey"
    if candidate.family == "translate" and round(candidate.strength * pixels.shape[1]) < 1:
        return "less than a pixel at this size"
    return ""


@dataclass(frozen=True)
class _Trial:
    """A model for these samples, and what it predicts without any augmentation."""

    samples: Samples
    encoder: Encoder
    fit: CrossFit
    setting: Setting

    @classmethod
    def start(cls, samples: Samples, encoder: Encoder, features: NDArray[np.float32], seeds: tuple[int, ...]) -> _Trial:
        fit = CrossFit.fit(features, samples.codes, samples.groups, len(samples.classes), seeds=seeds)
        clean = fit.predict(None, [fit.clean])[0]
        model = f"ridge regression on {encoder.title}, the penalty chosen for each training"
        return cls(samples, encoder, fit, Setting(fit.codes, samples.classes, clean, model, seeds))

    @property
    def seed(self) -> int:
        return self.setting.seeds[0]

    def outcomes(
        self, candidates: Sequence[Candidate], views: Mapping[str, NDArray[np.float16]], left: Callable[[], float]
    ) -> list[Outcome]:
        """Predict altered samples without each augmentation, and both kinds with it, until the time is out."""
        found: list[Outcome] = []
        for candidate in candidates:
            if left() <= 0:
                break
            began = time.perf_counter()
            view = self.fit.project(views[candidate.name].astype(np.float32))
            (seen,) = self.fit.predict(None, [view])
            trained, both = self.fit.predict([view], [self.fit.clean, view])
            found.append(Outcome(candidate, seen, trained, both, time.perf_counter() - began))
        return found

    def together(
        self, items: Sequence[PlanItem], outcomes: Sequence[Outcome], left: Callable[[], float]
    ) -> list[PlanItem]:
        """Decide which of the used ones the plan's transform applies: all together, or the best alone.

        The best alone where the time does not suffice to try them together.
        """
        chosen = choose_applied(items)
        if not chosen:
            return list(items)
        names = [item.name for item in chosen]
        best = used = next(outcome for outcome in outcomes if outcome.candidate.name == names[0])
        label, applied, first = describe(best.candidate), names[:1], []
        takes = DRAWS_TOGETHER * (best.seconds + sum(item.measured[0].seconds for item in chosen) / 2)
        if len(chosen) > 1 and takes <= left():
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
