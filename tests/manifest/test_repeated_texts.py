import numpy as np
import pyarrow as pa

from datacheck.manifest.repeated_texts import maybe_repeated


def test_repeated_texts_are_found_over_chunks_and_nulls_are_none() -> None:
    column = pa.chunked_array([["a", None, "b"], ["b", "c", None], []], pa.string())
    assert maybe_repeated(column).tolist() == [2, 3]
    assert maybe_repeated(column.slice(3)).tolist() == []


def test_texts_that_a_change_makes_equal_are_found() -> None:
    assert maybe_repeated(pa.array(["x/Ä.jpg", "ä.jpg", "Ä.jpg"]), lambda name: name.lower()).tolist() == [1, 2]


def test_as_many_texts_as_several_parts_hold() -> None:
    numbers = np.arange(300_000)
    numbers[-1] = 7
    assert maybe_repeated(pa.array(numbers).cast(pa.string())).tolist() == [7, 299_999]
