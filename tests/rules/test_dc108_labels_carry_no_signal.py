import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc108_labels_carry_no_signal import LabelsCarryNoSignal

from .examples import shown
from .probe_tables import embed, probed, truth, with_embeddings


def repaired(context: RuleContext) -> tuple[dict[str, object], list[int]]:
    """Evidence of the repair, and the labels after it."""
    outcome = LabelsCarryNoSignal().check(context)
    assert isinstance(outcome, Found)
    labels = context.manifest.label_codes.tolist()
    position = {one: row for row, one in enumerate(context.manifest.sample_ids.to_pylist())}
    for row in outcome.issues.to_pylist():
        labels[position[row["sample_id"]]] = context.manifest.classes.index(row["note"])
    return dict(outcome.findings[0].evidence["repair"]), labels


@pytest.mark.parametrize(("start", "roll"), [(0, 1), (123, 1), (700, 1), (300, -1), (250, 3)])
def test_labels_shifted_from_a_row_on_are_found_and_put_back(start: int, roll: int) -> None:
    true = truth()
    given = np.r_[true[:start], np.roll(true[start:], roll)]
    repair, labels = repaired(probed(given, embeddings=embed(true, separation=9.0)))
    assert repair["cause"] == "shift"
    assert labels == true.tolist()
    segments = repair["segments"]
    assert isinstance(segments, list)
    assert segments[-1]["offset"] == roll


def test_the_message_names_the_row_and_the_shift() -> None:
    true = truth()
    given = np.r_[true[:123], np.roll(true[123:], 1)]
    outcome = LabelsCarryNoSignal().check(probed(given, embeddings=embed(true, separation=9.0)))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(LabelsCarryNoSignal)
    assert finding.severity.label == "error"
    assert finding.n_affected == int((given != true).sum())


def test_exchanged_blocks_are_put_back() -> None:
    true = truth()
    given = np.r_[true[:200], true[400:600], true[200:400], true[600:]]
    repair, labels = repaired(probed(given, embeddings=embed(true, separation=9.0)))
    assert repair["cause"] == "swapped-block"
    assert labels == true.tolist()


def test_a_reversed_block_is_put_back() -> None:
    true = truth()
    given = np.r_[true[:200], true[200:500][::-1], true[500:]]
    repair, labels = repaired(probed(given, embeddings=embed(true, separation=9.0)))
    assert labels == true.tolist()
    assert [one["mirrored"] for one in repair["segments"]] == [False, True, False]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("start", "end", "roll"), [(100, 400, 1), (300, 700, -2), (0, 250, 7)])
def test_a_shifted_window_is_put_back(start: int, end: int, roll: int) -> None:
    true = truth()
    given = np.r_[true[:start], np.roll(true[start:end], roll), true[end:]]
    _, labels = repaired(probed(given, embeddings=embed(true, separation=9.0)))
    assert labels == true.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_what_is_certain_after_the_repair_is_right(seed: int) -> None:
    true, start = truth(seed=seed), 200 + 40 * seed
    given = np.r_[true[:start], np.roll(true[start:], 1)]
    outcome = LabelsCarryNoSignal().check(probed(given, embeddings=embed(true, separation=2.5, seed=seed)))
    assert isinstance(outcome, Found)
    unsure = [row for row in outcome.issues.to_pylist() if 0.05 < row["suspicion"] < 0.95]
    sure = [row for row in outcome.issues.to_pylist() if row["suspicion"] >= 0.95]
    assert len(unsure) <= 12
    wrong = [row for row in sure if row["note"] != ["cat", "dog", "fox", "owl"][true[int(row["sample_id"][1:])]]]
    assert wrong == []
    (found,) = outcome.findings[0].evidence["repair"]["change_points"]
    low, high = found["between_rows"]
    assert low <= found["row"] <= high
    # The break is inside what is stated, or leaves the same labels as a row that is.
    nearest = int(np.clip(start, low, high))
    assert len(set(given[min(nearest, start) : max(nearest, start) + 1].tolist())) == 1


def test_a_label_that_is_doubled_where_the_last_one_is_lost_leaves_the_last_sample_unsure() -> None:
    true = truth()
    true[-1], true[399] = 1, 2
    given = np.r_[true[:400], true[399:-1]]
    outcome = LabelsCarryNoSignal().check(probed(given, embeddings=embed(true, separation=9.0)))
    assert isinstance(outcome, Found)
    last = [row for row in outcome.issues.to_pylist() if row["sample_id"] == "s00799"]
    assert last[0]["suspicion"] < 0.05
    assert "may have another label" in outcome.findings[0].remedy


