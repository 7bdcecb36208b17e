"""A running stand-in, and a queue of 450 items to push to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.selection import relabel_queue
from tests.relabel.conftest import Probed, make_probed

from .server import StandIn


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = StandIn()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def probed() -> Probed:
    return make_probed(500)


@pytest.fixture(scope="module")
def queue(probed: Probed) -> RelabelQueue:
    return relabel_queue(probed.manifest, probed.probe, budget=450, identity="1f3a")
