"""Altered copies of samples and their features, in rounds: every candidate has seen the same samples at any time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.augment.candidates import DETERMINISTIC, Candidate
from datacheck.plan.encoders import Encoder, shrink
from datacheck.plan.items import PlanItem

Pixels = NDArray[np.uint8]

ROUND = 128
"""Samples that each candidate alters before any candidate goes on to the next ones: a budget that ends within a round
loses no more than these."""

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


@dataclass(frozen=True)
class Views:
    """Features of the first N samples, untouched and as each candidate alters them.

    Attributes
    ----------
    clean
        float32 [N, D].
    altered
        float16 [N, D] of each candidate that was reached, by its name: two dozen of them are in memory at once.
    seconds
        Wall time of each.
    """

    clean: NDArray[np.float32]
    altered: Mapping[str, NDArray[np.float16]]
    seconds: Mapping[str, float]


def spread(codes: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Return an order in which every beginning holds about the same share of each class; shape [N].

    Examples
    --------
    >>> order = spread(np.repeat([0, 1], [80, 20]), seed=0)
    >>> int((order[:50] >= 80).sum())
    10
    """
    shuffled = np.random.default_rng([seed, 13]).permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    counts = np.bincount(codes)
    number = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = (number + 0.5) / np.repeat(counts, counts)
    return by_class[np.argsort(place, kind="stable")].astype(np.int64)


def gather(
    samples: Samples,
    encoder: Encoder,
    candidates: Sequence[Candidate],
    *,
    seed: int,
    out_of_time: Callable[[], bool],
    progress: Callable[[int, int], None],
) -> Views:
    """Alter and encode samples round by round until the time is out; a round that not all candidates end is left out.

    Within the first round the time may run out as well: the candidates that were not reached then have no view.
    """
    starts = range(0, len(samples.codes), ROUND)
    clean: list[NDArray[np.float32]] = []
    found: dict[str, list[NDArray[np.float16]]] = {}
    seconds: dict[str, float] = {}
    for number, start in enumerate(starts):
        part = samples.pixels[start : start + ROUND]
        if out_of_time():
            break
        clean.append(encoder.encode(part))
        for place, candidate in enumerate(candidates):
            if out_of_time():
                break
            began = time.perf_counter()
            view = encoder.encode(altered(part, candidate, seed=seed + number))
            found.setdefault(candidate.name, []).append(view.astype(np.float16))
            seconds[candidate.name] = seconds.get(candidate.name, 0.0) + time.perf_counter() - began
            progress(number * len(candidates) + place + 1, len(starts) * len(candidates))
    n_rounds = min((len(parts) for parts in found.values()), default=0)
    if not n_rounds:
        return Views(np.empty((0, 1), np.float32), {}, {})
    whole = {name: np.concatenate(parts[:n_rounds]) for name, parts in found.items()}
    return Views(np.concatenate(clean[:n_rounds]), whole, seconds)


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