@pytest.mark.parametrize("start", [317, 500])
def test_a_missing_number_among_the_names_says_which_row_it_was(start: int) -> None:
    true = truth(seed=3)
    given = np.r_[true[:start], np.roll(true[start:], 1)]
    numbers = [number + (number >= start) for number in range(len(true))]
    context = probed(
        given,
        embeddings=embed(true, separation=2.0, seed=3),
        uris=[f"image{number:05d}.png" for number in numbers],
    )
    repair, labels = repaired(context)
    (found,) = repair["change_points"]  # type: ignore[misc]
    assert found["row"] == start
    assert found["probability"] > 0.9
    assert labels == true.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_among_labels_sorted_by_class_is_silent(seed: int) -> None:
    true = np.sort(truth(seed=seed))
    context = probed(np.r_[true[:50], np.roll(true[50:], 1)], embeddings=embed(true, separation=3.0, seed=seed))
    assert isinstance(LabelsCarryNoSignal().check(context), Passed)


def test_classes_whose_names_were_exchanged_throughout_cannot_be_seen() -> None:
    true = np.sort(truth())
    exchanged = np.array([1, 0, 2, 3])[true]
    assert isinstance(LabelsCarryNoSignal().check(probed(exchanged, embeddings=embed(true))), Passed)


def in_spaces_of_their_own(embeddings: NDArray[np.float32], fold: NDArray[np.int16]) -> NDArray[np.float32]:
    """The same embeddings as if each fold had a network of its own: turned and moved."""
    rng = np.random.default_rng(4)
    apart = np.empty_like(embeddings)
    for one in np.unique(fold):
        turn = np.linalg.qr(rng.normal(size=(embeddings.shape[1], embeddings.shape[1])))[0]
        apart[fold == one] = embeddings[fold == one] @ turn + rng.normal(size=turn.shape[0])
    return apart


@pytest.mark.parametrize("start", [100, 600])
def test_a_shift_is_put_back_where_each_fold_has_a_network_of_its_own(start: int) -> None:
    true = truth()
    fold = np.random.default_rng(1).integers(0, 3, len(true)).astype(np.int16)
    given = np.r_[true[:start], np.roll(true[start:], 1)]
    apart = in_spaces_of_their_own(embed(true, separation=9.0), fold)
    _, labels = repaired(probed(given, embeddings=apart, fold=fold))
    assert labels == true.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_network_for_each_fold_is_no_reason_to_claim_anything(seed: int) -> None:
    true = truth(seed=seed)
    fold = np.random.default_rng(seed).integers(0, 3, len(true)).astype(np.int16)
    apart = in_spaces_of_their_own(embed(true, seed=seed), fold)
    assert isinstance(LabelsCarryNoSignal().check(probed(true, embeddings=apart, fold=fold)), Passed)
    shuffled = np.random.default_rng(seed).permutation(true)
    outcome = LabelsCarryNoSignal().check(probed(shuffled, embeddings=apart, fold=fold))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["repair"] is None


def test_a_reversed_listing_is_put_back() -> None:
    true = truth()
    repair, labels = repaired(probed(true[::-1].copy(), embeddings=embed(true)))
    assert repair["cause"] == "reversed"
    assert labels == true.tolist()


@pytest.mark.parametrize("images_in_text_order", [True, False])
def test_text_order_against_number_order_is_put_back(images_in_text_order: bool) -> None:
    true = truth()
    uris = [f"image{number}.png" for number in range(len(true))]
    text = np.array(sorted(range(len(true)), key=lambda row: uris[row]))
    if images_in_text_order:
        given = np.empty_like(true)
        given[text] = true
    else:
        given = true[text]
    context = probed(given, embeddings=embed(true), uris=uris)
    repair, labels = repaired(context)
    assert repair["cause"] == "lexicographic-beside-natural"
    texts = ("text order (10 before 2)", "number order (2 before 10)")
    samples, others = texts if images_in_text_order else reversed(texts)
    message = LabelsCarryNoSignal().check(context).findings[0].message  # type: ignore[union-attr]
    assert f"the samples are in {samples}, their labels in {others}." in message
    assert labels == true.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_labels_carry_no_signal_and_no_repair_is_claimed(seed: int) -> None:
    true = truth(400, seed=seed)
    shuffled = np.random.default_rng(seed).permutation(true)
    uris = [f"image{number}.png" for number in range(len(true))]
    outcome = LabelsCarryNoSignal().check(probed(shuffled, embeddings=embed(true, seed=seed), uris=uris))
    assert isinstance(outcome, Found)
    assert "labels carry no signal" in outcome.findings[0].message
    assert outcome.findings[0].evidence["repair"] is None


