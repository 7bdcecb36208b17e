"""The items of a queue that measure how many labels are wrong, and what their answers say of all labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from datacheck.errors import RelabelError
from datacheck.labels.look import Look
from datacheck.manifest import Manifest
from datacheck.relabel import Answers, RelabelQueue, Relabels, consensus, look_of, relabel_queue
from datacheck.relabel.look import draw_look

from .conftest import CLASSES, Probed, make_probed


def answered(queue: RelabelQueue, truth: dict[str, str], n: int | None = None, kind: str = "label") -> Answers:
    rows = [
        {"answer_id": name, "sample_id": name, "annotator": "ann", "answer": kind, "tool": "review",
         "label": truth[name] if kind == "label" else None}
        for name in queue.sample_ids[:n]
    ]  # fmt: skip
    return Answers.from_rows(rows, queue.identity)


def counted(answers: Answers, queue: RelabelQueue) -> Look | None:
    return look_of(Relabels.from_consensus(consensus(answers, queue), queue), queue)


def truth_of(probed: Probed) -> dict[str, str]:
    return {name: CLASSES[code] for name, code in zip(probed.probe.sample_ids.tolist(), probed.truth, strict=True)}


def test_the_sample_comes_first_with_its_chances(probed: Probed, tmp_path: Path) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=100, look=40, seed=1)
    kinds = queue.table["kind"].to_pylist()
    assert kinds == ["look"] * 40 + ["suspect"] * 60
    assert len(set(queue.sample_ids)) == 100
    assert sum(queue.strata) == len(probed.manifest)
    looks = queue.rows()[:40]
    in_first = [row["suspicion_rank"] < queue.strata[0] for row in looks]
    chances = np.array([row["inclusion_probability"] for row in looks])
    drawn = np.array([sum(in_first), 40 - sum(in_first)])
    np.testing.assert_allclose(chances, np.where(in_first, drawn[0] / queue.strata[0], drawn[1] / queue.strata[1]))
    assert (1 / chances).sum() == pytest.approx(len(probed.manifest))
    assert looks[0]["reason"] == "Part of a quality check: label it like any other sample."
    queue.save(tmp_path / "queue.parquet")
    loaded = RelabelQueue.load(tmp_path / "queue.parquet")
    assert loaded.strata == queue.strata
    assert loaded.table.equals(queue.table)


def test_each_label_is_drawn_as_often_as_its_chance_says() -> None:
    quality = np.linspace(0, 1, 50)
    quality[7] = np.nan
    drawn = [draw_look(quality, (1 - quality) ** 4, 10, np.random.default_rng(seed)) for seed in range(800)]
    times = np.bincount(np.concatenate([one.rows for one in drawn]), minlength=50)
    chance = np.nan_to_num(drawn[0].inclusion)
    assert times[7] == 0
    np.testing.assert_allclose(times / 800, chance, atol=4.5 * np.sqrt(0.25 / 800))


def test_answers_become_a_count_that_covers_the_truth(probed: Probed) -> None:
    truth = truth_of(probed)
    queue = relabel_queue(probed.manifest, probed.probe, budget=60, look=60)
    look = counted(answered(queue, truth), queue)
    assert look is not None
    assert look.looked_at == 60
    assert look.wrong == sum(truth[row["sample_id"]] != row["given"] for row in queue.rows())
    assert look.count.low <= probed.wrong.sum() <= look.count.high
    assert look.count.high - look.count.low < 0.25 * len(probed.manifest)


def test_every_answered_suspect_narrows_the_interval(probed: Probed) -> None:
    truth = truth_of(probed)
    queue = relabel_queue(probed.manifest, probed.probe, budget=200, look=60)
    widths = []
    for n in (60, 120, 200):
        look = counted(answered(queue, truth, n), queue)
        assert look is not None
        assert look.size == len(probed.manifest)
        assert look.count.low <= probed.wrong.sum() <= look.count.high
        widths.append(look.count.high - look.count.low)
    assert widths[0] > widths[1] > widths[2]


def test_everything_answered_is_no_estimate_any_more() -> None:
    probed = make_probed(n=80)
    queue = relabel_queue(probed.manifest, probed.probe, budget=80, look=30)
    look = counted(answered(queue, truth_of(probed)), queue)
    assert look is not None
    n_wrong = int(probed.wrong.sum())
    assert (look.count.low, look.count.value, look.count.high) == (n_wrong, n_wrong, n_wrong)


@pytest.mark.parametrize(
    ("kind", "wrong", "unknown"), [("none-of-these", 30, 0), ("ambiguous", 0, 30), ("skip", 0, 30)]
)
def test_answers_without_a_label(probed: Probed, kind: str, wrong: int, unknown: int) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=30, look=30)
    look = counted(answered(queue, {}, kind=kind), queue)
    assert look is not None
    assert (look.wrong, look.unknown) == (wrong, unknown)


def test_copies_are_asked_about_once(probed: Probed) -> None:
    exact = np.repeat(np.arange(100), 3)
    duplicates = type("Clusters", (), {"exact": exact})()
    queue = relabel_queue(probed.manifest, probed.probe, budget=150, look=50, duplicates=duplicates)
    named = [*queue.sample_ids, *(copy for row in queue.rows() for copy in row["copies"])]
    assert len(named) == len(set(named))


def test_a_queue_without_a_look_counts_nothing(probed: Probed) -> None:
    queue = relabel_queue(probed.manifest, probed.probe, budget=30)
    assert counted(answered(queue, truth_of(probed)), queue) is None


def test_a_probe_that_is_too_weak_still_allows_a_look(probed: Probed) -> None:
    blind = replace(probed.probe, pred_probs=np.full_like(probed.probe.pred_probs, 1 / 3))
    with pytest.raises(RelabelError, match="--look 60"):
        relabel_queue(probed.manifest, blind)
    queue = relabel_queue(probed.manifest, blind, look=40)
    assert queue.table["kind"].to_pylist() == ["look"] * 40


def test_gold_samples_do_not_displace_a_look(probed: Probed) -> None:
    names = probed.probe.sample_ids.tolist()
    queue = relabel_queue(probed.manifest, probed.probe, budget=50, look=50, gold=dict.fromkeys(names[:60], "cat"))
    kinds = queue.table["kind"].to_pylist()
    assert kinds.count("look") == 50
    assert len(set(queue.sample_ids)) == len(kinds)


def test_targets_are_not_counted() -> None:
    manifest = Manifest.from_columns({"target": np.linspace(0, 1, 40)})
    probe = replace(
        make_probed(40).probe, task=manifest.task, predictions=np.linspace(0, 1, 40, dtype=np.float32), pred_probs=None
    )
    with pytest.raises(RelabelError, match="counted for classes, this manifest is regression"):
        relabel_queue(manifest, probe, look=30)


def test_a_queue_of_the_first_version_is_read(probed: Probed, tmp_path: Path) -> None:
    from datacheck.storage import read_table, write_table

    path = tmp_path / "queue.parquet"
    queue = relabel_queue(probed.manifest, probed.probe, budget=30)
    queue.save(path)
    table, metadata = read_table(path, what="a queue")
    del metadata["strata"]
    write_table(
        path, table.drop_columns(["suspicion_rank", "inclusion_probability", "copy_ranks"]), {**metadata, "version": 1}
    )
    loaded = RelabelQueue.load(path)
    assert loaded.strata == ()
    assert loaded.table["suspicion_rank"].null_count == 30
    assert loaded.table["rank"].to_pylist() == list(range(30))
    assert isinstance(loaded.table, pa.Table)
