"""Masks that slipped along a listing, found from content: where borders lie in images and in masks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.regions import GRID
from datacheck.cpus import available_cpus
from datacheck.manifest import Manifest
from datacheck.manifest.readers import SampleReadError
from datacheck.scanning.decode import decode_array, decode_bytes

Floats = NDArray[np.float32]

REACH = 3
"""Longest slip, in rows of the listing, that is tried."""

FEWEST = 20
"""Pairs in a row from which a slip can be told."""

SHORTEST = 8
"""Rows that a slip must last: of fewer, chance makes some that fit a neighbour better."""

N_PERMUTATIONS = 99
"""Random orders of the masks that give the null distribution; a slip must be above all of them by `CLEARLY`."""

CLEARLY = 1.5
"""How far the score of a slip must be above the highest of random orders."""

DRIFT = 0.5
"""Standard deviations of chance that are taken off each gain, so that long listings have no high scores by chance."""

SIGNAL = 6.0
"""Standard errors by which masks must fit their own images better than random images, to tell anything."""

MAJORITY = 0.7
"""Share of the rows of a slip whose image must fit the other mask better."""


@dataclass(frozen=True)
class Slip:
    """Rows ``first`` to ``last`` (included) of a listing whose images fit the mask ``by`` rows later better."""

    first: int
    last: int
    by: int
    fits_better_share: float


@dataclass(frozen=True)
class Agreement:
    """How the masks of a listing fit its images.

    Attributes
    ----------
    own, random
        Mean correlation of borders with the own mask, and with those of rows far away.
    standard_errors
        By which ``own`` is above ``random``.
    slip
        The slip, where there is one.
    sees_slips
        Whether a slip by one row, put into the listing as given, would be found: not among frames that are too alike.
    """

    own: float
    random: float
    standard_errors: float
    slip: Slip | None
    sees_slips: bool


def edge_grid(image: NDArray[np.uint8]) -> Floats:
    """Return how strong the edges of an image are on a grid, as ranks from 0 to 1; [GRID * GRID].

    Parameters
    ----------
    image
        Grey or in colour, [h, w] or [h, w, C].
    """
    small = cv2.resize(image, (2 * GRID, 2 * GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
    edges = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    edges = edges.max(axis=2) if edges.ndim == 3 else edges
    strength = cv2.resize(edges, (GRID, GRID), interpolation=cv2.INTER_AREA).ravel()
    ranks = np.empty(len(strength), dtype=np.float32)
    ranks[np.argsort(strength, kind="stable")] = np.arange(len(strength)) / len(strength)
    return ranks


def read_edges(manifest: Manifest, rows: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Floats]:
    """Return which of some images can be read, and the edges of those; [n] and [readable, GRID * GRID]."""
    with ThreadPoolExecutor(available_cpus()) as pool:
        found = list(pool.map(partial(_edges_of, manifest), rows.tolist()))
    grids = [each for each in found if each is not None]
    return np.array([each is not None for each in found]), np.array(grids, dtype=np.float32).reshape(-1, GRID * GRID)


def _edges_of(manifest: Manifest, row: int) -> Floats | None:
    assert manifest.reader is not None
    try:
        content = manifest.reader.read(manifest.table["uri"][row].as_py())
        if isinstance(content, np.ndarray):
            small = decode_array(content, short_side=2 * GRID).small
        else:
            small = decode_bytes(content, short_side=2 * GRID).small
    except SampleReadError:
        return None
    return edge_grid(np.clip(small, 0, 255).astype(np.uint8))


def agreement(edges: Floats, borders: Floats, seed: int) -> Agreement:
    """Return whether masks fit the images beside them, or those some rows away.

    The correlation of an image's edges with a mask's borders, both without their mean over the listing, is taken for
    each row with its own mask, with those up to `REACH` rows away, and with random ones. A slip is the run of rows that
    gains most; the gain must be above that of the masks in random orders, and most of its rows must fit better.

    Parameters
    ----------
    edges, borders
        Of images and masks in the order of the listing, [N, D].
    seed
        Of the random draws.
    """
    rng = np.random.default_rng(seed)
    fit = _standardised(edges) @ _standardised(borders).T
    n = len(fit)
    rows = np.arange(n)
    random = fit[rows, (rows + rng.integers(n // 4, n - n // 4, n)) % n]
    orders = [rng.permutation(n) for _ in range(N_PERMUTATIONS)]
    scale = float(np.std(np.concatenate([fit[rows, order] for order in orders]))) * np.sqrt(2)
    chance = max(_best_run(_fits(fit, order), scale)[0] for order in orders)
    slip = _slip(_fits(fit, rows), random, scale, chance)
    planted = [_slip(_fits(fit, np.roll(rows, by)), random, scale, chance) for by in (-1, 1)]
    sees = all(one is not None and one.by == by for one, by in zip(planted, (-1, 1), strict=True))
    own = np.diag(fit)
    return Agreement(float(own.mean()), float(random.mean()), _standard_errors(own - random), slip, sees)


def _standardised(x: Floats) -> Floats:
    centred = np.asarray(x, dtype=np.float32) - x.mean(axis=0, dtype=np.float64).astype(np.float32)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def _standard_errors(difference: Floats) -> float:
    return float(difference.mean() / max(float(difference.std(ddof=1)) / np.sqrt(len(difference)), 1e-9))


def _fits(fit: Floats, mask_of: NDArray[np.int64]) -> dict[int, Floats]:
    """Return how each image fits the mask some rows later, NaN beyond the listing; by the number of rows.

    ``fit`` is that of each image and each mask, [N, N], and ``mask_of`` the order of the masks, [N].
    """
    found, rows = {}, np.arange(len(fit))
    for by in range(-REACH, REACH + 1):
        inside = rows[max(0, -by) : len(fit) - max(0, by)]
        found[by] = np.full(len(fit), np.nan, dtype=np.float32)
        found[by][inside] = fit[inside, mask_of[inside + by]]
    return found


def _best_run(fits: dict[int, Floats], scale: float) -> tuple[float, int, int, int]:
    """Return the highest score of a run, the rows that it slips by, where it begins, and where it ends."""
    runs = []
    for by in fits:
        if by:
            score, first, end = largest_run(np.nan_to_num((fits[by] - fits[0]) / scale - DRIFT, nan=-DRIFT))
            runs.append((score, by, first, end))
    return max(runs)


def _slip(fits: dict[int, Floats], random: Floats, scale: float, chance: float) -> Slip | None:
    score, by, first, end = _best_run(fits, scale)
    if end - first < SHORTEST or score <= CLEARLY * chance:
        return None
    gain = (fits[by] - fits[0])[first:end]
    better = float((gain > 0).mean())
    if better < MAJORITY or _standard_errors((fits[by] - random)[first:end]) < SIGNAL / 2:
        return None
    return Slip(first, end - 1, by, better)


def largest_run(gain: Floats) -> tuple[float, int, int]:
    """Return the largest sum of neighbouring values, where it begins, and where it ends.

    Examples
    --------
    >>> largest_run(np.array([-1.0, 2.0, 3.0, -4.0, 1.0], dtype=np.float32))
    (5.0, 1, 3)
    """
    sums = np.concatenate([[0.0], np.cumsum(gain, dtype=np.float64)])
    lowest = np.minimum.accumulate(sums)
    end = int((sums - lowest).argmax())
    return float(sums[end] - lowest[end]), int(sums[: end + 1].argmin()), end
