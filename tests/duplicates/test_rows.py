"""Equal rows of tables: copies are found, rows that chance makes equal are not."""

import numpy as np
import pyarrow as pa
import pytest

from datacheck.duplicates.rows import equal_rows


def copied(table: pa.Table, n: int) -> pa.Table:
    """The table with its first n rows again at the end."""
    return pa.concat_tables([table, table.slice(0, n)])


def numbers(n: int = 300, columns: int = 6, digits: int = 3) -> pa.Table:
    x = np.random.default_rng(0).normal(size=(n, columns)).round(digits)
    return pa.table({f"x{k}": x[:, k] for k in range(columns)})


def clusters(table: pa.Table) -> list[list[int]]:
    found = equal_rows(table)
    if found is None:
        return []
    return [np.flatnonzero(found == number).tolist() for number in range(found.max(initial=-1) + 1)]


def test_copies_of_numbers_are_numbered_in_the_order_of_their_first_row() -> None:
    assert clusters(copied(numbers(), 3)) == [[0, 300], [1, 301], [2, 302]]
    assert clusters(numbers()) == []


def test_missing_values_are_equal_to_each_other_only() -> None:
    table = numbers(50)
    values = table["x0"].to_pylist()
    values[0] = None
    table = table.set_column(0, "x0", pa.array(values))
    assert clusters(copied(table, 1)) == [[0, 50]]
    unlike = copied(table, 1)
    unlike = unlike.set_column(0, "x0", pa.array([*values, 0.5]))
    assert clusters(unlike) == []


def test_long_texts_are_copies_and_answers_of_a_few_words_are_not() -> None:
    texts = [f"Yesterday the {who} painted a {colour} chair for {whom}." for who in ("nurse", "cook", "pilot")
             for colour in ("red", "blue", "green") for whom in ("us", "them")]  # fmt: skip
    assert clusters(copied(pa.table({"text": texts}), 2)) == [[0, 18], [1, 19]]
    answers = pa.table({"answer": ["yes", "no", "perhaps", "do not know"] * 20})
    assert clusters(answers) == []


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_categories_sparse_counts_and_derived_columns_are_equal_by_chance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    categories = pa.table({f"c{k}": rng.integers(0, 4, 1000) for k in range(6)})
    sparse = (rng.random((1000, 40)) < 0.02) * rng.integers(1, 4, (1000, 40))
    x = rng.normal(size=400).round(2)
    derived = pa.table({"x": x, "twice": 2 * x, "exp": np.exp(x), "kind": rng.integers(0, 3, 400)})
    one_hot = np.eye(5)[rng.integers(0, 5, (500, 3))].reshape(500, 15)
    for table in (
        categories,
        pa.table({f"w{k}": sparse[:, k] for k in range(40)}),
        derived,
        pa.table({f"h{k}": one_hot[:, k] for k in range(15)}),
    ):
        assert clusters(table) == []


def test_columns_that_number_the_rows_are_left_out() -> None:
    table = copied(numbers(50), 1)
    for name, values in (("id", [f"u{row}" for row in range(51)]), ("position", list(range(7, 58)))):
        assert clusters(table.append_column(name, pa.array(values))) == [[0, 50]]


def test_a_table_without_features_has_no_copies() -> None:
    assert clusters(pa.table({"same": [1.0] * 9})) == []
    assert clusters(pa.table({"list": [[1, 2]] * 9})) == []
    assert equal_rows(pa.table({"x": pa.array([], pa.float64())})) is None


def phrases(n: int, length: int) -> list[str]:
    """Texts of four words and so many characters."""
    return [f"a b c {row:0{length - 6}d}" for row in range(n)]


@pytest.mark.parametrize(("length", "found"), [(21, True), (20, False)])
def test_a_row_needs_ten_bits_more_than_the_number_of_pairs_has(length: int, found: bool) -> None:
    texts = phrases(63, length)
    assert bool(clusters(pa.table({"text": [*texts, texts[5]]}))) == found  # log2(64² / 2) + 10 = 21


def test_half_of_the_rows_with_a_value_of_their_own_are_mostly_distinct() -> None:
    texts = phrases(32, 30)
    table = pa.table({"text": texts * 2, "answer": ["yes"] * 32 + ["no"] * 32})
    assert clusters(copied(table, 1)) == [[0, 64]]
