"""Hundreds of questions to a real Label Studio server and back, while the server dies and comes back."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.relabel.apply import Relabels
from datacheck.relabel.decisions import consensus
from datacheck.relabel.formats.links import Links
from datacheck.relabel.label_studio.project import find_project
from datacheck.relabel.label_studio.server import Server
from datacheck.relabel.label_studio.transfer import pull, push
from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.selection import relabel_queue
from tests.thorough import THOROUGH

from .conftest import CLASSES, Probed, make_probed
from .label_studio import TOKEN, LabelStudioServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

N = 1000 if THOROUGH else 150


@pytest.fixture(scope="module")
def pictures(live: LabelStudioServer) -> tuple[Probed, Manifest]:
    """Pictures below the server's document root, and what a probe said of them."""
    probed = make_probed(N)
    root = Path(live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]) / "set #1"
    root.mkdir()
    for name in probed.probe.sample_ids:
        Image.new("RGB", (8, 8), (int(name[:4]) % 256, 0, 0)).save(root / name)
    manifest = Manifest.from_columns(probed.manifest.table, classes=CLASSES, root=root)
    return probed, manifest


@pytest.fixture(scope="module")
def queue(pictures: tuple[Probed, Manifest]) -> RelabelQueue:
    probed, manifest = pictures
    return relabel_queue(manifest, probed.probe, budget=N, identity="1f3a", random_share=0.1)


