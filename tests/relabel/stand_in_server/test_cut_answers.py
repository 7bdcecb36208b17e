"""Answers of a Label Studio server that are cut short, are no listing, or never come."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from datacheck.errors import RelabelError
from datacheck.relabel.label_studio.server import Server, UnreachableError
from datacheck.relabel.label_studio.transfer import pull, push
from datacheck.relabel.queue import RelabelQueue

from .server import LINKS, REFRESH, Handler, StandIn, once, patient


def cut_to(handler: Handler, status: int, answer: Any, kept: int) -> None:
    """Send the beginning of an answer whose header promises more."""
    handler.reply(status, answer, cut=len(json.dumps(answer)) - kept)
    handler.close_connection = True


@pytest.mark.parametrize("kept", [0, 1, 9])
@pytest.mark.parametrize("listing", ["/api/projects/", "/api/tasks/"])
def test_a_listing_that_is_cut_short_is_no_empty_listing(
    stand_in: StandIn, queue: RelabelQueue, listing: str, kept: int
) -> None:
    """Taken for empty, it would make a second project, or push every task again."""
    push(queue, patient(stand_in), LINKS)
    answer = {"count": 1, "results": stand_in.projects, "tasks": stand_in.tasks}
    stand_in.mischief = once(listing.rstrip("/"), True, lambda handler: cut_to(handler, 200, answer, kept))
    assert push(queue, patient(stand_in), LINKS).new == 0
    assert (len(stand_in.projects), len(stand_in.tasks)) == (1, 450)


@pytest.mark.parametrize("kept", [0, 5])
def test_a_made_project_whose_answer_is_cut_short_is_found_again(
    stand_in: StandIn, queue: RelabelQueue, kept: int
) -> None:
    left = [1]

    def cut(handler: Handler, path: str, done: bool) -> bool:
        if left and done and handler.command == "POST" and path == "/api/projects/":
            left.clear()
            cut_to(handler, 201, stand_in.projects[-1], kept)
            return True
        return False

    stand_in.mischief = cut
    assert push(queue, patient(stand_in), LINKS).project == 1
    assert len(stand_in.projects) == 1


@pytest.mark.parametrize("answer", [None, {}, {"results": 5}, "text", 3])
def test_what_is_no_listing_is_refused(stand_in: StandIn, queue: RelabelQueue, answer: Any) -> None:
    def other(handler: Handler, path: str, done: bool) -> bool:
        if path == "/api/projects/" and handler.command == "GET":
            handler.reply(200, answer)
            return True
        return False

    stand_in.mischief = other
    with pytest.raises(RelabelError, match="expected a listing"):
        push(queue, patient(stand_in), LINKS)
    assert stand_in.projects == []


def test_a_listing_that_ends_early_is_not_taken_for_whole(stand_in: StandIn, queue: RelabelQueue) -> None:
    push(queue, patient(stand_in), LINKS)

    def short(handler: Handler, path: str, done: bool) -> bool:
        if path == "/api/tasks/" and handler.command == "GET":
            handler.reply(200, {"total": 450, "tasks": []})
            return True
        return False

    stand_in.mischief = short
    with pytest.raises(RelabelError, match="a listing ended after 0 of 450 entries"):
        push(queue, patient(stand_in), LINKS)
    assert len(stand_in.tasks) == 450


def test_a_servers_words_cannot_control_a_terminal(stand_in: StandIn, queue: RelabelQueue) -> None:
    escape = "\x1b]0;owned\x07\x1b[31m"

    def refuse(handler: Handler, path: str, done: bool) -> bool:
        handler.send_response(400, escape)
        data = escape.encode()
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
        return True

    stand_in.mischief = refuse
    with pytest.raises(RelabelError) as refused:
        pull(queue, patient(stand_in))
    assert all(letter.isprintable() for letter in str(refused.value)), repr(str(refused.value))


def test_a_server_that_accepts_and_never_answers_is_reported_at_once() -> None:
    """Each attempt ends after the time limit of a sign of life, and says so before the next."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        said: list[str] = []
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        server = Server(url, "legacy", timeout=0.05, attempts=3, wait=0.01, notify=said.append)
        with pytest.raises(UnreachableError, match=r"does not answer.*3 attempts\)"):
            server.check_alive()
    assert [line.rpartition("; ")[2] for line in said] == ["attempt 2 of 3 in 0.01 s", "attempt 3 of 3 in 0.02 s"]


def test_a_token_answer_that_is_no_json_is_an_error_of_ours(stand_in: StandIn, queue: RelabelQueue) -> None:
    def page(handler: Handler, path: str, done: bool) -> bool:
        if path == "/api/token/refresh":
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(b"<html>")
            return True
        return False

    stand_in.mischief = page
    with pytest.raises(RelabelError, match="is this address a Label Studio server"):
        pull(queue, patient(stand_in, REFRESH))
