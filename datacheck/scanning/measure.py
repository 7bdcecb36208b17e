"""What is measured on a small image, as pure functions on arrays."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.scanning.resizing import stretch
from datacheck.scanning.signature import SIGNATURE_SIDE

HASH_SIDE = 32
"""The perceptual hash is taken from a grey image of this size."""

GREY_RMS = 2.0
"""An image whose colours differ from grey by no more than this root mean square (of 255) counts as grey: two
levels are not visible."""

_FLAT = 1.0
"""A DCT coefficient that differs from the median by less than one grey level is noise: its bit is not stable."""

_MIN_STABLE_BITS = 40
"""Images with fewer stable bits of 63 have no hash: photos and 8 x 8 digits have 55 or more."""


def raw_measures(image: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float64], float, NDArray[np.float32]]:
    """Reduce one image to what `properties` and `perceptual_hashes` need.

    Parameters
    ----------
    image
        [h, w] grey or [h, w, 3] blue-green-red, 0 to 255, uint8 or float32.

    Returns
    -------
    histogram, moments, sharpness, hash_input
        Counts of the 256 grey levels; mean of b, g, r and of their products bb, gg, rr, bg, br, gr; the sharpness;
        grey [32, 32].
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    levels = grey if grey.dtype == np.uint8 else np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    histogram = cv2.calcHist([levels], [0], None, [256], [0.0, 256.0]).reshape(256)
    return (
        histogram.astype(np.float32, copy=False),
        channel_moments(image),
        sharpness(grey),
        stretch(grey, HASH_SIDE, HASH_SIDE).astype(np.float32, copy=False),
    )


