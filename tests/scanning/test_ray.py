"""Ray: a lost worker or node changes nothing; a file is blamed only when it ends every worker that has it alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader, FileStamp, Workers
from datacheck.scanning import ScanResult, scan
from tests.scanning.test_engines import data, names  # noqa: F401
from tests.scanning.test_incremental import assert_same

ray = pytest.importorskip("ray")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@dataclass(frozen=True)
class Deadly:
    """Files, one of which ends the process that reads it: ``times`` times, counted in a folder."""

    root: Path
    log: Path
    deadly: str = ""
    times: int = 0
    seconds: float = 0.0
    refused: str = ""
    workers: Workers = "process"

    def stamp(self, uri: str) -> FileStamp | None:
        return FileReader(self.root).stamp(uri)

    def read(self, uri: str) -> bytes:
        time.sleep(self.seconds)
        if uri == self.refused:
            raise SourceError("the credentials were refused")
        if uri == self.deadly and len(list(self.log.iterdir())) < self.times:
            (self.log / f"{time.monotonic_ns()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.seconds:
            (self.log / uri).touch()
        return FileReader(self.root).read(uri)


def run(reader: Deadly, data: Path, **options: Any) -> ScanResult:  # noqa: F811
    return scan(Manifest.from_columns({"uri": names(data)}, reader=reader), engine="ray", jobs=2, **options)


def local(data: Path) -> ScanResult:  # noqa: F811
    return scan(Manifest.from_columns({"uri": names(data)}, root=data), jobs=1)


def test_a_lost_worker_is_no_mark_on_its_files(data: Path, tmp_path: Path) -> None:  # noqa: F811
    assert_same(run(Deadly(data, tmp_path, "07.jpg", 6), data), local(data))
    assert len(list(tmp_path.iterdir())) == 6


def test_a_file_that_ends_every_worker_is_named_and_no_other(data: Path, tmp_path: Path) -> None:  # noqa: F811
    table = run(Deadly(data, tmp_path, "07.jpg", 1000), data).measurements.table.to_pylist()
    bad = {row["sample_id"]: row["error"] for row in table if not row["readable"]}
    assert bad == {"07.jpg": "crashed", "10.jpg": "zero-bytes"}
    assert len(list(tmp_path.iterdir())) == 8  # four times among others, four times alone


def test_a_store_that_refuses_ends_the_scan(data: Path, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(SourceError, match="the credentials were refused"):
        run(Deadly(data, tmp_path, refused="30.jpg"), data)


def test_a_lost_node_changes_nothing(data: Path, tmp_path: Path) -> None:  # noqa: F811
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    other = cluster.add_node(num_cpus=2)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        reader = Deadly(data, tmp_path, seconds=0.3)
        killed: list[int] = []

        def kill() -> None:
            while len(list(tmp_path.iterdir())) < 6:
                time.sleep(0.02)
            killed.append(len(list(tmp_path.iterdir())))
            cluster.remove_node(other, allow_graceful=False)

        thread = threading.Thread(target=kill)
        thread.start()
        found = run(reader, data)
        thread.join()
        assert killed[0] < 40
        assert_same(found, local(data))
    finally:
        ray.shutdown()
        cluster.shutdown()