@pytest.mark.parametrize("seed", range(20))
def test_a_clean_dataset_is_silent_in_any_order(seed: int) -> None:
    true = truth(400, seed=seed)
    if seed % 2:
        true = np.sort(true)
    uris = [f"image{number}.png" for number in range(len(true))]
    context = probed(true, embeddings=embed(true, separation=1.5 + seed % 3, seed=seed), uris=uris)
    assert isinstance(LabelsCarryNoSignal().check(context), Passed)


def test_without_embeddings_it_says_what_is_missing() -> None:
    outcome = LabelsCarryNoSignal().check(probed(truth()))
    assert isinstance(outcome, NotApplicable)
    assert "embeddings" in outcome.reason


def test_embeddings_that_the_labels_shaped_are_not_judged() -> None:
    """Such embeddings separate the classes as labelled, so even shuffled labels would seem to carry signal."""
    outcome = LabelsCarryNoSignal().check(probed(truth(), embeddings=embed(truth()), embeddings_label_free=False))
    assert isinstance(outcome, NotApplicable)
    assert "made without the labels" in outcome.reason


def targets(n: int = 600, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets from 20 to 75, and embeddings from which they can be predicted with an R² of about 0.8."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(20, 75, n).round(2)
    embeddings = rng.normal(size=(n, 12))
    embeddings[:, 0] += (values - 47) / 8
    return values, embeddings.astype(np.float32)


@pytest.mark.parametrize(("start", "roll"), [(0, 1), (100, 1), (450, -1)])
def test_numeric_targets_shifted_from_a_row_on_are_found(start: int, roll: int) -> None:
    values, embeddings = targets()
    given = np.r_[values[:start], np.roll(values[start:], roll)]
    outcome = LabelsCarryNoSignal().check(with_embeddings(Manifest.from_columns({"target": given}), embeddings))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    side = "before" if roll > 0 else "after"
    assert f"each sample has the label of the row {side} it" in finding.message
    repair = finding.evidence["repair"]
    assert repair["cause"] == "shift"
    assert abs(repair["segments"][-1]["from_row"] - start) <= 5
    sure = [row for row in outcome.issues.to_pylist() if row["suspicion"] >= 0.95]
    assert len(sure) > 0.9 * (600 - start)
    assert all(float(row["note"]) == pytest.approx(values[int(row["sample_id"])]) for row in sure)


@pytest.mark.parametrize("kind", ["as given", "sorted", "counts", "sentinels", "random walk"])
def test_right_numeric_targets_are_silent(kind: str) -> None:
    values, embeddings = targets(seed=3)
    rng = np.random.default_rng(5)
    if kind == "sorted":
        order = np.argsort(values)
        values, embeddings = values[order], embeddings[order]
    elif kind == "counts":
        values = np.floor(values / 10)
    elif kind == "sentinels":
        values[::50] = -999
    elif kind == "random walk":
        values = np.cumsum(rng.normal(size=len(values)))
        embeddings = (embeddings + np.cumsum(rng.normal(size=embeddings.shape), axis=0) * 0.05).astype(np.float32)
    outcome = LabelsCarryNoSignal().check(with_embeddings(Manifest.from_columns({"target": values}), embeddings))
    assert isinstance(outcome, Passed)


def test_a_target_that_cannot_be_predicted_is_left_to_dc601() -> None:
    values, embeddings = targets()
    shuffled = np.random.default_rng(1).permutation(values)
    outcome = LabelsCarryNoSignal().check(with_embeddings(Manifest.from_columns({"target": shuffled}), embeddings))
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason == "the target cannot be predicted from the samples, so that no shift would show"


def test_label_sets_shifted_from_a_row_on_are_put_back() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.random((800, 3)) < 0.5
    embeddings = (rng.normal(size=(800, 8)) + np.pad(6.0 * matrix, ((0, 0), (0, 5)))).astype(np.float32)
    sets = [[name for name, has in zip("abc", row, strict=True) if has] for row in matrix]
    right = with_embeddings(Manifest.from_columns({"labels": sets}), embeddings)
    assert isinstance(LabelsCarryNoSignal().check(right), Passed)
    given = [*sets[:300], sets[-1], *sets[300:-1]]
    outcome = LabelsCarryNoSignal().check(with_embeddings(Manifest.from_columns({"labels": given}), embeddings))
    assert isinstance(outcome, Found)
    notes = {int(row["sample_id"]): row["note"] for row in outcome.issues.to_pylist() if row["suspicion"] >= 0.95}
    assert len(notes) > 300
    assert all(note == ", ".join(sets[row]) for row, note in notes.items())
