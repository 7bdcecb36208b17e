"""Every pair within the distance is found, once, whatever the hashes look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.duplicates import hamming
from datacheck.duplicates.hamming import hamming_pairs


def by_brute_force(hashes: np.ndarray, max_distance: int) -> np.ndarray:
    near = np.bitwise_count(hashes[:, None] ^ hashes[None, :]) <= max_distance
    return np.argwhere(np.triu(near, 1))


def flipped(hashes: np.ndarray, n_bits: int, rng: np.random.Generator) -> np.ndarray:
    bits = np.argsort(rng.random((len(hashes), 64)), axis=1)[:, :n_bits].astype(np.uint64)
    return hashes ^ np.bitwise_or.reduce(np.uint64(1) << bits, axis=1) if n_bits else hashes


@given(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=40), st.integers(0, 16))
@settings(max_examples=50, deadline=None)
def test_small_sets_agree_with_brute_force(values: list[int], max_distance: int) -> None:
    hashes = np.array(values, dtype=np.uint64)
    pairs, distance, complete = hamming_pairs(hashes, max_distance)
    assert np.array_equal(pairs, by_brute_force(hashes, max_distance))
    assert distance.tolist() == [int(values[a] ^ values[b]).bit_count() for a, b in pairs.tolist()]
    assert complete


@pytest.mark.parametrize("max_distance", [0, 1, 6])
@pytest.mark.parametrize("shape", ["uniform", "few free bits", "dense"])
def test_large_sets_agree_with_brute_force(shape: str, max_distance: int) -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 2_500, dtype=np.uint64)
    if shape == "few free bits":
        hashes &= np.uint64(0x0000_0000_00FF_FFFF)
    elif shape == "dense":
        hashes = np.arange(2_500, dtype=np.uint64) << np.uint64(20)
    hashes = np.unique(np.concatenate((hashes, flipped(hashes[:500], max_distance, rng))))
    assert np.array_equal(hamming_pairs(hashes, max_distance)[0], by_brute_force(hashes, max_distance))


@pytest.mark.parametrize("n", [30_000, 120_000])
def test_planted_neighbours_are_all_found(n: int) -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    for n_bits in range(1, 7):
        block = slice(100 * n_bits, 100 * n_bits + 100)
        hashes[n - 100 * n_bits : n - 100 * n_bits + 100] = flipped(hashes[block], n_bits, rng)
    pairs, distance, _ = hamming_pairs(hashes, 6)
    found = set(map(tuple, pairs.tolist()))
    planted = {(100 * k + at, n - 100 * k + at) for k in range(1, 7) for at in range(100)}
    assert planted <= found
    assert len(found - planted) <= 2
    assert np.bincount(distance, minlength=7)[1:].min() >= 100


@given(
    seed=st.integers(0, 2**32), centres=st.integers(1, 60), free_bits=st.integers(0, 10), max_distance=st.integers(1, 8)
)
@settings(max_examples=6, deadline=None)
def test_clusters_agree_with_brute_force(seed: int, centres: int, free_bits: int, max_distance: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = rng.choice(rng.integers(0, 2**64, centres, dtype=np.uint64), 2_200)
    hashes = np.unique(flipped(hashes, free_bits, rng))
    assert np.array_equal(hamming_pairs(hashes, max_distance)[0], by_brute_force(hashes, max_distance))


@pytest.mark.parametrize("max_distance", [1, 6])
def test_many_blocks_give_each_pair_once(monkeypatch: pytest.MonkeyPatch, max_distance: int) -> None:
    rng = np.random.default_rng(2)
    hashes = rng.permutation(
        np.unique(flipped(rng.choice(rng.integers(0, 2**64, 300, dtype=np.uint64), 1_500), 3, rng))
    )
    monkeypatch.setattr(hamming, "_BLOCK", 64)
    monkeypatch.setattr(hamming, "_BRUTE_FORCE", 40)
    monkeypatch.setattr(hamming, "_FLUSH", 10)
    assert np.array_equal(hamming_pairs(hashes, max_distance)[0], by_brute_force(hashes, max_distance))


def test_too_many_pairs_are_cut_and_said_so() -> None:
    hashes = np.arange(1_000, dtype=np.uint64)
    pairs, _, complete = hamming_pairs(hashes, 10, max_pairs=1_000)
    assert not complete
    assert 1_000 < len(pairs) < 3_000


def test_a_silly_distance_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 16"):
        hamming_pairs(np.zeros(0, np.uint64), 17)
