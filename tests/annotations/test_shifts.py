from __future__ import annotations

import numpy as np

from datacheck.annotations.shifts import empty_places, moved_by, offsets, paired_iou, shifted


def boxes(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(8, 30, (n, 2))], axis=1), np.full((n, 2), 100.0)


def test_moved_copies_overlap_as_asked() -> None:
    given, frame = boxes(200)
    of, copies = shifted(given, frame, np.random.default_rng(1), 0.3, 0.6)
    overlap = paired_iou(given[of], copies)
    assert len(of) > 190
    assert overlap.min() >= 0.3
    assert overlap.max() <= 0.6
    assert copies.min() >= 0
    assert copies.max() <= 100


def test_offsets_lead_back() -> None:
    given, frame = boxes(50)
    of, copies = shifted(given, frame, np.random.default_rng(1), 0.3, 0.8)
    assert np.allclose(moved_by(copies, offsets(copies, given[of])), given[of])


def test_empty_places_are_free() -> None:
    given, frame = boxes(60)
    row = np.repeat(np.arange(30), 2)
    at, places = empty_places(row, given, frame, 40, np.random.default_rng(2), 0.1)
    assert 10 < len(at) <= 40
    for k, place in zip(at, places, strict=True):
        assert paired_iou(given[row == row[k]], place).max() <= 0.1
