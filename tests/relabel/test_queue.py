"""The relabel queue: the right questions, in the right order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from datacheck.errors import RelabelError
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest
from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.review.session import ReviewSession
from datacheck.relabel.selection import BAND, error_probability, relabel_queue
from datacheck.stats import Interval

from .conftest import CLASSES, Probed


def codes(queue: RelabelQueue, column: str) -> list[int]:
    return [CLASSES.index(name) for name in queue.table[column].to_pylist()]


def test_it_asks_about_the_wrong_labels_first(probed: Probed) -> None:
    n_wrong = int(probed.wrong.sum())
    queue = relabel_queue(probed.manifest, probed.probe, budget=n_wrong)
    rows = [int(sample_id[:4]) for sample_id in queue.sample_ids]
    assert len(rows) == len(set(rows)) == n_wrong
    best_possible = n_wrong
    assert probed.wrong[rows].sum() >= 0.9 * best_possible
    assert queue.worth_depth == n_wrong
    assert queue.table["rank"].to_pylist() == list(range(n_wrong))


def test_suggestions_and_given_labels_are_the_manifests_and_the_probes(probed: Probed) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=40)
    rows = [int(sample_id[:4]) for sample_id in queue.sample_ids]
    assert codes(queue, "given") == probed.manifest.label_codes[rows].tolist()
    assert codes(queue, "suggested") == probed.probe.suggested[rows].tolist()
    assert probed.probe.pred_probs is not None
    expected = probed.probe.pred_probs[rows, probed.probe.suggested[rows]]
    np.testing.assert_allclose(queue.table["confidence"].to_numpy(), expected, rtol=1e-6)


def test_the_expected_precision_is_the_yields_at_that_depth(probed: Probed) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=40)
    assert probed.probe.label_yield is not None
    assert queue.expected_precision is not None
    assert queue.expected_precision.value == pytest.approx(probed.probe.label_yield.precision[39])
    assert queue.expected_precision.low == pytest.approx(probed.probe.label_yield.precision_low[39])


def test_one_pair_of_classes_after_another_within_a_band(probed: Probed) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=BAND)
    pairs = [tuple(sorted(pair)) for pair in zip(codes(queue, "given"), codes(queue, "suggested"), strict=True)]
    changes = sum(left != right for left, right in itertools.pairwise(pairs))
    assert changes == len(set(pairs)) - 1


def test_copies_are_one_item_and_add_up(probed: Probed) -> None:
    wrong = np.flatnonzero(probed.wrong)[:4]
    exact = np.full(len(probed.manifest), -1, dtype=np.int64)
    exact[wrong] = 7
    queue = relabel_queue(probed.manifest, probed.probe, budget=300, duplicates=SimpleNamespace(exact=exact))  # type: ignore[arg-type]
    members = {f"{row:04d}.png" for row in wrong}
    asked = [row for row in queue.rows() if row["sample_id"] in members]
    assert len(asked) == 1
    assert {asked[0]["sample_id"], *asked[0]["copies"]} == members
    assert asked[0]["rank"] < BAND
    assert asked[0]["expected_corrections"] > 3
    assert "applies to 3 identical copies too" in asked[0]["reason"]


def test_random_questions_are_mixed_in_and_are_not_suspects(probed: Probed) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=100, random_share=0.2, seed=3)
    kinds = queue.table["kind"].to_pylist()
    assert kinds.count("random") == 20
    assert kinds.count("suspect") == 80
    assert len(set(queue.sample_ids)) == 100
    again = relabel_queue(probed.manifest, probed.probe, budget=100, random_share=0.2, seed=3)
    assert again.table.equals(queue.table)


def test_gold_questions_come_on_top_and_keep_their_answer(probed: Probed) -> None:
    gold = {"0003.png": "cat", "0150.png": "dog"}
    queue = relabel_queue(probed.manifest, probed.probe, budget=50, gold=gold)
    found = {row["sample_id"]: row["gold"] for row in queue.rows() if row["kind"] == "gold"}
    assert found == gold
    assert 50 <= len(queue) <= 52
    assert all(row["gold"] is None for row in queue.rows() if row["kind"] != "gold")


def test_round_trip(probed: Probed, tmp_path: Path) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=30, identity="abc", random_share=0.1)
    queue.save(tmp_path / "queue.parquet")
    loaded = RelabelQueue.load(tmp_path / "queue.parquet")
    assert loaded.table.equals(queue.table)
    assert (loaded.classes, loaded.identity, loaded.expected_precision) == (CLASSES, "abc", queue.expected_precision)


def test_the_most_suspect_copy_stands_for_its_group(probed: Probed) -> None:
    """With copies that have different labels, the item shows the label that is most likely wrong."""
    wrong, right = np.flatnonzero(probed.wrong)[0], np.flatnonzero(~probed.wrong)[:3]
    exact = np.full(len(probed.manifest), -1, dtype=np.int64)
    exact[[wrong, *right]] = 7
    queue = relabel_queue(probed.manifest, probed.probe, budget=300, duplicates=SimpleNamespace(exact=exact))  # type: ignore[arg-type]
    (item,) = [row for row in queue.rows() if row["copies"]]
    assert item["sample_id"] == f"{wrong:04d}.png"
    assert sorted(item["copies"]) == [f"{row:04d}.png" for row in right]


def test_unusable_options_are_refused(probed: Probed) -> None:
    with pytest.raises(RelabelError, match="at least 1 sample, found 0"):
        relabel_queue(probed.manifest, probed.probe, budget=0)
    with pytest.raises(RelabelError, match="random_share"):
        relabel_queue(probed.manifest, probed.probe, random_share=1.5)
    with pytest.raises(RelabelError, match=r"1 samples are not in the manifest, such as 'nobody\.png'"):
        relabel_queue(probed.manifest, probed.probe, gold={"nobody.png": "cat"})
    with pytest.raises(RelabelError, match="needs labels"):
        relabel_queue(Manifest.from_columns({"uri": ["a"]}), probed.probe)


def test_error_probability_adds_up_to_the_estimated_errors() -> None:
    quality = np.linspace(0, 1, 100, dtype=np.float32)
    label_yield = LabelYield(
        estimated_errors=Interval(20.0, 15.0, 25.0),
        depth=np.array([10, 20, 50]),
        precision=np.array([1.0, 0.8, 0.36]),
        precision_low=np.zeros(3),
        precision_high=np.ones(3),
        recommended_depth=20,
    )
    chance = error_probability(quality, label_yield)
    assert chance.sum() == pytest.approx(20.0, abs=0.1)
    assert np.all(np.diff(chance) <= 1e-6)
    np.testing.assert_allclose(chance[:10], 1.0, atol=1e-6)
    np.testing.assert_allclose(chance[10:20], 0.6, atol=1e-6)


def test_an_inconclusive_yield_promises_no_precision_and_recommends_a_few(probed: Probed) -> None:
    found = probed.probe.label_yield
    assert found is not None
    n = found.n
    unknown = replace(found, estimated_errors=Interval(0.2 * n, 0.0, 0.4 * n, n=n))
    queue = relabel_queue(probed.manifest, replace(probed.probe, label_yield=unknown), budget=80, random_share=0.0)
    assert queue.expected_precision is None
    assert queue.worth_depth == 60
    known = relabel_queue(probed.manifest, probed.probe, budget=80, random_share=0.0)
    assert known.expected_precision is not None


def test_people_are_told_a_probability_only_where_it_is_one(probed: Probed, tmp_path: Path) -> None:
    """1 - label quality ranks the labels; told as a probability it would be far too high where the probe is weak."""
    for probe, told in ((probed.probe, True), (replace(probed.probe, label_yield=None), False)):
        queue = relabel_queue(probed.manifest, probe, budget=30)
        assert queue.calibrated is told
        assert all(("likely to be wrong" in row["reason"]) is told for row in queue.rows())
        assert ("likely wrong" in queue._repr_html_()) is told
        shown = ReviewSession(queue, tmp_path / "answers.parquet", "ann").overview()["items"]
        assert all((item["error_probability"] is not None) is told for item in shown)


def test_without_a_yield_the_quality_ranks() -> None:
    quality = np.array([0.9, np.nan, 0.1], dtype=np.float32)
    np.testing.assert_allclose(error_probability(quality, None), [0.1, np.nan, 0.9], rtol=1e-5)


def test_a_notebook_shows_the_first_questions_escaped(probed: Probed) -> None:
    html = relabel_queue(probed.manifest, probed.probe, budget=40)._repr_html_()
    assert "40 questions" in html
    assert "… and 28 more" in html
    assert html.count("<tr>") == 13
    queue = relabel_queue(probed.manifest, probed.probe, budget=3)
    shown = replace(queue, table=queue.table.set_column(3, "given", [["<b>x</b>"] * 3]))._repr_html_()
    assert "&lt;b&gt;x&lt;/b&gt; → " in shown
