"""Activations of the frozen stages, kept for fine-tuning, and the embeddings of all images. Needs torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datacheck.probing.budget import Clock, OutOfTimeError
from datacheck.probing.networks.batches import Rows
from datacheck.probing.networks.devices import autocast
from datacheck.probing.networks.image_side import ImagePlan
from datacheck.probing.networks.stages import Stages
from datacheck.probing.weights import SMALL_SIDE

LARGEST_CACHE = 4 << 30
"""Bytes of activations that are kept at most; beyond, fine-tuning starts from the pixels again."""

CACHE_SHARE = 2
"""On a GPU the activations may take one part in so many of the free memory: training needs the rest."""

BYTES_OF_HALF = 2
"""Bytes of a number in half precision."""

LATEST = 1.0
"""Share of the budget by which all images must have passed: the heads that follow take a few seconds more."""

CHUNKS_A_REPORT = 20
"""Passes between two reports of progress."""

IMAGES_TO_JUDGE, SHARE_TO_JUDGE, LARGEST_SHARE_TO_JUDGE = 640, 0.03, 0.25
"""Images, and share of all within these two, after which their speed says anything: the first chunk loads code and is
not counted, and other work on the machine comes in moments."""


@dataclass(frozen=True)
class KeptActivations:
    """Outputs of the frozen stages in half precision, of the plain and the mirrored images, each [N, C, H, W]."""

    kept: tuple[Tensor, ...]
    device: torch.device

    def train(self, rows: Rows, flip: Tensor | None, shift: Tensor | None) -> Tensor:
        """Return a batch, some of it of mirrored images."""
        index = torch.from_numpy(rows).to(self.kept[0].device, non_blocking=True)
        x = self.kept[0][index]
        if flip is not None and len(self.kept) > 1:
            x = torch.where(flip.to(x.device).view(-1, *[1] * (x.ndim - 1)), self.kept[1][index], x)
        return _ready(x, self.device)

    def views(self, rows: Rows, *, flip: bool) -> list[Tensor]:
        """Return the plain and the mirrored batch."""
        index = torch.from_numpy(rows).to(self.kept[0].device, non_blocking=True)
        return [_ready(view[index], self.device) for view in (self.kept if flip else self.kept[:1])]


def _ready(x: Tensor, device: torch.device) -> Tensor:
    x = x.to(device).float()
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


@dataclass(frozen=True)
class OneBatch:
    """The same activations for any rows, to measure the cost of a step."""

    x: Tensor

    def train(self, rows: Rows, flip: Tensor | None, shift: Tensor | None) -> Tensor:
        """Return as many activations as there are rows."""
        return self.x[: len(rows)]

    def views(self, rows: Rows, *, flip: bool) -> list[Tensor]:
        """Return as many activations as there are rows, in one view."""
        return [self.x[: len(rows)]]


@torch.inference_mode()
def embed_all(
    network: Stages, plan: ImagePlan, rows: Rows, clock: Clock, *, flip: bool, keep: bool, hurried: bool = False
) -> tuple[list[NDArray[np.float32]], KeptActivations | None]:
    """Return the embeddings of each view, and, where ``keep`` and the memory allow, the activations.

    Where fine-tuning is planned, the heads count little and are given the plain images alone. Embeddings of images that
    are enlarged hold earlier stages too, before those of the last one.

    Raises
    ------
    OutOfTimeError
        When ``hurried``, and the images do not pass within the budget at the speed of those that have passed.
    """
    early = network.passes[0]
    pixels = network.inputs(plan.side, network.dtype)
    n_rows, views = len(network.pixels), 1 + flip
    n_seen = 1 if plan.tunes or not plan.mirrored else views
    detail = network.pixels.shape[1] < min(plan.side, SMALL_SIDE)
    features: list[NDArray[np.float32]] = []
    kept: list[Tensor] | None = None
    chunk, began = network.chunk(plan.side), clock.used
    enough = min(max(IMAGES_TO_JUDGE, SHARE_TO_JUDGE * len(rows)), LARGEST_SHARE_TO_JUDGE * len(rows))
    for number, start in enumerate(range(0, len(rows), chunk)):
        clock.check()
        if number == 1:
            began = clock.used
        judged = number > 1 and start >= enough
        left = (clock.used - began) * (len(rows) - start) / (start - chunk) if judged else 0.0
        if hurried and clock.used + left > LATEST * clock.seconds:
            raise OutOfTimeError(f"{start:,} of {len(rows):,} images had passed after {clock.used:.0f} s")
        part = rows[start : start + chunk]
        for view, x in enumerate(pixels.views(part, flip=flip and (keep or n_seen > 1))):
            with autocast(network.device):
                early_x = early(x)
                if view < n_seen:
                    found = network.embed(early_x, detail=detail).float().cpu().numpy()
                    if view == len(features):
                        features.append(np.full((n_rows, found.shape[1]), np.nan, dtype=np.float32))
                    features[view][part] = found
            if start == 0 and view == 0 and keep and len(early):
                kept = _room(early_x, n_rows, views)
            if kept is not None:
                kept[view][torch.from_numpy(part).to(x.device)] = early_x.to(torch.float16)
        if number % CHUNKS_A_REPORT == 0:
            clock.report()
    return features, None if kept is None else KeptActivations(tuple(kept), network.device)


def _room(x: Tensor, n_rows: int, views: int) -> list[Tensor] | None:
    """Return room for the activations of all rows in each view, or None where they would take too much memory."""
    limit = LARGEST_CACHE
    if x.device.type == "cuda":
        limit = min(limit, torch.cuda.mem_get_info(x.device)[0] // CACHE_SHARE)
    if x[0].numel() * n_rows * BYTES_OF_HALF * views >= limit:
        return None
    layout = torch.channels_last if x.ndim == 4 else torch.contiguous_format
    shape = (n_rows, *x.shape[1:])
    return [torch.empty(shape, dtype=torch.float16, device=x.device, memory_format=layout) for _ in range(views)]
