"""Backend ``descriptors``: classical image descriptors under a kernel ridge head, in numpy and OpenCV. Needs no torch.

Each image becomes 8 x 8 cells of gradient directions (after Dalal and Triggs, *Histograms of oriented gradients*,
2005), a small grey picture, a smaller colour picture and its colour moments. A ridge regression in a Nyström
approximation of the Gaussian kernel (Williams and Seeger 2001) is solved for all folds from one set of Gram matrices,
so that a fit on other labels costs little. On hundreds of images it is accurate after seconds, long before a network
that is trained from random weights.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.models.components import Components
from datacheck.models.in_sample import InSample
from datacheck.models.kernel_head import MAX_TRAINING_ROWS, N_COMPONENTS, KernelHead, few_threads
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions, pixels_of
from datacheck.probing.budget import Clock

SIDE = 32
"""Side in pixels that images are resized to before gradients are taken: shapes are kept, and a pass takes 0.1 ms."""

CELLS, N_DIRECTIONS = 8, 8
"""Gradients are pooled in 8 x 8 cells of 8 directions, as Dalal and Triggs do on larger windows."""

GREY_STEP, COLOUR_STEP = 2, 4
"""Pixels of the side that one value of the grey and of the colour picture averages: colour needs less detail."""

GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""Share of red, green and blue in a grey value (ITU-R BT.601, as in JPEG)."""

LEAST_CONTRAST, LEAST_STRENGTH = 0.02, 0.1
"""Added to what grey values and gradients are divided by, so that flat areas do not turn into amplified noise."""

ALWAYS_DESCRIBED = 2_000
"""So many images are described however little time is left: that takes less than a second."""

DESCRIBED_SHARE = 0.35
"""Share of the time left that describing may take: the heads, their second fit on planted errors and judging take twice
as long as that for each image (0.55 and 0.28 ms at 20,000 images of 32 pixels)."""

ORDER_STREAM = 8
"""Keeps the random order of the images apart from the folds, which start from the same seed."""

CHUNK = 512
"""Images described at once: the arrays of a chunk take some 30 MB."""

N_EMBEDDING = 96
"""Leading components that are given out as the embedding: later ones hold little variance."""

LEAST_SPREAD = 1e-6
"""Guards the division for a part of the descriptor that is constant."""

WEIGHTS = {"gradients": 1.0, "grey": 0.6, "colour": 0.3, "moments": 0.2}
"""Weight of each part, after its total variance was brought to 1: shape counts more than colour."""

