"""Who reaches the review page, and what they may do."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.relabel.answers import Answers, accept
from datacheck.relabel.formats.links import Links
from datacheck.relabel.review import ReviewServer, ReviewSession, comparison_samples
from datacheck.relabel.selection import relabel_queue

from .conftest import CLASSES, make_probed


@pytest.fixture
def session(tmp_path: Path) -> ReviewSession:
    probed = make_probed(40)
    root = tmp_path / "set"
    root.mkdir()
    for number, name in enumerate(probed.probe.sample_ids):
        Image.new("RGB", (6, 4), (number, 0, 0)).save(root / name)
    Image.new("RGB", (6, 4)).save(root / "0000.png", "TIFF")
    (root / "0001.png").write_text("<svg onload=alert(1)>")
    (tmp_path / "secret.png").write_bytes((root / "0002.png").read_bytes())
    manifest = Manifest.from_columns(probed.manifest.table, classes=CLASSES, root=root)
    queue = relabel_queue(manifest, probed.probe, budget=10, identity="1f3a")
    return ReviewSession(queue, tmp_path / "answers.parquet", "ann", manifest, probed.probe)


@pytest.fixture
def server(session: ReviewSession) -> Iterator[ReviewServer]:
    assert session.manifest is not None
    uris = {name: name for name in session.manifest.sample_ids.to_pylist()} | {"escape": "../secret.png"}
    started = ReviewServer(session, Links(session.queue.root), uris)
    threading.Thread(target=started.serve_forever, daemon=True).start()
    yield started
    started.shutdown()
    started.server_close()


def ask(
    server: ReviewServer, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    sent = {"Cookie": f"{server.cookie}={server.token}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body if isinstance(body, bytes | None) else json.dumps(body), sent)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def test_only_the_link_opens_the_page(server: ReviewServer) -> None:
    for path in ("/", "/items", "/review.js", "/picture?id=0002.png", "/comparison?item=0"):
        assert ask(server, "GET", path, Cookie="")[0] == 403
        assert ask(server, "GET", path, Cookie=f"{server.cookie}=wrong")[0] == 403
        assert ask(server, "GET", path)[0] == 200
    status, headers, _ = ask(server, "GET", server.url.partition(str(server.server_port))[2], Cookie="")
    assert (status, headers["Location"]) == (303, "/")
    assert "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
    assert ask(server, "GET", "/?token=wrong", Cookie="")[0] == 403
    assert ask(server, "POST", "/undo", {}, Cookie="")[0] == 403


def test_no_page_elsewhere_reaches_it(server: ReviewServer, session: ReviewSession) -> None:
    answer = {"id": session.queue.sample_ids[0], "answer": "label", "label": "cat"}
    assert ask(server, "GET", "/", Host="evil.example")[0] == 421
    assert ask(server, "GET", "/", Host=f"evil.example:{server.server_port}")[0] == 421
    assert ask(server, "POST", "/answer", answer, Origin="http://evil.example")[0] == 403
    assert ask(server, "POST", "/answer", answer, Content_Type="text/plain")[0] == 415
    assert session.given_answers() == {}
    assert ask(server, "POST", "/answer", answer, Origin=f"http://localhost:{server.server_port}")[0] == 200
    assert session.given_answers() == {answer["id"]: ("label", "cat")}
    assert server.server_address[0] == "127.0.0.1"


def test_every_answer_is_checked(server: ReviewServer, session: ReviewSession) -> None:
    first = session.queue.sample_ids[0]
    for body, why in [
        ({"id": "../x", "answer": "label", "label": "cat"}, "is not in the queue"),
        ({"id": first, "answer": "label", "label": "<script>"}, "is not among the 3 classes"),
        ({"id": first, "answer": "label", "label": None}, "expected a class name"),
        ({"id": first, "answer": "maybe"}, "expected an answer"),
        ({}, "is not in the queue"),
    ]:
        status, _, data = ask(server, "POST", "/answer", body)
        assert status == 400
        assert why in json.loads(data)["error"]
    assert ask(server, "POST", "/answer", b"[1]")[0] == 400
    assert ask(server, "POST", "/answer", b"x" * 70_000)[0] == 413
    assert not session.path.exists()


@pytest.mark.parametrize("number", ["²", "٣", "-1", "9" * 40, "1e3", ""])
def test_numbers_that_are_no_numbers_are_refused(server: ReviewServer, number: str) -> None:
    assert ask(server, "GET", f"/comparison?item={quote(number)}")[0] == 400


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_browser_that_goes_away_leaves_no_traceback(
    server: ReviewServer, session: ReviewSession, capfd: pytest.CaptureFixture[str]
) -> None:
    cookie = f"Cookie: {server.cookie}={server.token}\r\n"
    head = f"Host: 127.0.0.1:{server.server_port}\r\n{cookie}"
    requests = [
        f"GET /items HTTP/1.1\r\n{head}\r\n" * 50,
        f"POST /answer HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{",
        "GET /items",
    ]
    for request in requests:
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no goodbye
            connection.sendall(request.encode())
    assert ask(server, "GET", "/items")[0] == 200
    server.shutdown()
    server.server_close()
    assert capfd.readouterr().err == ""
    assert session.given_answers() == {}


def test_pictures_are_the_datasets_and_nothing_else(server: ReviewServer) -> None:
    status, headers, data = ask(server, "GET", "/picture?id=0002.png")
    assert (status, headers["Content-Type"], data[:4]) == (200, "image/png", b"\x89PNG")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    status, headers, data = ask(server, "GET", "/picture?id=0000.png")
    assert (status, headers["Content-Type"], data[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    for name in ("0001.png", "escape", "..%2Fsecret.png", "%2Fetc%2Fpasswd", ""):
        assert ask(server, "GET", f"/picture?id={name}")[0] == 404
    assert ask(server, "GET", "/../../etc/passwd")[0] == 404


def test_answers_survive_the_process_and_others_stay(session: ReviewSession) -> None:
    first, second = session.queue.sample_ids[:2]
    row = {"answer_id": "csv:1", "sample_id": first, "annotator": "bob", "answer": "skip", "tool": "csv"}
    accept([row], session.queue)[0].save(session.path)
    session.answer(first, "label", "cat", seconds=1.5)
    session.answer(second, "ambiguous", None)
    session.answer(first, "label", "dog")
    again = ReviewSession(session.queue, session.path, "ann")
    assert again.given_answers() == {first: ("label", "dog"), second: ("ambiguous", None)}
    assert len(Answers.load(session.path)) == 3
    assert session.undo() == first
    assert session.given_answers()[first] == ("label", "cat")
    assert session.undo() == second
    assert session.undo() == first
    assert session.undo() is None
    assert Answers.load(session.path).table["annotator"].to_pylist() == ["bob"]


def test_undo_goes_on_after_a_restart(session: ReviewSession) -> None:
    first, second = session.queue.sample_ids[:2]
    times = iter(["2026-01-01T00:00:00", "2026-01-01T00:00:01"])
    session.clock = lambda: next(times)
    session.answer(second, "skip", None)
    session.answer(first, "skip", None)
    again = ReviewSession(session.queue, session.path, "ann")
    assert (again.undo(), again.undo(), again.undo()) == (first, second, None)


def test_answers_about_another_dataset_stay_untouched(session: ReviewSession) -> None:
    Answers.empty("beef").save(session.path)
    with pytest.raises(RelabelError, match="answers about another dataset"):
        ReviewSession(session.queue, session.path, "ann")


def test_neighbours_are_trusted_and_not_the_sample_itself() -> None:
    probed = make_probed(200)
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(200, 5)).astype(np.float32)
    embeddings[7] = np.nan
    probe = type(probed.probe)(**{**vars(probed.probe), "embeddings": embeddings})
    none = np.empty(0, np.int64)
    found = comparison_samples(3, 1, probed.manifest, probe, leave_out=none)
    assert (len(found.rows), found.how) == (4, "nearest")
    assert (probed.manifest.label_codes[found.rows] == 1).all()
    assert (probe.label_quality[found.rows] >= 0.5).all()
    near = embeddings[found.rows] @ embeddings[3] / np.linalg.norm(embeddings[found.rows], axis=1)
    assert (np.diff(near) <= 1e-5).all()
    without = comparison_samples(3, 1, probed.manifest, probe, leave_out=found.rows[:1])
    assert found.rows[0] not in without.rows
    assert comparison_samples(7, 1, probed.manifest, probe, leave_out=none).how == "typical"
