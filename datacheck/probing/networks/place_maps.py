"""What a frozen network sees at the places of whole images, 16 pixels apart. Needs torch."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from datacheck.probing.budget import Clock
from datacheck.probing.networks.devices import autocast, fastest_threads, resolve_device
from datacheck.probing.networks.stages import Stages
from datacheck.probing.weights import PretrainedWeights

SIDE, STRIDE = 384, 16
"""Pixels of the longer side of an image, and between two places. At 384 pixels a cell of a blood smear has two or three
places; more pixels cost more than is left of a usual budget."""

STRIDES = (8, 16, 32)
"""Of the maps that are brought together at the places: small parts, and what is around them."""

MOST_CHANNELS = 1000
"""Wider maps are those before a classifier: they take much memory and add nothing about the place."""

MOST_BYTES = 1 << 29
"""Memory that the maps may take; the maps of about a thousand images of the packaged network."""

IMAGES_A_REPORT = 10
"""Images between two reports of progress."""

Maps = NDArray[np.float16]


@torch.inference_mode()
def embed_images(
    read: Callable[[int], NDArray[np.uint8] | None],
    n: int,
    weights: PretrainedWeights,
    device: str,
    clock: Clock,
    until: float,
) -> list[Maps | None]:
    """Return maps [h, w, C] of the first images of a list, as many as fit into the time and the memory.

    Parameters
    ----------
    read
        Returns an image by its number, red-green-blue uint8 [H, W, 3], None where it cannot be read.
    n
        Number of images.
    weights, device
        The network, and where it runs.
    clock, until
        No image is begun after ``until`` seconds.

    Returns
    -------
    Of each image, None where it cannot be read or the network has no maps; shorter than ``n`` where the time or memory
    was over.
    """
    network = Stages.load(weights, np.empty((0, SIDE, SIDE, 3), dtype=np.uint8), resolve_device(device))
    found: list[Maps | None] = []
    taken = 0
    with fastest_threads(network.device), autocast(network.device):
        for number in range(n):
            if clock.used > until or taken > MOST_BYTES:
                break
            image = read(number)
            maps = None if image is None else _maps(network, _input(network, image))
            found.append(maps)
            taken += 0 if maps is None else maps.nbytes
            if number % IMAGES_A_REPORT == 0:
                clock.report()
    return found


def map_shape(height: int, width: int) -> tuple[int, int]:
    """Return the height and width in pixels at which an image is embedded, multiples of 32.

    Examples
    --------
    >>> map_shape(480, 640), map_shape(10, 4000)
    ((288, 384), (32, 384))
    """
    scale, most = SIDE / max(height, width), STRIDES[-1]
    return max(most, round(height * scale / most) * most), max(most, round(width * scale / most) * most)


def _input(network: Stages, image: NDArray[np.uint8]) -> Tensor:
    """Return an image [1, 3, h, w] as the network takes it."""
    height, width = map_shape(*image.shape[:2])
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    mean, deviation = (np.array(each, dtype=np.float32) for each in (network.weights.mean, network.weights.deviation))
    scaled = (resized.astype(np.float32) / 255 - mean) / deviation
    x = torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))[None]
    return x.to(network.device, network.dtype).contiguous(memory_format=torch.channels_last)


def _maps(network: Stages, x: Tensor) -> Maps | None:
    """Return the last map of each stride, one behind the other, at stride 16; None where there is none."""
    height, width = x.shape[2:]
    last: dict[int, Tensor] = {}
    for stage in (*network.passes[0], *network.passes[1]):
        x = stage(x)
        if x.ndim != 4 or x.shape[1] > MOST_CHANNELS:
            continue
        for stride in STRIDES:
            if tuple(x.shape[2:]) == (height // stride, width // stride):
                last[stride] = x
    if STRIDE not in last:
        return None
    size = (height // STRIDE, width // STRIDE)
    parts = [functional.interpolate(last[stride].float(), size=size, mode="area" if stride < STRIDE else "bilinear")
             for stride in STRIDES if stride in last]  # fmt: skip
    return np.asarray(torch.cat(parts, dim=1)[0].permute(1, 2, 0).half().cpu().numpy())
