"""Batches of images: pixels on the device, normalised and augmented there. Needs torch."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Rows = NDArray[np.intp]

Normalisation = tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]
"""Mean and standard deviation of the channels, in [0, 1]; each [3]."""

RESIDENT_SHARE = 0.5
"""Pixels stay on a GPU when they take less than this share of its free memory: training needs the rest."""


SIDES_A_SHIFT = 16
"""Images are shifted by up to a sixteenth of their side, as airbench shifts 32 pixels by 2."""


STEPS_AN_EPOCH = 40
"""Steps that an epoch should have."""


def batch_of(n_rows: int, least: int, largest: int) -> int:
    """Return the power of two that gives an epoch about `STEPS_AN_EPOCH` steps, within bounds.

    Examples
    --------
    >>> [batch_of(n_rows, 16, 256) for n_rows in (100, 3_000, 50_000)]
    [16, 64, 256]
    """
    return min(max(1 << int(np.log2(max(n_rows // STEPS_AN_EPOCH, 1))), least), largest)


class BatchSource(Protocol):
    """Where batches come from."""

    def train(self, rows: Rows, flip: Tensor | None, shift: Tensor | None) -> Tensor:
        """Return an augmented batch on the device."""
        ...

    def views(self, rows: Rows, *, flip: bool) -> list[Tensor]:
        """Return the views that a prediction averages."""
        ...


class PixelInputs:
    """uint8 pixels, on the device where they fit, normalised and augmented there.

    ``mean`` and ``deviation`` are those of the channels in [0, 1]; ``side`` resizes to so many pixels; ``translate`` is
    how far an image may be moved, in pixels.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        device: torch.device,
        normalisation: Normalisation,
        *,
        side: int | None = None,
        translate: int = 0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.device, self.translate, self.dtype = device, translate, dtype
        self.resize = None if side is None or side == pixels.shape[1] else _resize_matrix(pixels.shape[1], side, device)
        mean, deviation = normalisation
        self.mean = torch.as_tensor(255 * np.asarray(mean), dtype=torch.float32, device=device).view(1, 3, 1, 1)
        self.deviation = torch.as_tensor(255 * np.asarray(deviation), dtype=torch.float32, device=device).view(
            1, 3, 1, 1
        )
        self.host = pixels
        self.resident: Tensor | None = None
        if device.type == "cuda" and pixels.nbytes < RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            self.resident = torch.from_numpy(np.array(pixels)).to(device)

    def train(self, rows: Rows, flip: Tensor | None, shift: Tensor | None) -> Tensor:
        """Return a batch, some of it mirrored, each image moved by its own shift."""
        x = self._fetch(rows)
        if flip is not None:
            x = torch.where(flip.view(-1, 1, 1, 1), x.flip(3), x)
        if shift is not None:
            x = _translate(x, shift, self.translate)
        return self._prepared(x)

    def views(self, rows: Rows, *, flip: bool) -> list[Tensor]:
        """Return the batch as it is, and mirrored."""
        x = self._prepared(self._fetch(rows))
        return [x, x.flip(3).contiguous(memory_format=torch.channels_last)] if flip else [x]

    def _fetch(self, rows: Rows) -> Tensor:
        if self.resident is not None:
            x = self.resident[torch.from_numpy(rows).to(self.device, non_blocking=True)]
        else:
            x = torch.from_numpy(np.ascontiguousarray(self.host[rows])).to(self.device, non_blocking=True)
        return x.permute(0, 3, 1, 2)

    def _prepared(self, x: Tensor) -> Tensor:
        x = (x.float() - self.mean) / self.deviation
        if self.resize is not None:
            with torch.autocast(x.device.type, enabled=False):
                x = ((x @ self.resize).transpose(2, 3) @ self.resize).transpose(2, 3)
        return x.to(self.dtype, memory_format=torch.channels_last)


def _resize_matrix(own: int, side: int, device: torch.device) -> Tensor:
    """Return the matrix of bicubic resizing of a row of pixels, shape [own, side].

    Two products with it are seven times faster on a CPU than resizing each batch, and equal up to rounding.
    """
    identity = torch.eye(own, device=device).view(1, 1, own, own)
    resized = functional.interpolate(
        identity, size=(own, side), mode="bicubic", align_corners=False, antialias=own > side
    )
    return resized.view(own, side)


def _translate(x: Tensor, shift: Tensor, reach: int) -> Tensor:
    """Move each image by its own (down, right) in [0, 2 * reach] - reach pixels, the border reflected."""
    size = x.shape[-1]
    padded = functional.pad(x.float(), (reach, reach, reach, reach), mode="reflect")
    span = torch.arange(size, device=x.device)
    down = (shift[:, 0, None] + span)[:, None, :, None]
    right = (shift[:, 1, None] + span)[:, None, None, :]
    image = torch.arange(len(x), device=x.device)[:, None, None, None]
    channel = torch.arange(x.shape[1], device=x.device)[None, :, None, None]
    return padded[image, channel, down, right]
