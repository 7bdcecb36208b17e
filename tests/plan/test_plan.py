"""The plan as a value: schema, round trip, identity, and clear errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from datacheck.errors import PlanError, StorageError
from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest, Task
from datacheck.plan import TrainingPlan, make_plan
from datacheck.plan.items import KINDS, VERDICTS
from datacheck.probing.outputs import ProbeOutputs
from datacheck.storage import write_table


def dataset(n: int = 240) -> tuple[Manifest, np.ndarray]:
    rng = np.random.default_rng(0)
    label = np.where(np.arange(n) % 6 == 0, "dog", "cat")
    features = rng.normal(size=(n, 5)) + 1.2 * (label == "dog")[:, None]
    split = np.where(np.arange(n) % 5 == 4, "test", "train")
    return Manifest.from_columns({"label": label, "split": split}), features


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return dataset()[0]


@pytest.fixture(scope="module")
def plan() -> TrainingPlan:
    manifest, features = dataset()
    return make_plan(manifest, features=features, n_seeds=2, seed=4)


def test_plan_json_keeps_its_published_schema(plan: TrainingPlan) -> None:
    schema = TrainingPlan.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(plan.to_json(), schema)
    assert schema["$defs"]["item"]["properties"]["kind"]["enum"] == list(KINDS)
    assert schema["$defs"]["item"]["properties"]["verdict"]["enum"] == list(VERDICTS)
    broken = plan.to_json()
    broken["items"][0]["verdict"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_a_plan_comes_back_whole(plan: TrainingPlan, tmp_path: Path) -> None:
    plan.save(tmp_path)
    for place in (tmp_path, tmp_path / "plan.json", str(tmp_path)):
        again = TrainingPlan.load(place)
        assert again.to_json() == plan.to_json()
        assert again.samples.equals(plan.samples)


def test_loading_a_plan_needs_neither_torch_nor_audit(plan: TrainingPlan, tmp_path: Path) -> None:
    plan.save(tmp_path)
    code = (
        "import sys; from datacheck.plan import TrainingPlan; plan = TrainingPlan.load(sys.argv[1]);"
        "plan.rows('train'), str(plan), plan._repr_html_();"
        "print([m for m in ('torch', 'datacheck.auditing', 'datacheck.rules', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_every_number_is_traced_to_its_measurement(plan: TrainingPlan) -> None:
    measured = [one for item in plan.items for one in item.measured]
    assert measured
    for one in measured:
        assert one.estimate.method
        assert one.estimate.n > 0
        if one.metric.startswith("gain/"):
            assert one.seeds == (4, 1004)
            assert one.folds == 5
            assert np.isfinite(one.estimate.low)
            assert one.baseline is not None


def test_the_same_seed_makes_the_same_plan(plan: TrainingPlan) -> None:
    manifest, features = dataset()
    again = make_plan(manifest, features=features, n_seeds=2, seed=4)

    def timeless(plan: TrainingPlan) -> str:
        value = plan.to_json()
        value["seconds"] = 0
        for item in value["items"]:
            for one in item["measured"]:
                one["seconds"] = 0
        return json.dumps(value)

    assert timeless(again) == timeless(plan)
    assert again.samples.equals(plan.samples)


def test_the_plan_is_refused_for_another_dataset(plan: TrainingPlan, manifest: Manifest) -> None:
    plan.check(manifest)
    plan.check(fingerprint(manifest))
    shorter = manifest.take(np.arange(100))
    with pytest.raises(PlanError, match=r"this one is [0-9a-f]{32} \(100 samples\): make the plan again"):
        plan.check(fingerprint(shorter))
    with pytest.raises(PlanError, match="140 samples of the plan are missing, such as '100'"):
        plan.check(shorter)
    with pytest.raises(PlanError, match="another order"):
        plan.check(manifest.take(np.arange(len(manifest))[::-1]))
    relabelled = manifest.with_column(
        "label", pa.array(["cat", *manifest.table["label"].cast(pa.string()).to_pylist()[1:]])
    )
    with pytest.raises(PlanError, match="other labels: 1 differ"):
        plan.check(relabelled)
    other = Manifest.from_columns({"sample_id": ["x"], "label": ["cow"]})
    with pytest.raises(PlanError, match=r"it knows no \['cow'\]"):
        plan.check(other)


def test_unknown_classes_and_splits_are_named(plan: TrainingPlan) -> None:
    with pytest.raises(PlanError, match=r"knows no class 'dogg'.*did you mean 'dog'"):
        plan.class_code("dogg")
    with pytest.raises(PlanError, match="from 0 to 1, found 7"):
        plan.class_code(7)
    with pytest.raises(PlanError, match=r"no split 'trian'.*did you mean 'train'"):
        plan.rows("trian")
    with pytest.raises(PlanError, match="no augment item"):
        plan.item("augment", "vertical_flip")


def test_newer_and_damaged_plans_are_refused(plan: TrainingPlan, tmp_path: Path) -> None:
    plan.save(tmp_path)
    value = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps({**value, "version": 99}))
    with pytest.raises(StorageError, match="version 99; this datacheck reads up to version 1: upgrade"):
        TrainingPlan.load(tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps({**value, "schema": "datacheck.findings"}))
    with pytest.raises(StorageError, match=r"expected schema 'datacheck\.plan'"):
        TrainingPlan.load(tmp_path)
    del value["items"]
    (tmp_path / "plan.json").write_text(json.dumps(value))
    with pytest.raises(StorageError, match=r"plan.json, but it has no 'items'; make it again with datacheck plan"):
        TrainingPlan.load(tmp_path)
    with pytest.raises(StorageError, match="does not exist"):
        TrainingPlan.load(tmp_path / "nowhere")


def test_the_two_files_must_be_of_one_plan(plan: TrainingPlan, tmp_path: Path) -> None:
    plan.save(tmp_path)
    value = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps({**value, "identity": "0" * 32}))
    with pytest.raises(StorageError, match="the two files are of different plans"):
        TrainingPlan.load(tmp_path)


def test_text_and_html_say_the_verdicts_and_escape_the_data(plan: TrainingPlan) -> None:
    text = plan.to_text(width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    for title in ("Order of work", "Splits", "Rebalance", "Collect"):
        assert title in text
    evil, features = dataset()
    names = np.where(evil.label_codes == 0, "<b>cat</b>", "dog")
    table = {"label": names, "split": evil.table["split"].to_pylist()}
    html = make_plan(Manifest.from_columns(table), features=features, n_seeds=1)._repr_html_()
    assert "<b>cat</b>" not in html


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": np.zeros((3, 2))}, r"features: expected \[240, D\], found \[3, 2\]"),
        ({"pixels": np.zeros((240, 8, 9, 3), np.uint8)}, r"pixels: expected uint8 \[240, S, S, 3\]"),
        ({"deployment_shares": {"cta": 1.0}}, r"found 'cta' \(did you mean 'cat'\?\)"),
        ({"deployment_shares": {"cat": 0.2, "dog": 0.2}}, "sum to 1"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(manifest: Manifest, options: dict, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        make_plan(manifest, **options)


def test_a_probe_or_a_fingerprint_of_another_dataset_is_refused(manifest: Manifest) -> None:
    n = len(manifest)
    ids = np.array(manifest.sample_ids.to_pylist())

    def probe(ids: np.ndarray, classes: tuple[str, ...] = ("cat", "dog")) -> ProbeOutputs:
        n = len(ids)
        return ProbeOutputs(ids, Task.CLASSIFICATION, classes, np.full((n, 2), 0.5, np.float32), None, None,
                            np.zeros(n, np.int16), np.full(n, 0.5, np.float32), np.full(n, -1, np.int32))  # fmt: skip

    with pytest.raises(PlanError, match="probe: expected outputs for 240 samples, found 239"):
        make_plan(manifest, probe=probe(ids[1:]))
    with pytest.raises(PlanError, match=r"expected sample '000' in row 0, found '001' \(2 rows differ\)"):
        make_plan(manifest, probe=probe(ids[[1, 0, *range(2, n)]]))
    with pytest.raises(PlanError, match=r"for the classes \['cat', 'dog'\], found \['cow', 'dog'\]"):
        make_plan(manifest, probe=probe(ids, ("cow", "dog")))
    with pytest.raises(PlanError, match="fingerprint: expected one of the manifest's 240 samples, found 9"):
        make_plan(manifest, fingerprint=fingerprint(manifest.take(np.arange(9))))


def test_samples_of_another_plan_or_a_newer_one_are_refused(plan: TrainingPlan, tmp_path: Path) -> None:
    plan.save(tmp_path)
    path = tmp_path / "sample_weights.parquet"
    write_table(
        path, plan.samples.slice(1), {"schema": "datacheck.plan.samples", "version": 1, "identity": plan.identity}
    )
    with pytest.raises(StorageError, match=r"\(240 samples\) as in plan.json, found .* \(239 samples\)"):
        TrainingPlan.load(tmp_path)
    write_table(path, plan.samples, {"schema": "datacheck.plan.samples", "version": 2, "identity": plan.identity})
    with pytest.raises(StorageError, match="version 2; this datacheck reads up to version 1: upgrade"):
        TrainingPlan.load(tmp_path)
    path.unlink()
    with pytest.raises(StorageError, match="does not exist"):
        TrainingPlan.load(tmp_path)


def test_an_empty_manifest_is_refused() -> None:
    with pytest.raises(PlanError, match="empty manifest"):
        make_plan(Manifest.from_columns({"label": pa.array([], pa.string())}))


@pytest.mark.parametrize("task", ["regression", "multilabel", "unlabelled"])
def test_other_tasks_get_what_can_be_counted(task: str) -> None:
    n = 60
    columns = {
        "regression": {"target": np.linspace(0, 1, n)},
        "multilabel": {"labels": [["a"], ["b"], ["a", "b"]] * 20},
        "unlabelled": {"sample_id": [str(i) for i in range(n)]},
    }[task]
    plan = make_plan(Manifest.from_columns(columns))
    assert plan.verdict("splits") == "do"
    assert plan.verdict("rebalance") == "not measured"
    assert sum(len(plan.rows(split)) for split in plan.splits) == n


def test_deployment_shares_change_what_counts_as_better() -> None:
    manifest, features = dataset()
    plan = make_plan(manifest, features=features, deployment_shares={"cat": 0.5, "dog": 0.5}, n_seeds=2)
    assert plan.by_kind("rebalance")[0].measured[0].metric == "gain/accuracy_at_deployment"
