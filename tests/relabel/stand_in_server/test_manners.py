"""How pushing and pulling behave when the network and the server do not: a small stand-in server that misbehaves."""

from __future__ import annotations

import threading

import pytest

from datacheck.errors import RelabelError
from datacheck.relabel.label_studio.project import queue_mark
from datacheck.relabel.label_studio.server import Server, UnreachableError
from datacheck.relabel.label_studio.transfer import pull, push
from datacheck.relabel.queue import RelabelQueue

from .server import LINKS, REFRESH, Handler, StandIn, hang_up, once, patient, sample_ids


def test_pushing_twice_adds_nothing_and_order_is_kept(stand_in: StandIn, queue: RelabelQueue) -> None:
    first = push(queue, patient(stand_in), LINKS)
    assert (first.new, first.tasks, first.url) == (450, 450, f"{stand_in.url}/projects/1/data")
    assert sample_ids(stand_in) == queue.sample_ids
    assert push(queue, patient(stand_in), LINKS).new == 0
    assert (len(stand_in.projects), len(stand_in.views), len(stand_in.tasks)) == (1, 1, 450)
    assert stand_in.views[0]["data"]["ordering"] == ["-tasks:predictions_score"]


def test_what_was_lost_is_pushed_and_nothing_else(stand_in: StandIn, queue: RelabelQueue) -> None:
    push(queue, patient(stand_in), LINKS)
    stand_in.tasks = stand_in.tasks[:100] + stand_in.tasks[130:]
    assert push(queue, patient(stand_in), LINKS).new == 30
    assert sorted(sample_ids(stand_in)) == sorted(queue.sample_ids)


@pytest.mark.parametrize("done", [False, True])
def test_a_batch_whose_answer_is_lost_is_never_doubled(stand_in: StandIn, queue: RelabelQueue, done: bool) -> None:
    stand_in.mischief = once("/import", done, hang_up)
    push(queue, patient(stand_in), LINKS)
    assert sample_ids(stand_in) == queue.sample_ids


@pytest.mark.parametrize("done", [False, True])
def test_a_project_whose_answer_is_lost_is_never_doubled(stand_in: StandIn, queue: RelabelQueue, done: bool) -> None:
    def lost(handler: Handler, path: str, when: bool) -> bool:
        if handler.command == "POST" and path == "/api/projects/" and when is done and lost_left:
            lost_left.clear()
            hang_up(handler)
            return True
        return False

    lost_left = [1]
    stand_in.mischief = lost
    push(queue, patient(stand_in), LINKS)
    assert len(stand_in.projects) == 1


def test_tasks_that_came_twice_are_removed_but_answered_ones_stay(stand_in: StandIn, queue: RelabelQueue) -> None:
    push(queue, patient(stand_in), LINKS)
    twice = [{**stand_in.tasks[0], "id": 901}, {**stand_in.tasks[1], "id": 902, "total_annotations": 1}]
    stand_in.tasks += twice
    push(queue, patient(stand_in), LINKS)
    assert sorted(sample_ids(stand_in)) == sorted(queue.sample_ids)
    assert 902 in {task["id"] for task in stand_in.tasks}
    assert 901 not in {task["id"] for task in stand_in.tasks}


def test_a_server_that_stays_away_is_said_with_what_is_there(stand_in: StandIn, queue: RelabelQueue) -> None:
    def full(handler: Handler, path: str, done: bool) -> bool:
        if "/import" in path and not done and len(stand_in.tasks) >= 200:
            handler.reply(503, None)
            return True
        return False

    stand_in.mischief = full
    with pytest.raises(RelabelError, match=r"503.*200 of 450 tasks are there; push again to continue"):
        push(queue, patient(stand_in), LINKS)
    stand_in.shutdown()
    stand_in.server_close()
    with pytest.raises(UnreachableError, match=r"does not answer.*3 attempts\): is the server running"):
        push(queue, patient(stand_in), LINKS)


def test_a_pull_that_breaks_off_is_tried_again_whole(stand_in: StandIn, queue: RelabelQueue) -> None:
    push(queue, patient(stand_in), LINKS)
    result = [{"from_name": "label", "value": {"choices": ["cat"]}}]
    annotation = {"id": 5, "completed_by": 1, "result": result, "was_cancelled": False}
    stand_in.tasks[0]["annotations"] = [annotation]
    stand_in.mischief = once("/export", True, lambda handler: handler.reply(200, stand_in.tasks, cut=100))
    answers, refusals = pull(queue, patient(stand_in))
    assert refusals == []
    assert answers.table.select(["answer_id", "sample_id", "annotator", "label"]).to_pylist() == [
        {
            "answer_id": "label-studio:1:5",
            "sample_id": queue.sample_ids[0],
            "annotator": "ann@example.org",
            "label": "cat",
        }
    ]


def test_no_other_address_is_asked(stand_in: StandIn, queue: RelabelQueue) -> None:
    other = StandIn()
    threading.Thread(target=other.serve_forever, daemon=True).start()

    def lead_on(handler: Handler, path: str, done: bool) -> bool:
        handler.reply(302, None, Location=f"{other.url}{path}")
        return True

    stand_in.mischief = lead_on
    with pytest.raises(RelabelError, match=r"redirects to .* no other is asked"):
        push(queue, patient(stand_in), LINKS)
    assert other.asked == []
    other.shutdown()
    other.server_close()


def test_personal_tokens_are_exchanged_and_renewed(stand_in: StandIn, queue: RelabelQueue) -> None:
    server = patient(stand_in, REFRESH)
    assert push(queue, server, LINKS).new == 450
    stand_in.tokens = {"Bearer another"}
    assert push(queue, server, LINKS).new == 0
    assert stand_in.asked.count("POST /api/token/refresh") == 2
    with pytest.raises(RelabelError, match=r"refuses the token \(401\)"):
        push(queue, patient(stand_in, "wrong"), LINKS)


def test_answers_that_are_no_label_studio_are_said(stand_in: StandIn, queue: RelabelQueue) -> None:
    def page(handler: Handler, path: str, done: bool) -> bool:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"<html>")
        return True

    stand_in.mischief = page
    with pytest.raises(RelabelError, match="expected JSON, found b'<html>': is this address a Label Studio server"):
        pull(queue, patient(stand_in))
    for url in ("localhost:8080", "file:///etc/passwd", "http://", "http://x/?q=1"):
        with pytest.raises(RelabelError, match="expected the address of a Label Studio server"):
            Server(url, "x")
    with pytest.raises(RelabelError, match="access token"):
        Server("http://x", "a\r\nHost: y")


def test_two_projects_of_one_queue_are_not_guessed_between(stand_in: StandIn, queue: RelabelQueue) -> None:
    stand_in.projects = [{"id": n, "description": f"<p>{queue_mark(queue)}</p>"} for n in (3, 4)]
    with pytest.raises(RelabelError, match=r"has 2 projects of this queue \(3, 4\): delete all but one"):
        pull(queue, patient(stand_in))
