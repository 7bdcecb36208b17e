"""The eight orientations of an image, applied to its signature: mirrored and rotated copies without another decode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.scanning.measurements import SIGNATURE_SIDE


@dataclass(frozen=True)
class Orientation:
    """A rotation by a multiple of 90 degrees, mirrored or not.

    Attributes
    ----------
    words
        What was done to the image, such as ``"mirrored"``; empty for the image as it is.
    transposed, upside_down, mirrored
        Whether rows and columns change places, and then the order of the rows and that of the columns.
    """

    words: str
    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False

    @property
    def reverse(self) -> int:
        """The index in `ORIENTATIONS` of what undoes it: a turn to the left undoes one to the right."""
        return {5: 6, 6: 5}.get(ORIENTATIONS.index(self), ORIENTATIONS.index(self))

    def of(self, signatures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the signatures of the images in this orientation; shape [n, D].

        A cosine of an odd frequency changes its sign when its axis is reversed; transposing exchanges the axes.

        Examples
        --------
        >>> signature = np.arange(1, SIGNATURE_SIDE**2, dtype=np.float32)[None]
        >>> ORIENTATIONS[1].words, ORIENTATIONS[1].of(signature)[0, :3].tolist()
        ('mirrored', [-1.0, 2.0, -3.0])
        """
        full = np.zeros((len(signatures), SIGNATURE_SIDE**2), np.float32)
        full[:, 1:] = signatures
        grid = full.reshape(-1, SIGNATURE_SIDE, SIGNATURE_SIDE)
        if self.transposed:
            grid = grid.transpose(0, 2, 1)
        sign = (1 - 2 * (np.arange(SIGNATURE_SIDE) % 2)).astype(np.float32)
        if self.upside_down:
            grid = grid * sign[:, None]
        if self.mirrored:
            grid = grid * sign[None, :]
        return np.ascontiguousarray(grid.reshape(len(signatures), -1)[:, 1:])


ORIENTATIONS = (
    Orientation(""),
    Orientation("mirrored", mirrored=True),
    Orientation("upside down and mirrored", upside_down=True),
    Orientation("turned by 180°", upside_down=True, mirrored=True),
    Orientation("turned left by 90° and mirrored", transposed=True),
    Orientation("turned right by 90°", transposed=True, mirrored=True),
    Orientation("turned left by 90°", transposed=True, upside_down=True),
    Orientation("turned right by 90° and mirrored", transposed=True, upside_down=True, mirrored=True),
)
"""All of them, the image as it is first."""
