import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules.base import RuleContext
from datacheck.rules.dc108_labels_carry_no_signal import LabelsCarryNoSignal

from .probe_tables import embed, probed, truth


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
def test_labels_that_slipped_from_a_row_on_are_found_and_put_back(start: int, roll: int) -> None:
    true = truth()
    given = np.r_[true[:start], np.roll(true[start:], roll)]
    repair, labels = repaired(probed(given, embeddings=embed(true, separation=9.0)))
    assert repair["kind"] == "shift"
    assert labels == true.tolist()
    segments = repair["segments"]
    assert isinstance(segments, list)
    assert segments[-1]["offset"] == roll


def test_the_message_names_the_row_and_the_slip() -> None:
    true = truth()
    given = np.r_[true[:123], np.roll(true[123:], 1)]
    outcome = LabelsCarryNoSignal().check(probed(given, embeddings=embed(true, separation=9.0)))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message.startswith("labels are off by one from row 12")
    assert finding.severity.label == "error"
    assert finding.n_affected == int((given != true).sum())


def test_exchanged_blocks_are_put_back() -> None:
    true = truth()
    given = np.r_[true[:200], true[400:600], true[200:400], true[600:]]
    repair, labels = repaired(probed(given, embeddings=embed(true, separation=9.0)))
    assert repair["kind"] == "shift"
    assert labels == true.tolist()


def test_a_reversed_listing_is_put_back() -> None:
    true = truth()
    repair, labels = repaired(probed(true[::-1].copy(), embeddings=embed(true)))
    assert repair["kind"] == "reversed"
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
    repair, labels = repaired(probed(given, embeddings=embed(true), uris=uris))
    assert str(repair["kind"]).endswith("order")
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
