import numpy as np
import pyarrow as pa
import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc206_missing_combination import MissingCombination, attributes, chance_of_empty

from .examples import shown


def judge(columns: dict[str, object]):  # type: ignore[no-untyped-def]
    return MissingCombination().check(RuleContext(Manifest.from_columns(columns)))


def scene(n: int) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    return {
        "label": rng.choice(["car", "bicycle", "bus"], n),
        "light": rng.choice(["day", "night"], n, p=[0.7, 0.3]),
        "camera": rng.integers(0, 4, n),
        "price": rng.uniform(0, 1, n),
        "note": np.array([f"note {row}" for row in range(n)]),
    }


def test_finds_the_combination_that_never_occurs() -> None:
    columns = scene(1000)
    columns["light"][columns["label"] == "bicycle"] = "day"
    outcome = judge(columns)
    assert isinstance(outcome, Found)
    (cell,) = outcome.findings[0].evidence["combinations"]
    assert (cell["columns"], cell["values"]) == (["label", "light"], ["bicycle", "night"])
    n_bicycle, n_night = (columns["label"] == "bicycle").sum(), (columns["light"] == "night").sum()
    assert cell["expected"] == pytest.approx(n_bicycle * n_night / 1000)


def test_half_of_the_cells_of_a_pair() -> None:
    columns = scene(2000)
    for label, camera in (("car", 0), ("bus", 1), ("bicycle", 2), ("car", 3)):
        columns["camera"][(columns["label"] == label) & (columns["camera"] == camera)] = (camera + 1) % 4
    outcome = judge(columns)
    assert isinstance(outcome, Found)
    found = {tuple(cell["values"]) for cell in outcome.findings[0].evidence["combinations"]}
    assert ("bicycle", "2") in found
    assert ("car", "3") in found


@pytest.mark.parametrize("n", [30, 1000])
def test_independent_attributes_and_columns_of_ids_are_silent(n: int) -> None:
    assert isinstance(judge(scene(n)), Passed)


def test_nested_attributes_are_silent() -> None:
    columns = scene(1000)
    columns["maker"] = np.where(columns["label"] == "car", "A", "B")
    assert isinstance(judge(columns), Passed)


def test_needs_two_attributes() -> None:
    assert isinstance(judge({"label": ["a", "b", "a"]}), NotApplicable)
    assert isinstance(judge({"label": [], "light": []}), NotApplicable)
    assert isinstance(judge({"label": ["a", "b", "a"], "light": ["x", "y", None]}), Passed)


def test_the_chance_of_an_empty_cell_is_hypergeometric() -> None:
    expected, chance = chance_of_empty(np.array([[0, 2], [2, 1]]))
    assert expected[0, 0] == pytest.approx(2 * 2 / 5)
    assert chance[0, 0] == pytest.approx(3 / 10)


def test_labels_of_two_annotators_are_no_attributes() -> None:
    rng = np.random.default_rng(0)
    label = rng.choice(["bird", "cat", "dog"], 900)
    other = np.where(label == "bird", rng.choice(["bird", "cat"], 900), label)
    manifest = Manifest.from_columns({"label": label, "second": other})
    assert isinstance(MissingCombination().check(RuleContext(manifest)), Passed)


def test_the_example_and_the_edges() -> None:
    label = ["car"] * 300 + ["bicycle"] * 300
    light = ["day", "night"] * 150 + ["day"] * 300
    outcome = judge({"label": label, "light": light})
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(MissingCombination)
    context = RuleContext(Manifest.from_columns({"label": label, "light": light}))
    assert isinstance(MissingCombination(min_expected=75.0).check(context), Found)
    assert isinstance(MissingCombination(min_expected=75.1).check(context), Passed)
    assert isinstance(MissingCombination(max_empty=0.25).check(context), Found)
    assert isinstance(MissingCombination(max_empty=0.24).check(context), Passed)


def test_a_column_is_an_attribute_up_to_twenty_values() -> None:
    for n_values, applies in ((20, True), (21, False)):
        columns = {"label": ["a", "b"] * 210, "place": [f"p{row % n_values}" for row in range(420)]}
        assert isinstance(judge(columns), NotApplicable) != applies


def test_a_value_without_rows_is_no_value() -> None:
    light = pa.DictionaryArray.from_arrays(pa.array([0, 2] * 50, pa.int32()), pa.array(["day", "dusk", "night"]))
    manifest = Manifest.from_columns({"label": ["a", "b"] * 50, "light": light})
    codes, values = dict(attributes(manifest, 20))["light"]
    assert values == ["day", "night"]
    assert codes.tolist() == [0, 1] * 50
