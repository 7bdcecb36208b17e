"""Each planted breakage breaks the contract of the clean data, for the right reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from datacheck.findings import Severity
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval
from datacheck.testing import make_imbalanced, shift_labels, shuffle
from datacheck_expectations import Contract, ContractResult, check_tables
from tests.contracts.conftest import accept
from tests.contracts.world import World, pixels


def held(world: World, contract: Contract) -> ContractResult:
    return check_tables(contract, world.manifest, world.measurements, world.probe)


def by_number(world: World) -> World:
    """Order the samples by their number, as a listing without class folders would."""
    names = world.manifest.table["uri"].to_pylist()
    return world.take(np.argsort([int(Path(name).stem) for name in names], kind="stable"))


def with_labels_of(world: World, planted: object) -> World:
    return dataclasses.replace(world, manifest=planted)  # type: ignore[arg-type]


def swap_two_classes(world: World) -> World:
    swap = {"0": "1", "1": "0"}
    return world.column("label", [swap.get(str(label), label) for label in world.labels()])


def near_leak(world: World) -> World:
    rows = world.rows("train", "4")[:10]
    start = len(world.manifest)
    copied = world.copy(rows, split="test")
    table = copied.manifest.table.to_pylist()
    for at, row in enumerate(rows.tolist()):
        table[start + at]["uri"] = table[row]["uri"]
    aliased = copied.column("uri", [row["uri"] for row in table])
    resaved = aliased.rewrite(start + np.arange(len(rows)), lambda image, path: resave(image, path))
    return resaved.column("uri", copied.manifest.table["uri"].to_pylist())


def resave(image: Image.Image, path: Path) -> None:
    image.resize((60, 60)).resize((64, 64)).save(path, format="PNG")


def thin(world: World) -> World:
    return world.without(world.rows("train", "8")[12:])


def unreadable(world: World) -> World:
    return world.rewrite(world.rows("train")[:4], lambda image, path: path.write_bytes(b"404 Not Found") and None)


def jpegs(world: World) -> World:
    return world.rewrite(world.rows("val"), lambda image, path: image.save(path, format="JPEG", quality=95))


def grey_mode(world: World) -> World:
    return world.rewrite(world.rows("val"), lambda image, path: image.convert("L").save(path, format="PNG"))


def move_test_to_train(world: World) -> World:
    splits = world.manifest.table["split"].to_pylist()
    for row in world.rows("test")[::2].tolist():
        splits[row] = "train"
    return world.column("split", splits)


Breakage = tuple[str, Callable[[World], World], str, str]

BREAKAGES: list[Breakage] = [
    ("missing class", lambda w: w.without(w.rows("val", "9")), "expect_class_coverage", "'9' has 0 samples in 'val'"),
    ("missing split", lambda w: w.without(w.rows("val")), "expect_class_coverage", "in 'val'"),
    ("renamed class", lambda w: w.relabel(w.rows(label="3"), "three"), "expect_allowed_labels", "'three' (183)"),
    ("new class", lambda w: w.relabel(w.rows("train", "3")[:9], "x"), "expect_allowed_labels", "'x' (9)"),
    ("swapped labels of two classes", swap_two_classes, "expect_class_property_drift_at_most", "of class '"),
    ("shifted labels", lambda w: with_labels_of(o := by_number(w), shift_labels(o.manifest)[0]),
     "expect_class_property_drift_at_most", "of class '"),
    ("shuffled labels", lambda w: with_labels_of(w, shuffle(w.manifest)[0]),
     "expect_class_property_drift_at_most", "of class '"),
    ("missing labels", lambda w: w.relabel(w.rows("train")[:5], None), "expect_labelled_share_at_least", "5 of 1,797"),
    ("leaked test images", lambda w: w.copy(w.rows("test")[:12], split="train"),
     "expect_no_leakage_across_splits content_cluster", "12 of 1,809"),
    ("leaked near duplicates", near_leak, "expect_no_leakage_across_splits near_cluster", "near duplicate"),
    ("doubled files", lambda w: w.copy(w.rows("train")[:30]),
     "expect_duplicates_at_most content_cluster", "30 of 1,827"),
    ("copies under another label", lambda w: w.copy(w.rows("train", "2")[:3], label="7"),
     "expect_conflicting_duplicates_at_most content_cluster", "6 of 1,800"),
    ("unreadable files", unreadable, "expect_readable_share_at_least", "4 of 1,797"),
    ("darker camera", lambda w: w.rewrite(w.rows("test"), pixels(lambda p: p * 0.8)),
     "expect_property_drift_at_most brightness", "the mean brightness of split 'test' is"),
    ("yellow cast", lambda w: w.rewrite(w.rows("test"), pixels(lambda p: p * [1.0, 1.0, 0.8])),
     "expect_property_drift_at_most mean_blue", "the mean blue level of split 'test' is"),
    ("blurred batch", lambda w: w.rewrite(
        w.rows("val"), lambda image, path: image.filter(ImageFilter.GaussianBlur(2)).save(path, format="PNG")),
     "expect_property_drift_at_most sharpness", "the mean sharpness of split 'val' is"),
    ("low contrast", lambda w: w.rewrite(w.rows("val"), pixels(lambda p: 128 + (p - 128) * 0.6)),
     "expect_property_drift_at_most contrast", "the mean contrast of split 'val' is"),
    ("greyscale batch", lambda w: w.rewrite(
        w.rows("val"), pixels(lambda p: p.mean(axis=2, keepdims=True).repeat(3, 2))),
     "expect_property_drift_at_most colourfulness", "the mean colourfulness of split 'val' is"),
    ("greyscale files", grey_mode, "expect_allowed_values mode", "another mode: 'L' (269)"),
    ("another format", jpegs, "expect_allowed_values format", "another format: 'JPEG' (269)"),
    ("resized images", lambda w: w.rewrite(
        w.rows("val"), lambda image, path: image.resize((48, 48)).save(path, format="PNG")),
     "expect_property_in_range all", "a width outside 64 to 64"),
    ("thinned class", thin, "expect_class_shares train", "'8' is"),
    ("long tail", lambda w: imbalanced(w), "expect_label_drift_at_most all", "moved between classes"),
]  # fmt: skip


def imbalanced(world: World) -> World:
    planted, truth = make_imbalanced(world.manifest, 6.0)
    gone = set(truth.sample_ids)
    kept = np.array([name not in gone for name in world.manifest.sample_ids.to_pylist()])
    assert kept.sum() == len(planted)
    return world.take(kept)


@pytest.mark.parametrize(("name", "plant", "reason", "sentence"), BREAKAGES, ids=[entry[0] for entry in BREAKAGES])
def test_breakage_is_found_for_the_right_reason(
    accepted: World, contract: Contract, name: str, plant: Callable[[World], World], reason: str, sentence: str
) -> None:
    result = held(plant(accepted), contract)
    assert result.exit_code() == 1
    kind, _, subject = reason.partition(" ")
    matching = [one for one in result.broken if one.term.type == kind and subject in one.term.subject]
    assert any(sentence in one.sentence for one in matching), [(one.term.type, one.sentence) for one in result.broken]
    assert all(one.severity is Severity.ERROR for one in matching)


def test_the_clean_twin_keeps_the_contract(accepted: World, contract: Contract) -> None:
    result = held(accepted, contract)
    assert result.success, [one.sentence for one in (*result.broken, *result.unchecked)]
    assert result.exit_code(Severity.INFO) == 0


def test_a_split_that_changed_its_size_is_a_warning(accepted: World, contract: Contract) -> None:
    result = held(move_test_to_train(accepted), contract)
    assert [one.term.type for one in result.broken] == ["expect_split_shares"]
    assert (result.exit_code(), result.exit_code(Severity.WARNING)) == (0, 1)


def test_unpaired_and_shifted_masks(pairs: World, tmp_path: Path) -> None:
    contract = accept(pairs, tmp_path / "contract")
    assert held(pairs, contract).success
    masks = pairs.manifest.table["label_uri"].to_pylist()
    shifted = held(pairs.column("label_uri", masks[1:] + masks[:1]), contract)
    assert "60 of 60 samples" in shifted.broken[0].sentence
    unpaired = held(pairs.column("label_uri", [None, None, *masks[2:]]), contract)
    assert [one.term.type for one in unpaired.broken] == ["expect_pairs_to_match"]
    assert "2 of 60 samples" in unpaired.broken[0].sentence
    assert unpaired.broken[0].sample_ids == ("images/img_0001.jpg", "images/img_0002.jpg")


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        (lambda w: scaled(w, 1000.0), "expect_property_drift_at_most", "the mean target"),
        (lambda w: w.without(np.flatnonzero(w.manifest.target > 60)),
         "expect_target_range_covered", "no sample with a target"),
        (lambda w: regroup(w), "expect_no_leakage_across_splits", "member of its group in an earlier split"),
    ],
    ids=["target in another unit", "high targets missing", "people in two splits"],
)  # fmt: skip
def test_breakages_of_a_regression_table(
    table: World, tmp_path: Path, change: Callable[[World], World], reason: str, sentence: str
) -> None:
    contract = accept(table, tmp_path / "contract")
    assert held(table, contract).success
    result = held(change(table), contract)
    assert result.exit_code() == 1
    assert any(one.term.type == reason and sentence in one.sentence for one in result.broken)


def scaled(world: World, factor: float) -> World:
    return dataclasses.replace(world, manifest=world.manifest.with_column("target", world.manifest.target * factor))


def regroup(world: World) -> World:
    groups = world.manifest.table["group"].to_pylist()
    return world.column("group", groups[2:] + groups[:2])


def probe_of(world: World, quality: np.ndarray, rate: float) -> ProbeOutputs:
    n = len(world.manifest)
    estimate = Interval(rate * n, 0.8 * rate * n, 1.2 * rate * n, n=n)
    one = np.ones(1)
    return ProbeOutputs(
        sample_ids=np.array(world.manifest.sample_ids.to_pylist()), task=Task.CLASSIFICATION,
        classes=world.manifest.classes, pred_probs=None, predictions=None, embeddings=None,
        fold=np.zeros(n, np.int16), label_quality=quality.astype(np.float32), suggested=np.full(n, -1, np.int32),
        label_yield=LabelYield(estimate, one.astype(np.int64), one, one, one, 1),
    )  # fmt: skip


def test_mislabels_are_seen_with_the_probe(accepted: World, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    quality = rng.beta(8, 1, len(accepted.manifest))
    before = dataclasses.replace(accepted, probe=probe_of(accepted, quality, 0.01))
    contract = accept(before, tmp_path / "contract")
    assert held(before, contract).success
    flipped = quality.copy()
    flipped[rng.choice(len(quality), 300, replace=False)] = 0.01
    result = held(dataclasses.replace(accepted, probe=probe_of(accepted, flipped, 0.16)), contract)
    assert {one.term.type for one in result.broken} == {
        "expect_label_quality_at_least", "expect_estimated_label_error_rate_at_most",
    }  # fmt: skip
    assert "an estimated 16 % of the labels are wrong" in result.render()
    unprobed = held(accepted, contract)
    assert unprobed.exit_code() == 2
    assert "probe the dataset" in unprobed.render()
