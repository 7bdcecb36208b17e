import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.errors import ProbeError
from datacheck.labels.chunks import map_chunks, row_chunks
from datacheck.labels.rows import row_statistics

from .worlds import noisy


@given(n=st.integers(2, 60), k=st.integers(2, 12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_each_row_is_read_as_by_hand(n, k, seed) -> None:
    probs, labels, _ = noisy(max(n, k), k, seed=seed)
    rows = row_statistics(probs, labels)
    index = np.arange(len(labels))
    others = probs.copy()
    others[index, labels] = -1
    np.testing.assert_array_equal(rows.self_confidence, probs[index, labels])
    np.testing.assert_array_equal(rows.rival, others.max(axis=1))
    np.testing.assert_array_equal(rows.predicted, probs.argmax(axis=1))
    np.testing.assert_array_equal(rows.suggested, others.argmax(axis=1))
    assert rows.valid.all()
    assert rows.self_confidence.dtype == np.float32
    assert rows.n_classes == k
    assert rows.row_bytes == 4 * k


def test_rows_without_label_or_prediction_are_not_valid() -> None:
    probs = np.array([[0.1, 0.9, 0.0], [0.2, np.nan, 0.3], [0.5, 0.3, 0.2]], dtype=np.float32)
    rows = row_statistics(probs, np.array([0, 0, -1]))
    assert rows.valid.tolist() == [True, False, False]
    assert np.isnan(rows.self_confidence).tolist() == np.isnan(rows.rival).tolist() == [False, True, True]
    assert rows.predicted.tolist() == [1, -1, 0]
    assert rows.suggested.tolist() == [1, -1, 0]
    last = row_statistics(np.array([[0.1, 0.2, 0.7]]), np.array([-1]))
    assert (last.predicted[0], last.suggested[0]) == (2, 2)
    assert probs[0].tolist() == pytest.approx([0.1, 0.9, 0.0])


@pytest.mark.parametrize(
    ("probs", "labels", "words"),
    [
        (np.ones((3, 1)), np.zeros(3, int), "K of 2 or more"),
        (np.ones(3), np.zeros(3, int), "K of 2 or more"),
        (np.ones((3, 2)), np.zeros(2, int), "expected 3 labels"),
        (np.ones((3, 2)), np.array([0, 1, 2]), "from -1 .none. to 1, found 0 to 2"),
        (np.ones((3, 2)), np.array([0, 1, -2]), "from -1 .none. to 1, found -2 to 1"),
        (np.ones((3, 2)), np.zeros(3), "integers"),
    ],
)
def test_unusable_input_is_named(probs, labels, words) -> None:
    with pytest.raises(ProbeError, match=words):
        row_statistics(probs, labels)


def test_no_rows_at_all_are_read() -> None:
    rows = row_statistics(np.empty((0, 3)), np.empty(0, int))
    assert len(rows.self_confidence) == len(rows.valid) == 0


@pytest.mark.parametrize("threads", [1, 3])
def test_chunks_cover_all_rows_in_order(threads) -> None:
    slices = map_chunks(lambda rows: rows, 1000, 1 << 20, threads=threads)
    assert slices == list(row_chunks(1000, 1 << 20))
    assert [row for part in slices for row in range(part.start, part.stop)] == list(range(1000))
    assert {part.stop - part.start for part in slices} == {8}


def test_a_row_larger_than_a_chunk_is_read_by_itself() -> None:
    assert list(row_chunks(2, 100, chunk_bytes=8)) == [slice(0, 1), slice(1, 2)]
    assert list(row_chunks(2, 0, chunk_bytes=8)) == [slice(0, 2)]