def channel_moments(image: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of b, g, r and of the products bb, gg, rr, bg, br, gr over the pixels; shape [9]."""
    if image.ndim == 2:
        grey = image.ravel().astype(np.float64)
        return np.repeat([grey.mean(), float(grey @ grey) / grey.size], [3, 6])
    # Into arrays of our own: OpenCV takes six times as long to hand over new ones.
    blue, green, red = cv2.split(image, [np.empty(image.shape[:2], image.dtype) for _ in range(3)])
    pixels = blue.size
    squares = [cv2.norm(plane, cv2.NORM_L2SQR) / pixels for plane in (blue, green, red)]
    # Sums of squared differences are exact on bytes and give the products without a float copy of the image.
    products = [
        0.5 * (squares[one] + squares[other] - cv2.norm(left, right, cv2.NORM_L2SQR) / pixels)
        for one, other, left, right in ((0, 1, blue, green), (0, 2, blue, red), (1, 2, green, red))
    ]
    return np.array([*cv2.mean(image)[:3], *squares, *products])


def sharpness(grey: NDArray[Any]) -> float:
    """Root mean square of the Laplacian over that of the gradient: fine detail in proportion to all detail.

    About 1.5 for a photo in focus, under 1 for one blurred by one percent of its long side; 0 for a flat image. The
    ratio is independent of contrast, which the variance of the Laplacian is not.

    Examples
    --------
    >>> sharpness(np.full((8, 8), 7, dtype=np.uint8))
    0.0
    """
    if min(grey.shape) < 3:
        return 0.0
    across = cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L2SQR) / (grey[:, 1:].size)
    down = cv2.norm(grey[1:], grey[:-1], cv2.NORM_L2SQR) / (grey[1:].size)
    depth = cv2.CV_16S if grey.dtype == np.uint8 else cv2.CV_32F
    laplacian = cv2.norm(cv2.Laplacian(grey, depth), cv2.NORM_L2SQR) / grey.size
    return float(np.sqrt(laplacian / (across + down + 1.0)))


def properties(histograms: NDArray[np.float32], moments: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Quality properties of many images at once.

    Parameters
    ----------
    histograms
        Counts of grey levels, shape [n, 256].
    moments
        As `channel_moments`, shape [n, 9].

    Returns
    -------
    dict
        Columns of shape [n] by their name in ``measurements.parquet``. Percentiles are the smallest level that at
        least that share of the pixels does not exceed. Colourfulness is that of Hasler and Süsstrunk, "Measuring
        colourfulness in natural images" (2003), on the scale 0 to 255.
    """
    share = histograms.astype(np.float64)
    share /= share.sum(axis=1, keepdims=True)
    levels = np.arange(256.0)
    brightness = (share * levels).sum(axis=1)  # not a matrix product: its rounding depends on the number of rows
    cumulative = np.cumsum(share, axis=1)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    mean, square = moments[:, :3], moments[:, 3:6]
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    colourfulness, distance = _colour(moments)
    columns = {
        "brightness": brightness / 255,
        "brightness_p01": (cumulative < 0.01 - 1e-12).sum(axis=1) / 255,
        "brightness_p99": (cumulative < 0.99 - 1e-12).sum(axis=1) / 255,
        "contrast": np.sqrt(np.maximum((share * levels**2).sum(axis=1) - brightness**2, 0.0)) / 255,
        "entropy": np.abs((share * logs).sum(axis=1)),
        "colourfulness": colourfulness,
        "greyscale": distance <= GREY_RMS,
    }
    for position, name in enumerate(("blue", "green", "red")):
        columns[f"mean_{name}"] = mean[:, position] / 255
        columns[f"std_{name}"] = deviation[:, position] / 255
    return columns


def _colour(moments: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Colourfulness, and the root mean square distance of the two opponent colours from grey."""
    b, g, r, bb, gg, rr, bg, br, gr = moments.T
    red_green, yellow_blue = r - g, 0.5 * (r + g) - b
    red_green_square = np.maximum(rr + gg - 2 * gr, 0.0)
    yellow_blue_square = np.maximum(0.25 * (rr + gg + 2 * gr) + bb - br - bg, 0.0)
    square = red_green_square + yellow_blue_square
    mean = np.hypot(red_green, yellow_blue)
    return np.sqrt(np.maximum(square - mean**2, 0.0)) + 0.3 * mean, np.sqrt(square)


def perceptual_hashes(
    grey: NDArray[np.float32],
) -> tuple[NDArray[np.uint64], NDArray[np.int8], NDArray[np.bool_]]:
    """DCT hashes and signatures of many images, and whether each has enough information to be one.

    The 8 x 8 lowest frequencies of the 32 x 32 grey image without the constant one, 63 bits, each saying whether a
    coefficient exceeds the median (Zauner, "Implementation and benchmarking of perceptual image hash functions",
    2010). Re-encoding or resizing changes few bits. A blank or evenly shaded image has coefficients that are noise
    about zero, whose bits would be shared with every other blank image or be random: it has no hash. At least 40 of the
    63 must differ from the median by more than one grey level; in photos and in 8 x 8 digits 55 or more do.

    The hash finds candidates and the signature confirms them: it holds the `SIGNATURE_SIDE`² lowest coefficients but
    the constant one, scaled so that the largest is 127, and the cosine of two signatures is the correlation of the two
    images at that size.

    Parameters
    ----------
    grey
        Shape [n, 32, 32], 0 to 255.

    Returns
    -------
    hashes, signatures, informative
        uint64 [n], int8 [n, `SIGNATURE_SIDE`² - 1], and bool [n].
    """
    basis = _dct_basis()
    coefficients = basis @ grey.astype(np.float64) @ basis.T
    low = coefficients[:, :8, :8].reshape(len(grey), 64)[:, 1:]
    median = np.median(low, axis=1, keepdims=True)
    bits = low > median
    weights = np.left_shift(np.uint64(1), np.arange(63, dtype=np.uint64))
    hashes = (bits * weights).sum(axis=1, dtype=np.uint64)
    informative = (np.abs(low - median) > _FLAT).sum(axis=1) >= _MIN_STABLE_BITS
    more = coefficients.reshape(len(grey), SIGNATURE_SIDE**2)[:, 1:]
    largest = np.maximum(np.abs(more).max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    return hashes, np.rint(127 * more / largest).astype(np.int8), informative


def _dct_basis() -> NDArray[np.float64]:
    """The lowest rows of the orthonormal DCT-II; shape [`SIGNATURE_SIDE`, 32]."""
    frequency, position = np.arange(SIGNATURE_SIDE)[:, None], np.arange(HASH_SIDE)[None, :]
    basis = np.cos(np.pi * (2 * position + 1) * frequency / (2 * HASH_SIDE)) * np.sqrt(2 / HASH_SIDE)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis)
