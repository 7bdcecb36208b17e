"""The review page in a real browser, by keyboard."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datacheck.manifest import Manifest, Task
from datacheck.relabel.answers import Answers
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.review import ReviewServer, ReviewSession
from datacheck.relabel.selection import relabel_queue

from .conftest import CLASSES, make_probed
from .formats.conftest import CLASSES as FORMAT_CLASSES
from .formats.conftest import make_queue

pytestmark = pytest.mark.slow

N = 60


def draw(path: Path, kind: int, shade: int) -> None:
    picture = Image.new("RGB", (240, 180), (230, 230, 220))
    place = (70 + shade % 20, 40, 160, 130 + shade % 20)
    pen = ImageDraw.Draw(picture)
    [pen.ellipse, pen.rectangle, pen.rounded_rectangle][kind](place, fill=(40 + shade, 90, 160))
    picture.save(path)


@pytest.fixture
def session(tmp_path: Path) -> ReviewSession:
    probed = make_probed(N, error_rate=0.2)
    (tmp_path / "set").mkdir()
    for name, kind in zip(probed.probe.sample_ids, probed.truth, strict=True):
        draw(tmp_path / "set" / name, int(kind), int(name[:4]))
    manifest = Manifest.from_columns(probed.manifest.table, classes=CLASSES, root=tmp_path / "set")
    rng = np.random.default_rng(0)
    embeddings = np.eye(3, dtype=np.float32)[probed.truth] + rng.normal(0, 0.1, (N, 3)).astype(np.float32)
    probe = replace(probed.probe, embeddings=embeddings)
    queue = relabel_queue(manifest, probe, budget=N, identity="1f3a", random_share=0.1)
    return ReviewSession(queue, tmp_path / "answers.parquet", "ann", manifest, probe)


def serve(session: ReviewSession, queue: RelabelQueue) -> ReviewServer:
    assert session.manifest is not None
    names = session.manifest.sample_ids.to_pylist()
    server = ReviewServer(session, Links(queue.root), dict(zip(names, names, strict=True)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def server(session: ReviewSession) -> Iterator[ReviewServer]:
    started = serve(session, session.queue)
    yield started
    started.shutdown()
    started.server_close()


def until(page: Any, expression: str) -> None:
    """Wait until something holds; the page's content security policy lets nobody evaluate text inside it."""
    for _ in range(400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never came: {expression}")


class Page:
    """The open page, what it complained about, and where it looked."""

    def __init__(self, browser: Any, server: ReviewServer, width: int = 1280, scheme: str = "light") -> None:
        self.trouble: list[str] = []
        self.asked: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(server.url)
        self.page.wait_for_selector(".thumb img")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, expression: str) -> None:
        until(self.page, expression)

    def settle(self) -> None:
        self.until("pending === 0")


def test_thirty_samples_by_keyboard_with_a_reload_in_the_middle(
    browser: Any, server: ReviewServer, session: ReviewSession
) -> None:
    opened = Page(browser, server)
    items = session.queue.rows()
    expected: dict[str, tuple[str, str | None]] = {}
    keys = ["1", "2", "3", "Enter", "s", "n", "a", "g"]

    def label(number: int) -> None:
        item = items[number]
        key = keys[number % len(keys)]
        if key == "Enter" and (item["kind"] != "suspect"):
            key = "g"
        opened.press(key)
        kinds = {"s": "skip", "n": "none-of-these", "a": "ambiguous"}
        label = {"Enter": item["suggested"], "g": item["given"]}.get(key)
        if key.isdigit():
            label = CLASSES[int(key) - 1]
        expected[item["sample_id"]] = (kinds.get(key, "label"), label)

    for number in range(15):
        label(number)
    opened.settle()
    opened.page.reload()
    opened.page.wait_for_selector(".thumb img")
    assert "15 of 60 answered" in opened.page.inner_text("#progress")
    assert "Sample 16 of 60" in opened.page.inner_text("#place")
    for number in range(15, 30):
        label(number)
    opened.settle()
    assert session.given_answers() == expected
    assert Answers.load(session.path).identity == "1f3a"
    assert opened.trouble == []
    assert all(url.startswith((f"http://127.0.0.1:{server.server_port}/", "data:")) for url in opened.asked)


