"""All pairs of 64-bit hashes within a Hamming distance, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_BRUTE_FORCE = 2048
"""Runs of at most so many hashes are compared pair by pair: 2 million comparisons, less than sorting again costs."""
_HASH_BITS = 64
"""Bits of a perceptual hash."""
Emit = Callable[[NDArray[np.int64], NDArray[np.int64]], None]


def hamming_pairs(
    hashes: NDArray[np.uint64], max_distance: int, *, max_pairs: int = 20_000_000
) -> tuple[NDArray[np.int64], NDArray[np.int8], bool]:
    """Find every pair of distinct hashes that differ in at most ``max_distance`` bits.

    Parameters
    ----------
    hashes
        Distinct 64-bit hashes, uint64, shape [N].
    max_distance
        Largest number of differing bits, 0 to 16.
    max_pairs
        Stop once more pairs than this were found, so that a video of one still scene cannot fill the memory.

    Returns
    -------
    pairs, distance, complete
        Row numbers, int64 [P, 2], first below second, in ascending order; bits that differ, int8 [P]; and whether
        the pairs are all there are.

    Notes
    -----
    The pigeonhole principle (multi-index hashing, Norouzi, Punjani and Fleet 2012): the 64 bits are cut into
    ``max_distance + k`` chunks, so that a pair within the distance agrees in at least k of them. For each choice of k
    chunks the hashes are sorted by those bits alone, and the runs of equal bits are compared; a pair counts where its
    first k agreeing chunks are the chosen ones, hence once. A run that is too long (real hashes are not uniform) is
    cut again by its other bits.

    Examples
    --------
    >>> hamming_pairs(np.array([0b0000, 0b0011, 0xFFFF], dtype=np.uint64), 2)[0].tolist()
    [[0, 1]]
    """
    if not 0 <= max_distance <= 16:
        raise ValueError(f"expected a Hamming distance of 0 to 16, found {max_distance}")
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    found = 0
    complete = True
    rows = np.arange(len(hashes), dtype=np.int64)
    # Distinct hashes are never equal, and no chunk would be left to cut a long run by.
    found_pairs = _search(hashes, rows, np.arange(_HASH_BITS), max_distance) if max_distance else iter(())
    for left, right in found_pairs:
        first.append(np.minimum(left, right))
        second.append(np.maximum(left, right))
        found += len(left)
        if found > max_pairs:
            complete = False
            break
    pairs = np.column_stack((_joined(first), _joined(second)))
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    distance = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).astype(np.int8)
    return pairs, distance, complete


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _search(
    hashes: NDArray[np.uint64], rows: NDArray[np.int64], bits: NDArray[np.int64], max_distance: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the pairs of ``rows`` within the distance, given that they agree in every bit but ``bits``."""
    bits = _varying_bits(hashes[rows], bits)
    keep = 1 if len(rows) < 20_000 else 2 if len(rows) < 3_000_000 else 3
    if len(rows) <= _BRUTE_FORCE or len(bits) < max_distance + keep:
        yield from _compare_runs(hashes[rows], rows, np.full(len(rows), len(rows)), max_distance)
        return
    chunks = [bits[start :: max_distance + keep] for start in range(max_distance + keep)]
    masks = [np.bitwise_or.reduce(np.uint64(1) << chunk.astype(np.uint64)) for chunk in chunks]
    for chosen in combinations(range(len(chunks)), keep):
        mask = np.bitwise_or.reduce([masks[number] for number in chosen])
        others = [masks[number] for number in range(chosen[-1]) if number not in chosen]
        free = np.concatenate([chunk for number, chunk in enumerate(chunks) if number not in chosen])
        for left, right in _agreeing(hashes, rows, mask, free, max_distance):
            new = np.ones(len(left), dtype=bool)
            for other in others:
                new &= ((hashes[left] ^ hashes[right]) & other) != 0
            if new.any():
                yield left[new], right[new]


def _varying_bits(hashes: NDArray[np.uint64], bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bits in which any of the hashes differ, most evenly spread first, so that they can be dealt out."""
    set_ = np.array([np.count_nonzero(hashes & (np.uint64(1) << np.uint64(bit))) for bit in bits.tolist()], np.int64)
    rarer = np.minimum(set_, len(hashes) - set_)
    order = np.argsort(-rarer, kind="stable")
    return np.asarray(bits[order][rarer[order] > 0])


def _agreeing(
    hashes: NDArray[np.uint64], rows: NDArray[np.int64], mask: np.uint64, free: NDArray[np.int64], max_distance: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the pairs within the distance that agree in the bits of ``mask``."""
    order = np.argsort(hashes[rows] & mask)
    rows = rows[order]
    key = hashes[rows] & mask
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    del key, order
    stops = np.append(starts[1:], len(rows))
    # A run of most of the rows would hardly get shorter by its other bits, and the recursion would not end soon.
    long = (stops - starts > _BRUTE_FORCE) & (stops - starts <= len(rows) // 2)
    run_end = np.repeat(np.where(long, 0, stops), stops - starts)
    yield from _compare_runs(hashes[rows], rows, run_end, max_distance)
    for start, stop in zip(starts[long].tolist(), stops[long].tolist(), strict=True):
        yield from _search(hashes, rows[start:stop], free, max_distance)


def _compare_runs(
    hashes: NDArray[np.uint64], rows: NDArray[np.int64], run_end: NDArray[np.int64], max_distance: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Compare each row with those after it in its run; ``run_end`` is the position past the run, 0 to leave out."""
    shift = 1
    active = np.flatnonzero(run_end > np.arange(len(rows)) + shift)
    while len(active):
        near = active[np.bitwise_count(hashes[active] ^ hashes[active + shift]) <= max_distance]
        if len(near):
            yield rows[near], rows[near + shift]
        shift += 1
        active = active[run_end[active] > active + shift]