def in_background(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def answer_all(live: LabelStudioServer, project: int, probed: Probed) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Three people go through the sorted tab: ann and bob answer all, cid every third; some skips and no class."""
    people = {name: live.sign_up(f"{name}@example.org") for name in ("ann", "bob", "cid")}
    view = live.ask(TOKEN, "GET", f"/api/dm/views/?project={project}")[0]["id"]
    tasks = live.ask(TOKEN, "GET", f"/api/tasks/?view={view}&page_size={2 * N}&fields=task_only")["tasks"]
    said: dict[tuple[str, str], tuple[str, str | None]] = {}
    for place, task in enumerate(tasks):
        sample_id = task["data"]["datacheck_id"]
        for name, token in people.items():
            if name == "cid" and place % 3:
                continue
            answer: tuple[str, str | None] = ("label", CLASSES[probed.truth[int(sample_id[:4])]])
            if place % 17 == 5 and name == "ann":
                answer = ("skip", None)
            elif place % 97 == 11:
                answer = ("none-of-these", None)
            control, word = ("label", answer[1]) if answer[0] == "label" else ("no_class", "none of these")
            value = {"choices": [word]}
            result = [{"from_name": control, "to_name": "image", "type": "choices", "value": value}]
            skipped = answer[0] == "skip"
            body = {"result": [] if skipped else result, "was_cancelled": skipped, "lead_time": 1.25}
            live.ask(token, "POST", f"/api/tasks/{task['id']}/annotations/", body)
            said[f"{name}@example.org", sample_id] = answer
    return said


def test_hundreds_of_questions_there_and_back(
    live: LabelStudioServer, pictures: tuple[Probed, Manifest], queue: RelabelQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    probed, manifest = pictures
    links = Links(manifest.root)
    started = time.monotonic()

    # The server dies in the middle of a batch and stays away: the push says so.
    killer: list[threading.Thread] = []

    def kill_soon(done: int, _: int) -> None:
        if done >= N // 5 and not killer:
            killer.append(in_background(lambda: (time.sleep(0.05), live.kill())))

    with pytest.raises(RelabelError, match="does not answer"):
        push(queue, Server(live.url, TOKEN, attempts=2, wait=0.1), links, progress=kill_soon)
    killer[0].join()
    live.start()

    # It dies again, and is back while the push is waiting for it: the push goes on.
    server = Server(live.url, TOKEN, attempts=10, wait=1.0)
    project = find_project(server, queue)
    assert project is not None
    restarts: list[threading.Thread] = []

    def kill_and_restart(done: int, _: int) -> None:
        if done >= 3 * N // 5 and not restarts:
            restarts.append(in_background(lambda: (time.sleep(0.05), live.kill(), live.start())))

    resumed = push(queue, server, links, progress=kill_and_restart, answers_per_task=3)
    restarts[0].join()
    assert resumed.project == project
    assert resumed.tasks == N
    again = push(queue, server, links)
    assert (again.new, again.project) == (0, project)
    pushed_in = time.monotonic() - started

    tasks = live.ask(TOKEN, "GET", f"/api/tasks/?project={project}&page_size={2 * N}&fields=task_only")["tasks"]
    assert sorted(task["data"]["datacheck_id"] for task in tasks) == sorted(queue.sample_ids)
    view = live.ask(TOKEN, "GET", f"/api/dm/views/?project={project}")[0]["id"]
    sorted_tasks = live.ask(TOKEN, "GET", f"/api/tasks/?view={view}&page_size={2 * N}&fields=task_only")["tasks"]
    assert [task["data"]["datacheck_id"] for task in sorted_tasks] == queue.sample_ids
    following = live.ask(TOKEN, "POST", f"/api/dm/actions/?id=next_task&project={project}&tabID={view}")
    assert following["data"]["datacheck_id"] == queue.sample_ids[0]

    said = answer_all(live, project, probed)

    # It dies in the middle of a pull: nothing is taken, and pulling again takes everything.
    impatient = Server(live.url, TOKEN, attempts=1)
    killing = in_background(lambda: (time.sleep(0.15), live.kill()))
    with pytest.raises(RelabelError, match=r"does not answer|cut short|is cut"):
        all(pull(queue, impatient) for _ in range(50))
    killing.join()
    live.start()
    started = time.monotonic()
    answers, refusals = pull(queue, server)
    pulled_in = time.monotonic() - started
    assert refusals == []
    rows = answers.table.to_pylist()
    found = {(row["annotator"], row["sample_id"]): (row["answer"], row["label"]) for row in rows}
    assert len(found) == len(rows)
    assert found == said
    assert answers.merge(pull(queue, server)[0]).table.equals(answers.table)

    decided = consensus(answers, queue, probed.probe)
    relabels = Relabels.from_consensus(decided, queue)
    corrected = relabels.apply(manifest)
    settled = np.array([decision == "label" for decision in corrected.table["relabel_decision"].to_pylist()])
    wrong_before, wrong_after = manifest.label_codes != probed.truth, corrected.label_codes != probed.truth
    assert not wrong_after[settled].any()
    assert (wrong_after == wrong_before)[~settled].all()
    with capsys.disabled():
        print(
            f"\nlabel studio: {N} tasks pushed in {pushed_in:.0f} s over 2 kills, {len(said)} answers of 3 people "
            f"pulled in {pulled_in:.1f} s; wrong labels {wrong_before.sum()} -> {wrong_after.sum()}"
        )


def test_pictures_are_served(live: LabelStudioServer, pictures: tuple[Probed, Manifest], queue: RelabelQueue) -> None:
    import urllib.parse
    import urllib.request

    _, manifest = pictures
    pushed = push(queue, Server(live.url, TOKEN), Links(manifest.root))
    task = live.ask(TOKEN, "GET", f"/api/tasks/?project={pushed.project}&page_size=1&fields=task_only")["tasks"][0]
    assert manifest.root is not None
    request = urllib.request.Request(live.url + task["data"]["image"], headers={"Authorization": f"Token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.read() == (manifest.root / task["data"]["datacheck_id"]).read_bytes()


def test_one_does_not_overwrite_another(live: LabelStudioServer, queue: RelabelQueue) -> None:
    small = queue.head(3)
    server = Server(live.url, TOKEN)
    with pytest.raises(RelabelError, match="no project of this queue: push it first"):
        pull(small, server)
    pushed = push(small, server, Links(small.root, "url", "https://images.example/"), title="x")
    assert pushed.new == 3
    assert pushed.project != find_project(server, queue)
    answers, refusals = pull(small, server)
    assert (len(answers), refusals) == (0, [])
    with pytest.raises(RelabelError, match=r"refuses the token \(401\)"):
        pull(small, Server(live.url, "0" * 40))