def test_undo_arrows_and_the_search(browser: Any, server: ReviewServer, session: ReviewSession) -> None:
    opened = Page(browser, server)
    first, second = session.queue.sample_ids[:2]
    opened.press("1", "2")
    opened.settle()
    opened.press("u")
    opened.until("all.items.filter(one => one.answer).length === 1")
    assert session.given_answers() == {first: ("label", CLASSES[0])}
    assert opened.page.inner_text("#sample") == second
    opened.press("ArrowLeft")
    assert opened.page.inner_text("#sample") == first
    opened.press("3")
    opened.settle()
    opened.press("u")
    opened.until("all.items[0].answer[1] === 'bird'")
    assert session.given_answers() == {first: ("label", CLASSES[0])}
    opened.press("?")
    assert opened.page.is_visible("#keys")
    opened.press("Escape", "ArrowRight", "ArrowRight")
    assert opened.page.inner_text("#place") == "Sample 3 of 60"
    opened.page.click("#no-class button:last-child")
    opened.settle()
    assert session.given_answers()[session.queue.sample_ids[2]] == ("skip", None)


def test_many_classes_are_searched_and_labels_are_text(browser: Any, session: ReviewSession, tmp_path: Path) -> None:
    names = (*(f"kind {number}" for number in range(200)), "<img src=x onerror=alert(1)>")
    table = session.queue.table.set_column(3, session.queue.table.schema.field(3), [[names[-1]] * N])
    queue = replace(session.queue, classes=(*CLASSES, *names), table=table)
    many = ReviewSession(queue, tmp_path / "many.parquet", "ann")
    assert session.manifest is not None
    ids = session.manifest.sample_ids.to_pylist()
    server = ReviewServer(many, Links(queue.root), dict(zip(ids, ids, strict=True)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    trouble: list[str] = []
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    page.goto(server.url)
    page.wait_for_selector("#choices button")
    assert "<img src=x onerror=alert(1)>" in page.inner_text("#claim")
    page.keyboard.press("/")
    page.keyboard.type("kind 15")
    assert page.locator("#found button").count() == 11
    page.keyboard.press("Enter")
    until(page, "pending === 0 && all.items[0].answer !== null")
    assert many.given_answers() == {queue.sample_ids[0]: ("label", "kind 15")}
    assert trouble == []
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("task", [Task.MULTILABEL, Task.REGRESSION])
def test_several_labels_and_numbers_have_their_own_answer(browser: Any, tmp_path: Path, task: Task) -> None:
    queue = make_queue(None, task)
    session = ReviewSession(queue, tmp_path / "answers.parquet", "ann")
    server = ReviewServer(session, Links(None), dict.fromkeys(queue.sample_ids))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(server.url)
    page.wait_for_selector("#claim span")
    if task is Task.MULTILABEL:
        for key in ("1", "2", "5", "Enter"):
            page.keyboard.press(key)
        expected = json.dumps(sorted(FORMAT_CLASSES[n] for n in (1, 4)), ensure_ascii=False)
    else:
        page.fill("#value", "-2.5")
        page.press("#value", "Enter")
        expected = "-2.5"
    until(page, "pending === 0 && all.items[0].answer !== null")
    assert session.given_answers() == {queue.sample_ids[0]: ("label", expected)}
    assert page.inner_text("#place") == "Sample 2 of 8"
    server.shutdown()
    server.server_close()


def test_the_last_answer_ends_with_a_tally(browser: Any, server: ReviewServer, session: ReviewSession) -> None:
    for sample_id in session.queue.sample_ids[:-1]:
        session.answer(sample_id, "skip", None)
    opened = Page(browser, server)
    opened.press("n")
    opened.page.wait_for_selector("#done:not([hidden])")
    assert "All samples are labelled." in opened.page.inner_text("#done")
    tally = "labels changed 0 labels confirmed 0 none of these 1 ambiguous 0 skipped 59"
    assert opened.page.inner_text("#tally").split() == tally.split()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_it_fits_every_screen(browser: Any, server: ReviewServer, width: int, scheme: str) -> None:
    opened = Page(browser, server, width, scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.until("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    for button in opened.page.locator("#choices button, #no-class button").all():
        assert button.bounding_box()["height"] >= 36
    frame, picture = opened.page.locator("#frame").bounding_box(), opened.page.locator("#picture").bounding_box()
    assert picture["height"] <= frame["height"]
    assert picture["width"] <= frame["width"]
    assert opened.trouble == []
