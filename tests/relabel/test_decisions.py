"""Answers, consensus and the corrected manifest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.manifest.file_copies import safe_name
from datacheck.probing.storage import save_probe
from datacheck.relabel.annotators import majority
from datacheck.relabel.answers import Answers, AnswerType, accept
from datacheck.relabel.apply import Relabels
from datacheck.relabel.corrected_folder import CorrectedFolder
from datacheck.relabel.decisions import consensus
from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.selection import relabel_queue

from .conftest import CLASSES, Probed


def answer(
    sample_id: str, label: str | None, annotator: str = "ann", kind: str = "label", **more: Any
) -> dict[str, Any]:
    return {
        "answer_id": f"{annotator}:{sample_id}",
        "sample_id": sample_id,
        "annotator": annotator,
        "answer": kind,
        "label": label,
        "tool": "csv",
        **more,
    }


@pytest.fixture
def queue(probed: Probed) -> RelabelQueue:
    return relabel_queue(probed.manifest, probed.probe, budget=60, identity="d1")


def decide(queue: RelabelQueue, rows: list[dict[str, Any]], probed: Probed | None = None) -> Relabels:
    answers, refusals = accept(rows, queue)
    assert refusals == []
    decided = consensus(answers, queue, None if probed is None else probed.probe)
    return Relabels.from_consensus(decided, queue)


def test_hostile_rows_are_refused_one_by_one(queue: RelabelQueue) -> None:
    first = queue.sample_ids[0]
    rows = [
        answer(first, "cat"),
        answer("../../etc/passwd", "cat"),
        answer(first, "cta"),
        answer(first, "<script>alert(1)</script>"),
        answer(first, "cat", kind="maybe"),
        answer(first, "cat", kind="skip"),
        answer(first, None),
        {**answer(first, "cat"), "annotator": None},
        answer(first, ["cat"]),  # type: ignore[arg-type]
    ]
    answers, refusals = accept(rows, queue)
    assert len(answers) == 1
    reasons = {refusal.row: refusal.reason for refusal in refusals}
    assert set(reasons) == set(range(1, 9))
    assert reasons[1] == "the sample is not in the queue"
    assert reasons[2] == "label 'cta' is not among the 3 classes (did you mean 'cat'?)"
    assert "expected an answer among label, skip, none-of-these, ambiguous" in reasons[4]
    assert "expected no label with the answer skip" in reasons[5]
    assert reasons[7] == "expected text in 'annotator', found None"


def test_fetching_twice_changes_nothing(queue: RelabelQueue, tmp_path: Path) -> None:
    answers, _ = accept([answer(sample_id, "cat") for sample_id in queue.sample_ids[:5]], queue)
    assert answers.merge(answers).table.equals(answers.table)
    answers.save(tmp_path / "answers.parquet")
    assert Answers.load(tmp_path / "answers.parquet").table.equals(answers.table)
    with pytest.raises(RelabelError, match="belong to another queue"):
        answers.merge(Answers.empty("d2"))


def test_a_vote_never_breaks_a_tie_by_chance() -> None:
    cat, dog = {"answer": "label", "label": "cat"}, {"answer": "label", "label": "dog"}
    assert majority([cat, dog]) == ("disputed", None, 0.5)
    assert majority([cat, cat, dog])[:2] == ("label", "cat")
    assert majority([{"answer": "ambiguous"}, {"answer": "ambiguous"}, cat])[:2] == ("ambiguous", None)
    assert majority([{"answer": "skip"}])[0] == "skip"


def test_single_annotator_decides_and_the_log_says_so(queue: RelabelQueue, probed: Probed) -> None:
    item = next(row for row in queue.rows() if row["given"] == "cat")
    relabels = decide(queue, [answer(item["sample_id"], "dog", answered_at="2026-01-02T03:04:05+00:00")])
    (change,) = relabels.changes
    assert (change["old"], change["new"], change["annotators"]) == ("cat", "dog", ["ann"])
    assert change["answered_at"] == "2026-01-02T03:04:05+00:00"
    manifest = relabels.apply(probed.manifest)
    row = int(item["sample_id"][:4])
    assert manifest.table["label"][row].as_py() == "dog"
    assert manifest.table["old_label"][row].as_py() == "cat"
    assert manifest.table["old_label"].null_count == len(manifest) - 1
    assert probed.manifest.table["label"][row].as_py() == "cat"


def test_answers_that_are_no_class_are_kept_as_such(queue: RelabelQueue, probed: Probed) -> None:
    one, two, three = queue.sample_ids[:3]
    relabels = decide(
        queue,
        [
            answer(one, None, kind="skip"),
            answer(two, None, kind="none-of-these"),
            answer(three, None, kind="ambiguous"),
        ],
    )
    assert relabels.changes == []
    manifest = relabels.apply(probed.manifest)
    decisions = dict(zip(manifest.sample_ids.to_pylist(), manifest.table["relabel_decision"].to_pylist(), strict=True))
    assert (decisions[one], decisions[two], decisions[three]) == ("skip", "none-of-these", "ambiguous")
    assert manifest.table["label"].equals(probed.manifest.table["label"])


def test_crowdlab_overrules_a_bad_annotator(queue: RelabelQueue, probed: Probed) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for sample_id in queue.sample_ids:
        true = CLASSES[probed.truth[int(sample_id[:4])]]
        rows += [answer(sample_id, true, "ann"), answer(sample_id, true, "bob")]
        rows.append(answer(sample_id, CLASSES[rng.integers(3)], "mallory"))
    answers, _ = accept(rows, queue)
    decided = consensus(answers, queue, probed.probe)
    assert decided.method == "CROWDLAB"
    new = {row["sample_id"]: row["new"] for row in decided.table.to_pylist()}
    right = np.mean([new[s] == CLASSES[probed.truth[int(s[:4])]] for s in queue.sample_ids])
    assert right >= 0.98
    assert decided.annotators["mallory"].quality < decided.annotators["ann"].quality
    assert decided.annotators["mallory"].agreement < 0.6 < decided.annotators["ann"].agreement


def test_several_annotators_need_neither_cleanlab_nor_torch(
    queue: RelabelQueue, probed: Probed, tmp_path: Path
) -> None:
    """A majority of our own: in a process without them, two agree and a tie is disputed."""
    queue.save(tmp_path / "queue.parquet")
    first, second = queue.sample_ids[:2]
    rows = [answer(first, "cat", "ann"), answer(first, "cat", "bob"), answer(second, "cat", "ann")]
    accept([*rows, answer(second, "dog", "bob")], queue)[0].save(tmp_path / "answers.parquet")
    save_probe(probed.probe, tmp_path)
    code = (
        "import sys; sys.modules['cleanlab'] = None\n"
        "from pathlib import Path\n"
        "from datacheck.probing.storage import load_probe\n"
        "from datacheck.relabel import Answers, RelabelQueue, consensus\n"
        f"place = Path({str(tmp_path)!r})\n"
        "answers, queue = Answers.load(place / 'answers.parquet'), RelabelQueue.load(place / 'queue.parquet')\n"
        "found = consensus(answers, queue, load_probe(place))\n"
        "print(found.method, [row['decision'] for row in found.table.to_pylist()], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "majority vote ['label', 'disputed'] False\n"


def test_gold_and_random_items_measure(probed: Probed) -> None:
    gold = {"0003.png": "cat"}
    queue = relabel_queue(probed.manifest, probed.probe, budget=100, random_share=0.3, gold=gold)
    rows = [answer(s, CLASSES[probed.truth[int(s[:4])]]) for s in queue.sample_ids if s != "0003.png"]
    answers, _ = accept([*rows, answer("0003.png", "dog")], queue)
    decided = consensus(answers, queue)
    quality = decided.annotators["ann"]
    assert (quality.gold_right, quality.gold_asked) == (0, 1)
    wrong, asked = decided.random_error_rate
    drawn = [int(row["sample_id"][:4]) for row in queue.rows() if row["kind"] == "random"]
    assert (wrong, asked) == (int(probed.wrong[drawn].sum()), len(drawn))
    assert len(drawn) >= 29


def test_copies_are_settled_by_one_answer(probed: Probed) -> None:
    from types import SimpleNamespace

    exact = np.full(len(probed.manifest), -1, dtype=np.int64)
    rows = np.flatnonzero(probed.wrong & (probed.manifest.label_codes == 0))[:3]
    exact[rows] = 1
    queue = relabel_queue(probed.manifest, probed.probe, budget=50, duplicates=SimpleNamespace(exact=exact))  # type: ignore[arg-type]
    item = next(row for row in queue.rows() if row["copies"])
    manifest = decide(queue, [answer(item["sample_id"], "dog")]).apply(probed.manifest)
    assert [manifest.table["label"][int(row)].as_py() for row in rows] == ["dog"] * 3


def test_nothing_is_applied_to_another_dataset(queue: RelabelQueue, probed: Probed) -> None:
    relabels = decide(queue, [answer(s, "dog") for s in queue.sample_ids])
    with pytest.raises(RelabelError, match="belong to another dataset"):
        relabels.apply(probed.manifest.take(np.arange(5)))
    label = probed.manifest.table["label"].to_pylist()
    row = int(next(r["sample_id"] for r in queue.rows() if r["given"] == "cat")[:4])
    label[row] = "bird"
    with pytest.raises(RelabelError, match="in the manifest 'bird'"):
        relabels.apply(probed.manifest.with_column("label", label))


def test_round_trip_and_applying_twice(queue: RelabelQueue, probed: Probed, tmp_path: Path) -> None:
    relabels = decide(queue, [answer(s, CLASSES[probed.truth[int(s[:4])]]) for s in queue.sample_ids])
    relabels.save(tmp_path / "relabels.parquet")
    loaded = Relabels.load(tmp_path / "relabels.parquet")
    assert loaded.table.equals(relabels.table)
    once = loaded.apply(probed.manifest)
    assert loaded.apply(once).table["label"].equals(once.table["label"])


def test_corrected_folder_by_links(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("cat/1.png", "dog/1.png", "dog/2.png"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (len(name), 0, 0)).save(source / name)
    manifest = Manifest.from_columns(
        {
            "uri": ["cat/1.png", "dog/1.png", "dog/2.png"],
            "label": ["dog", "dog", "dog"],
            "relabel_decision": ["label", None, "none-of-these"],
        },
        classes=["cat", "dog"],
        root=source,
    )
    assert CorrectedFolder.plan(manifest, tmp_path / "out").write() == 2
    files = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png"))
    assert files == ["dog/1-2.png", "dog/1.png"]
    assert (tmp_path / "out/dog/1.png").samefile(source / "cat/1.png")
    assert sorted(path.name for path in source.rglob("*.png")) == ["1.png", "1.png", "2.png"]
    with pytest.raises(RelabelError, match="new or empty folder"):
        CorrectedFolder.plan(manifest, tmp_path / "out")


def pictures(folder: Path, *names: str) -> Manifest:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(folder / name)
    return Manifest.from_columns({"uri": list(names), "label": ["a"] * len(names)}, root=folder)


def test_a_corrected_folder_checks_all_sources_first(tmp_path: Path) -> None:
    manifest = pictures(tmp_path / "source", "1.png", "2.png", "3.png")
    (tmp_path / "source/3.png").unlink()
    with pytest.raises(RelabelError, match=r"1 missing file below .*, such as '3.png': nothing was written"):
        CorrectedFolder.plan(manifest, tmp_path / "out")
    with pytest.raises(RelabelError, match="is inside the dataset"):
        CorrectedFolder.plan(manifest, tmp_path / "source" / "corrected")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RelabelError, match="expected a new or empty folder"):
        CorrectedFolder.plan(manifest, tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "source"]


def test_a_corrected_folder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    planned = CorrectedFolder.plan(pictures(tmp_path / "source", "1.png", "2.png"), tmp_path / "out", "copy")
    (tmp_path / "source/2.png").unlink()
    with pytest.raises(RelabelError, match="nothing is left of it"):
        planned.write()
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_corrected_folder_never_leaves_its_place(tmp_path: Path) -> None:
    manifest = Manifest.from_columns({"uri": ["../x.png"], "label": ["a"]}, root=tmp_path / "source")
    with pytest.raises(RelabelError, match="inside the root"):
        CorrectedFolder.plan(manifest, tmp_path / "out")
    assert safe_name("..") == "___"
    assert "/" not in safe_name("../../x")
    assert AnswerType("skip") is AnswerType.SKIP
