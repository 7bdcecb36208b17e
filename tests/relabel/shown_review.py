"""A review page in a real browser, served as the command serves it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from datacheck.relabel.formats.links import Links
from datacheck.relabel.review import BoxReviewSession, MaskReviewSession, ReviewServer


@contextmanager
def shown_review(browser: Any, session: BoxReviewSession | MaskReviewSession, ready: str) -> Iterator[Any]:
    """Yield the page once the element ``ready`` is there; it must not have complained by the end."""
    uris: dict[str, str | None] = {image.sample_id: image.uri for image in session.queue.images.images.values()}
    server = ReviewServer(session, Links(session.queue.root), uris)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    shown = context.new_page()
    problems: list[str] = []
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    shown.goto(server.url)
    shown.wait_for_selector(ready)
    yield shown
    context.close()
    server.shutdown()
    server.server_close()
    thread.join()
    assert problems == []
