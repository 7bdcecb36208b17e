"""All pairs of 64-bit hashes within a Hamming distance, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_BRUTE_FORCE = 2048
"""Runs of at most so many hashes are compared pair by pair: 2 million comparisons, less than sorting again costs."""
_BLOCK = 1 << 16
"""Hashes that are sorted and compared at a time: 0.5 MB, which the caches of a processor core hold."""
_FLUSH = 1_000_000
"""Pairs that a block collects before they are handed on."""
_HASH_BITS = 64
"""Bits of a perceptual hash."""

Hashes = NDArray[np.uint64]
HashPairs = tuple[Hashes, Hashes]


def hamming_pairs(
    hashes: Hashes, max_distance: int, *, max_pairs: int = 20_000_000
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
    chunks the bits are permuted so that those come first, the hashes are sorted as numbers, and the runs that agree in
    them are compared; a pair counts where its first k agreeing chunks are the chosen ones, hence once. The hashes are
    sorted by the first chosen chunk as a whole (Manku, Jain and Das Sarma 2007) and by the others in blocks that fit a
    cache, so that memory is three times that of the hashes, besides the pairs. A run that is too long (real hashes are
    not uniform) is cut again by its other bits.

    Examples
    --------
    >>> hamming_pairs(np.array([0b0000, 0b0011, 0xFFFF], dtype=np.uint64), 2)[0].tolist()
    [[0, 1]]
    """
    if not 0 <= max_distance <= 16:
        raise ValueError(f"expected a Hamming distance of 0 to 16, found {max_distance}")
    order = None if np.all(hashes[1:] > hashes[:-1]) else np.argsort(hashes)
    ascending = hashes if order is None else hashes[order]
    n = len(hashes)
    codes: list[NDArray[np.int64]] = []
    found = 0
    complete = True
    # Distinct hashes are never equal, and no chunk would be left to cut a long run by.
    found_pairs = _search(ascending, list(range(_HASH_BITS)), max_distance) if max_distance else iter(())
    for left, right in found_pairs:
        rows = np.searchsorted(ascending, left), np.searchsorted(ascending, right)
        first, second = rows if order is None else (order[rows[0]], order[rows[1]])
        codes.append(np.minimum(first, second) * n + np.maximum(first, second))
        found += len(left)
        if found > max_pairs:
            complete = False
            break
    code = np.concatenate([np.empty(0, np.int64), *codes])
    del codes
    code.sort()
    pairs = np.column_stack(np.divmod(code, max(n, 1)))
    distance = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).astype(np.int8)
    return pairs, distance, complete


def _search(hashes: Hashes, bits: list[int], max_distance: int) -> Iterator[HashPairs]:
    """Yield the pairs within the distance of hashes that agree in every bit but ``bits``."""
    bits = _varying_bits(hashes, bits)
    keep = 1 if len(hashes) < 20_000 else 2 if len(hashes) < 3_000_000 else 3
    n_chunks = max_distance + keep
    if len(hashes) <= _BRUTE_FORCE or len(bits) < n_chunks:
        yield from _near(hashes, np.full(1, len(hashes)), max_distance)
        return
    dealt = [bits[start::n_chunks] for start in range(n_chunks)]
    layout = _with_rest([bit for chunk in dealt for bit in chunk])
    chunks, top = [], _HASH_BITS
    for chunk in dealt:  # each chunk is one stretch of bits from here on, which takes fewer shifts to move
        chunks.append(list(range(top - 1, top - 1 - len(chunk), -1)))
        top -= len(chunk)
    packed = _permuted(hashes, layout)
    for first in range(max_distance + 1):
        by_first = _with_rest(chunks[first])
        ascending = _permuted(packed, by_first)
        ascending.sort()
        for block in _blocks(ascending, len(chunks[first])):
            for left, right in _in_block(block, by_first, chunks, first, keep, len(hashes), max_distance):
                yield _permuted(left, _inverse(layout)), _permuted(right, _inverse(layout))


def _in_block(
    block: Hashes, by_first: list[int], chunks: list[list[int]], first: int, keep: int, total: int, max_distance: int
) -> Iterator[HashPairs]:
    """Yield the pairs of a block whose first ``keep`` agreeing chunks begin with ``first``."""
    masks = [np.bitwise_or.reduce(np.uint64(1) << np.array(chunk, np.uint64)) for chunk in chunks]
    place = {bit: _HASH_BITS - 1 - at for at, bit in enumerate(by_first)}
    found: list[HashPairs] = []
    for others in combinations(range(first + 1, len(chunks)), keep - 1):
        chosen = (first, *others)
        key = [bit for number in chosen for bit in chunks[number]]
        order = _with_rest(key)
        part = _permuted(block, [place[bit] for bit in order])
        part.sort()
        agree = np.bitwise_or.reduce([masks[number] for number in chosen])
        differ = [masks[number] for number in range(chosen[-1]) if number not in chosen]
        for left, right in _agreeing(part, len(key), total, max_distance):
            left, right = _permuted(left, _inverse(order)), _permuted(right, _inverse(order))
            apart = left ^ right
            new = (apart & agree) == 0
            for mask in differ:
                new &= (apart & mask) != 0
            if new.any():
                found.append((left[new], right[new]))
        if sum(len(left) for left, _ in found) > _FLUSH:
            yield _joined(found)
            found = []
    if found:
        yield _joined(found)