Array = NDArray[np.float32]


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Describe the images, about 0.3 ms each, and solve the heads of all folds.

    Images that the budget does not suffice for are left out, at random; their outputs are NaN.
    """
    rows, parts = _described(problem, options.clock)
    with few_threads(len(rows)):
        fitted = _solved(problem, rows, parts)
    options.clock.report()
    n_left_out = int((problem.fold >= 0).sum()) - len(rows)
    if not n_left_out:
        return fitted
    note = (
        f"left out {n_left_out:,} images, drawn at random: describing them too does not fit into a budget of "
        f"{options.clock.seconds:,.0f} s"
    )
    return replace(fitted, choices=(*fitted.choices, note))


def _described(problem: LearningTask, clock: Clock) -> tuple[NDArray[np.intp], dict[str, Array]]:
    """Describe images in a random order until their share of the time is over; return their rows and the parts."""
    rows, pixels = np.flatnonzero(problem.fold >= 0), pixels_of(problem)
    if len(rows) > ALWAYS_DESCRIBED:
        rows = np.random.default_rng([problem.seed, ORDER_STREAM]).permutation(rows)
    until, n_done, parts = clock.used + DESCRIBED_SHARE * clock.left, 0, []
    while n_done < len(rows) and (n_done < ALWAYS_DESCRIBED or clock.used < until):
        clock.report()
        parts.append(describe(pixels[rows[n_done : n_done + CHUNK]]))
        n_done += len(parts[-1]["grey"])
    rows = rows[:n_done]
    order = np.argsort(rows)
    return rows[order], {name: np.concatenate([part[name] for part in parts])[order] for name in WEIGHTS}


def _solved(problem: LearningTask, rows: NDArray[np.intp], parts: dict[str, Array]) -> Fitted:
    components = principal_components(parts)
    head = KernelHead(components, problem, rows)
    seen = InSample.of(problem)
    outputs, penalty = head.fit(problem, seen=seen)
    embeddings = np.full((len(problem.fold), min(N_EMBEDDING, components.shape[1])), np.nan, dtype=np.float32)
    embeddings[rows] = components[:, :N_EMBEDDING]

    def refit(labels: NDArray[np.int64], seed: int) -> Array:
        with few_threads(len(rows)):
            return head.fit(problem.with_labels(labels, seed), penalties=(penalty,))[0]

    subset = f", trained on {MAX_TRAINING_ROWS:,} of them drawn at random" if len(rows) > MAX_TRAINING_ROWS else ""
    return Fitted(
        outputs[None],
        embeddings,
        "descriptors",
        embeddings_label_free=True,
        refit=refit if problem.task is Task.CLASSIFICATION else None,
        choices=(
            f"described {len(rows):,} images by gradients, grey values and colours at {SIDE} pixels, and fitted a "
            f"kernel ridge regression in each of {problem.n_folds} folds{subset}",
        ),
        in_sample=seen.outputs,
    )


def describe(pixels: NDArray[np.uint8]) -> dict[str, Array]:
    """Return the parts of the descriptor, each [N, D]; ``pixels`` is uint8 [N, S, S, 3].

    Gradients and grey values do not depend on brightness and contrast, and so not on light and exposure.

    Examples
    --------
    >>> parts = describe(np.zeros((2, 40, 40, 3), np.uint8))
    >>> {name: part.shape[1] for name, part in parts.items()}
    {'gradients': 512, 'grey': 256, 'colour': 192, 'moments': 6}
    """
    colour: Array = _resized(pixels, SIDE).astype(np.float32) / np.float32(255)
    grey: Array = colour @ np.array(GREY_WEIGHTS, dtype=np.float32)
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    grey /= grey.std(axis=(1, 2), keepdims=True) + np.float32(LEAST_CONTRAST)
    n = len(pixels)
    moments = np.concatenate([colour.mean(axis=(1, 2)), colour.std(axis=(1, 2))], axis=1)
    return {
        "gradients": _gradients(grey).reshape(n, -1),
        "grey": _pooled(grey, GREY_STEP).reshape(n, -1),
        "colour": _pooled(colour, COLOUR_STEP).reshape(n, -1),
        "moments": moments,
    }


def _resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if pixels.shape[1] == side:
        return np.asarray(pixels)
    import cv2

    how = cv2.INTER_AREA if pixels.shape[1] > side else cv2.INTER_LINEAR
    return np.stack([cv2.resize(image, (side, side), interpolation=how) for image in pixels])


def _pooled(x: Array, step: int) -> Array:
    """Mean over squares of ``step`` pixels; [N, S, S, ...] to [N, S / step, S / step, ...]."""
    n, side = x.shape[:2]
    pooled: Array = x.reshape(n, side // step, step, side // step, step, *x.shape[3:]).mean(axis=(2, 4))
    return pooled


def _gradients(grey: Array) -> Array:
    """Return the strength of the gradient in 8 directions in 8 x 8 cells, relative to the 3 x 3 cells around each."""
    right, down = np.zeros_like(grey), np.zeros_like(grey)
    right[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    angles = np.arange(N_DIRECTIONS, dtype=np.float32) * (2 * np.pi / N_DIRECTIONS)
    cells = np.stack(
        [_pooled(np.maximum(right * np.cos(a) + down * np.sin(a), 0), SIDE // CELLS) for a in angles.tolist()], axis=-1
    )
    energy = np.pad((cells**2).sum(axis=-1), ((0, 0), (1, 1), (1, 1)), mode="edge")
    block = sum(energy[:, i : i + CELLS, j : j + CELLS] for i in range(3) for j in range(3))
    normed: Array = np.sqrt(cells / (np.sqrt(block)[..., None] + np.float32(LEAST_STRENGTH)))
    return normed


def principal_components(parts: dict[str, Array]) -> Array:
    """Return the leading components of the weighted parts, float32 [N, C]; their scale is kept."""
    scaled = []
    for name, part in parts.items():
        centred = part - part.mean(axis=0)
        total = float(np.sqrt((centred.astype(np.float64) ** 2).sum(axis=1).mean()))
        scaled.append(centred * np.float32(WEIGHTS[name] / max(total, LEAST_SPREAD)))
    x = np.concatenate(scaled, axis=1)
    return np.asarray(Components.fit(x, N_COMPONENTS).project(x), dtype=np.float32)


BACKEND = Backend("descriptors", needs=frozenset({"pixels"}), fit=fit)
