"""The expectations one by one, on frames by hand, and the ready-made suites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import datacheck_expectations as dx
from datacheck.errors import ContractError
from datacheck.manifest import Manifest, Task
from datacheck.testing import measurements_for
from datacheck_expectations import check_tables, contract_frame, suites, write_contract
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.gx import BatchExpectation, gx, quiet
from datacheck_expectations.measures import relations, samples
from datacheck_expectations.measures.classes import class_table
from tests.contracts.conftest import accept
from tests.contracts.world import World


def judge(expectation: Any, frame: pd.DataFrame) -> Any:
    """Run one expectation as Great Expectations does."""
    with quiet():
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
        batch = asset.add_batch_definition_whole_dataframe("b").get_batch(batch_parameters={"dataframe": frame})
        return batch.validate(expectation, result_format="SUMMARY")


def sentence(result: Any) -> str:
    return str(result.result["details"]["sentence"])


def test_every_threshold_is_required_and_every_expectation_documented() -> None:
    assert len(dx.EXPECTATIONS) == 27
    for expectation in dx.EXPECTATIONS:
        own = [field for name, field in expectation.__fields__.items() if name not in BatchExpectation.__fields__]
        assert own
        assert all(field.required for field in own), expectation.__name__
        assert "Example\n" in (expectation.__doc__ or ""), expectation.__name__
        assert set(expectation.success_keys) == {field.name for field in own}


def test_a_threshold_with_a_default_is_refused() -> None:
    with pytest.raises(TypeError, match="required fields"):

        class ExpectLax(DatacheckExpectation):
            most: int = 3


def test_great_expectations_runs_them_on_any_frame() -> None:
    frame = pd.DataFrame(
        {"sample_id": ["a", "b", "b"], "label": ["cat", "dog", "dgo"], "split": ["train", "train", "test"]}
    )
    unique = judge(dx.ExpectUniqueIds(column="sample_id"), frame)
    assert (unique.success, sentence(unique)) == (False, "1 row repeats a sample_id, such as 'b'")
    labels = judge(dx.ExpectAllowedLabels(labels=["cat", "dog"]), frame)
    assert labels.result["details"]["offending"] == [{"label": "dgo", "samples": 1, "such as": "b"}]
    coverage = judge(dx.ExpectClassCoverage(classes_by_split={"test": ["cat"]}, min_count=1), frame)
    assert sentence(coverage) == "'cat' has 0 samples in 'test'"
    absent = judge(dx.ExpectNoLeakageAcrossSplits(column="group", max_share=0.0), frame)
    assert not absent.success
    assert "expected a column 'group', found sample_id, label, split" in str(absent.exception_info)


@pytest.mark.parametrize(("confidence", "kept"), [(0.0, False), (0.999, True)])
def test_confidence_decides_whether_chance_is_blamed(confidence: float, kept: bool) -> None:
    frame = pd.DataFrame({"label": ["a"] * 14 + ["b"] * 6})
    shares = dx.ExpectClassShares(split="all", shares={"a": [0.4, 0.6]}, confidence=confidence)
    assert judge(shares, frame).success is kept


def test_a_large_dataset_is_not_excused_by_chance() -> None:
    frame = pd.DataFrame({"label": ["a"] * 14_000 + ["b"] * 6_000})
    result = judge(dx.ExpectClassShares(split="all", shares={"a": [0.4, 0.6]}, confidence=0.999), frame)
    assert sentence(result) == "'a' is 70 % of 20,000 labels (expected 40 % to 60 %)"


def test_the_frame_has_no_object_columns() -> None:
    manifest = Manifest.from_columns({
        "uri": [f"{n}.png" for n in range(6)], "label": ["a", "b", None] * 2, "split": ["train", "test"] * 3,
        "camera": ["x", "y"] * 3, "day": [1, 2, 3, 4, 5, 6],
    })  # fmt: skip
    measured = measurements_for(manifest, content_hash=["1", "1", "2", "3", "4", "5"], error=[None] * 5 + ["truncated"])
    frame = contract_frame(manifest, measured)
    assert "object" not in {str(kind) for kind in frame.dtypes}
    assert frame["content_cluster"].tolist()[:2] == [0.0, 0.0]
    assert frame["content_cluster"].isna().sum() == 4
    assert samples.unreadable(frame).sample_ids == ("5.png",)
    assert relations.shared_across_splits(frame, "content_cluster").examples[0]["such as"] == "1.png and 0.png"
    assert judge(dx.ExpectReadableShareAtLeast(min_share=1.0), frame).success is False


def test_a_multilabel_dataset(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = [[name for name in ("car", "dog", "sky") if rng.random() < 0.5] for _ in range(600)]
    manifest = Manifest.from_columns(
        {"labels": pa.array(labels, pa.list_(pa.string())), "split": ["train", "test"] * 300}
    )
    assert manifest.task is Task.MULTILABEL
    world = World(manifest, None, tmp_path)
    contract = accept(world, tmp_path / "contract")
    assert check_tables(contract, manifest).success
    table = contract_frame(manifest)
    assert class_table(table).of("train")[0] == {
        name: sum(name in row for row in labels[::2]) for name in ("car", "dog", "sky")
    }
    without = [[name for name in row if name != "sky"] for row in labels]
    other = Manifest.from_columns(
        {"labels": pa.array(without, pa.list_(pa.string())), "split": ["train", "test"] * 300}
    )
    broken = check_tables(contract, other).broken
    assert "'sky' has 0 samples in 'train'" in broken[0].sentence


def test_ready_made_suites_hold_and_break(tmp_path: Path) -> None:
    manifest = Manifest.from_columns(
        {"age": [1.0, None, 3.0, 4.0], "label": ["yes", "no"] * 2, "split": ["train"] * 2 + ["test"] * 2}
    )
    contract = write_contract(tmp_path / "table", suites.tabular(["yes", "no"], ["train", "test"], not_null=["age"]))
    result = check_tables(contract, manifest)
    assert [outcome.sentence for outcome in result.broken] == ["1 of 4 values are unexpected"]

    images = Manifest.from_columns({"uri": ["a.png", "b.png"], "label": ["x", "y"], "split": ["train", "test"]})
    contract = write_contract(tmp_path / "images", suites.image_classification(["x", "y"], ["train", "test"]))
    kinds = {one.term.type for one in check_tables(contract, images, measurements_for(images)).broken}
    assert kinds == {"expect_class_coverage"}

    targets = Manifest.from_columns({"uri": [f"{n}.png" for n in range(100)], "target": np.arange(100.0)})
    contract = write_contract(tmp_path / "targets", suites.image_regression(0, 100))
    assert check_tables(contract, targets, measurements_for(targets)).success
    high = targets.with_column("target", np.arange(100.0) + 5)
    assert {one.term.type for one in check_tables(contract, high, measurements_for(high)).broken} == {
        "expect_property_in_range"
    }


def test_answers_of_annotators() -> None:
    frame = pd.DataFrame({
        "answer_id": ["1", "2", "3", "4"], "sample_id": ["a", "a", "b", "b"],
        "answer": ["label", "label", "skip", "label"], "label": ["cat", "cat", None, "cow"],
    })  # fmt: skip
    ids, verdicts, labels, agreement = suites.relabel_answers(["cat", "dog"], min_agreement=0.8, confidence=0.0)
    assert judge(ids, frame).success
    assert judge(verdicts, frame).success
    assert sentence(judge(labels, frame)) == "1 of 3 samples has another label: 'cow' (1)"
    found = judge(agreement, frame)
    assert (found.success, sentence(found)) == (False, "1 of 2 pairs of answers agree (50 %)")
    assert found.result["details"]["offending"] == [{"sample": "b", "answers": 2, "agreeing pairs": 0}]


def test_nothing_to_promise_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="at least one expectation"):
        write_contract(tmp_path / "none", [])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(ContractError, match="name another"):
        write_contract(tmp_path / "other", suites.tabular(["a"]))