def _joined(found: list[HashPairs]) -> HashPairs:
    return np.concatenate([left for left, _ in found]), np.concatenate([right for _, right in found])


def _varying_bits(hashes: Hashes, bits: list[int]) -> list[int]:
    """Return the bits in which any of the hashes differ, most evenly spread first, so that they can be dealt out."""
    if not len(hashes):
        return []
    varying = int(np.bitwise_or.reduce(hashes)) & ~int(np.bitwise_and.reduce(hashes))
    sample = hashes[:: max(1, len(hashes) // _BLOCK)]
    set_ = [np.count_nonzero(sample & (np.uint64(1) << np.uint64(bit))) for bit in bits]
    rarer = {bit: min(count, len(sample) - count) for bit, count in zip(bits, set_, strict=True)}
    return sorted((bit for bit in bits if varying >> bit & 1), key=lambda bit: -rarer[bit])


def _with_rest(bits: list[int]) -> list[int]:
    """Return all bits of a hash, highest first, but the given ones before the others."""
    return bits + [bit for bit in range(_HASH_BITS - 1, -1, -1) if bit not in bits]


def _inverse(order: list[int]) -> list[int]:
    """Return the order that undoes another one."""
    place = {bit: _HASH_BITS - 1 - at for at, bit in enumerate(order)}
    return [place[bit] for bit in range(_HASH_BITS - 1, -1, -1)]


def _permuted(hashes: Hashes, order: list[int]) -> Hashes:
    """Return the hashes with their bits in another order, the one that comes first on top; a new array."""
    moved: dict[int, int] = {}
    for at, bit in enumerate(order):
        shift = _HASH_BITS - 1 - at - bit
        moved[shift] = moved.get(shift, 0) | 1 << bit
    result = np.zeros_like(hashes)
    for start in range(0, len(hashes), _BLOCK):
        block, into = hashes[start : start + _BLOCK], result[start : start + _BLOCK]
        for shift, mask in moved.items():
            some = block & np.uint64(mask)
            into |= some << np.uint64(shift) if shift >= 0 else some >> np.uint64(-shift)
    return result


def _blocks(ascending: Hashes, key_bits: int) -> Iterator[Hashes]:
    """Yield stretches of about `_BLOCK` sorted hashes, cut only where the first ``key_bits`` bits change."""
    low = np.uint64(_HASH_BITS - key_bits)
    cuts = np.searchsorted(ascending, ascending[_BLOCK::_BLOCK] >> low << low)
    bounds = np.unique(np.concatenate(([0], cuts, [len(ascending)])))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        yield ascending[start:stop]


def _agreeing(ascending: Hashes, key_bits: int, total: int, max_distance: int) -> Iterator[HashPairs]:
    """Yield all pairs within the distance that agree in the first ``key_bits`` bits, and maybe others."""
    key = ascending >> np.uint64(_HASH_BITS - key_bits)
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    length = np.diff(np.append(starts, len(ascending)))
    # A run of most of the rows would hardly get shorter by its other bits, and the recursion would not end soon.
    long = (length > _BRUTE_FORCE) & (length <= total // 2)
    if not long.any():
        yield from _near(ascending, length, max_distance)
        return
    yield from _near(ascending[np.repeat(~long, length)], length[~long], max_distance)
    for start, count in zip(starts[long].tolist(), length[long].tolist(), strict=True):
        yield from _search(ascending[start : start + count], list(range(_HASH_BITS - key_bits)), max_distance)


def _near(hashes: Hashes, length: NDArray[np.int64], max_distance: int) -> Iterator[HashPairs]:
    """Yield all pairs within the distance in the same run, and maybe others; ``length`` of the runs one by one."""
    run_end = np.repeat(np.cumsum(length), length)
    shift = 1
    while np.maximum(length - shift, 0).sum() > len(hashes) // 4:  # cheaper to compare all than to select
        yield from _close(hashes[:-shift], hashes[shift:], max_distance)
        shift += 1
    active = np.flatnonzero(run_end > np.arange(len(hashes)) + shift)
    while len(active):
        yield from _close(hashes[active], hashes[active + shift], max_distance)
        shift += 1
        active = active[run_end[active] > active + shift]


def _close(left: Hashes, right: Hashes, max_distance: int) -> Iterator[HashPairs]:
    near = np.flatnonzero(np.bitwise_count(left ^ right) <= max_distance)
    if len(near):
        yield left[near], right[near]
