"""Near duplicates by hashes and signatures, confirmed by their pixels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.agreement import agreement, is_copy
from datacheck.duplicates.laid_over import Picture, whole_onto
from datacheck.duplicates.orientations import ORIENTATIONS, Orientation
from datacheck.duplicates.pairs import Rows
from datacheck.duplicates.picture_pool import CHUNK, Pictures


def confirmed(
    pairs: Rows,
    orientation: NDArray[np.int8],
    pictures: Pictures,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.bool_]:
    """Return which pairs agree everywhere when one picture is laid over the other; shape [P].

    Hashes hold what a picture looks like from afar: forms that are filled in otherwise, icons of one set and another
    sign of the same hand have nearly the same. A pair that cannot be read, or has no details to compare, is kept.

    Parameters
    ----------
    pairs
        Row numbers, int64, shape [P, 2].
    orientation
        Index in `ORIENTATIONS` of what makes the second of the first, shape [P].
    pictures
        Grey or blue-green-red uint8.
    progress
        Called with (done, total) pairs.
    """
    kept = np.ones(len(pairs), dtype=bool)
    compared = pictures.pool.map(partial(_same, pictures.read), pairs.tolist(), orientation.tolist(), chunksize=CHUNK)
    for place, one in enumerate(compared):
        if isinstance(one, list):
            pictures.unread.update(one)
        else:
            kept[place] = one
        if progress is not None:
            progress(place + 1, len(pairs))
    return kept


def _same(read: Callable[[int], Picture | None], pair: list[int], orientation: int) -> bool | list[int]:
    """Return whether two pictures agree; a list of those that cannot be read a second time."""
    one, two = (read(row) for row in pair)
    if one is None or two is None:
        return [row for row, picture in zip(pair, (one, two), strict=True) if picture is None]
    return _agree(_turned(one, ORIENTATIONS[orientation]), two)


def _agree(first: Picture, second: Picture) -> bool:
    found = agreement(first, second, whole_onto(first, second))
    return found.empty or is_copy(first, second, found)


def _turned(picture: Picture, orientation: Orientation) -> Picture:
    if orientation.transposed:
        picture = picture.swapaxes(0, 1)
    if orientation.upside_down:
        picture = picture[::-1]
    return np.ascontiguousarray(picture[:, ::-1] if orientation.mirrored else picture)
