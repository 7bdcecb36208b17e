"""One dataset audited by local processes, on a Ray cluster of two nodes, and from a bucket: the same, byte for byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.errors import ScanError
from datacheck.manifest import Manifest
from datacheck.report import Report
from datacheck.scanning.measurements import Measurements
from tests.sources.store_server import s3_server

ray = pytest.importorskip("ray")
boto3 = pytest.importorskip("boto3")
pytest.importorskip("s3fs")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

N = 120

KILLED = """
import os, signal, datacheck
def stop(name, done, total):
    if name == "scan" and 0 < done < total:
        os.kill(os.getpid(), signal.SIGKILL)
datacheck.audit({data!r}, out={out!r}, engine="ray", progress=stop)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of two classes and two splits: damaged, in both splits, under both classes, turned by a few degrees."""
    root, rng = tmp_path_factory.mktemp("disk") / "pets", np.random.default_rng(0)
    for number in range(N):
        path = root / ("val" if number % 3 == 2 else "train") / ("cat" if number % 2 else "dog") / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        shapes = Image.fromarray(rng.integers(0, 256, (24, 24 + number // 4, 3), np.uint8))
        shapes.resize((4 * shapes.width, 4 * shapes.height), Image.Resampling.BICUBIC).save(path)
    damaged = root / "train/dog/000.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    (root / "val/cat/005.png").write_bytes((root / "train/cat/001.png").read_bytes())
    (root / "train/dog/006.png").write_bytes((root / "train/cat/003.png").read_bytes())
    with Image.open(root / "train/cat/007.png") as picture:
        picture.rotate(8, Image.Resampling.BICUBIC, expand=True).save(root / "val/dog/008.png")
    return root


@pytest.fixture(scope="module")
def bucket(data: Path) -> Iterator[str]:
    """The same images in a bucket, on a server that the cluster knows since it started."""
    with s3_server():
        client = boto3.client("s3")
        client.create_bucket(Bucket="nodes")
        for path in data.rglob("*.png"):
            client.put_object(Bucket="nodes", Key=f"pets/{path.relative_to(data).as_posix()}", Body=path.read_bytes())
        yield "s3://nodes/pets"


@pytest.fixture(scope="module")
def local(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited(str(data), tmp_path_factory.mktemp("local") / "run", jobs=2)


@pytest.fixture(scope="module")
def cluster(bucket: str) -> Iterator[Any]:
    """A cluster of two nodes, named as its users name it: by RAY_ADDRESS."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", nodes.address)
        yield nodes
    ray.shutdown()
    nodes.shutdown()


def audited(source: str, out: Path, **options: Any) -> Path:
    datacheck.audit(source, out=out, **options)
    return out


def findings(run: Path) -> dict[str, Any]:
    """What ``findings.json`` says, without the times and the places of the run."""
    content = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    for name in ("seconds", "created", "settings", "dataset"):
        content.pop(name, None)
    for outcome in content["outcomes"]:
        outcome.pop("seconds", None)
    return dict(content)


def assert_same(run: Path, expected: Path) -> None:
    """The same findings, and every table of the run byte for byte."""
    assert {finding.code for finding in Report.load(expected).findings} >= {"DC101", "DC303", "DC304"}
    assert findings(run) == findings(expected)
    tables = {path.relative_to(expected) for path in expected.rglob("*.parquet")}
    assert {str(path) for path in tables} >= {"manifest.parquet", "measurements.parquet"}
    for table in tables:
        assert (run / table).read_bytes() == (expected / table).read_bytes(), table


def test_two_nodes(cluster: Any, data: Path, local: Path, tmp_path: Path) -> None:
    assert len(cluster.list_all_nodes()) == 2
    assert_same(audited(str(data), tmp_path / "ray", engine="ray"), local)


def test_two_nodes_that_read_a_bucket(cluster: Any, bucket: str, local: Path, tmp_path: Path) -> None:
    stored = audited(bucket, tmp_path / "stored", engine="ray")
    assert findings(stored) == findings(local)
    assert Manifest.load(stored / "manifest.parquet").table.equals(Manifest.load(local / "manifest.parquet").table)
    one, other = (Measurements.load(run / "measurements.parquet").table for run in (stored, local))
    assert one.drop_columns("mtime_ns").equals(other.drop_columns("mtime_ns"))  # when the files were put there


def test_a_node_that_is_killed_changes_nothing(cluster: Any, data: Path, local: Path, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=1)
    killed: list[tuple[int, int]] = []

    def kill(name: str, done: int, total: int) -> None:
        if name == "scan" and done and not killed:
            killed.append((done, total))
            os.kill(node.all_processes["raylet"][0].process.pid, signal.SIGKILL)

    run = audited(str(data), tmp_path / "run", engine="ray", progress=kill)
    assert [done < total for done, total in killed] == [True]
    assert_same(run, local)


def test_a_driver_that_is_killed_goes_on(cluster: Any, data: Path, local: Path, tmp_path: Path) -> None:
    script = KILLED.format(data=str(data), out=str(tmp_path / "run"))
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    assert_same(audited(str(data), tmp_path / "run", engine="ray"), local)


def test_a_cluster_that_is_not_there(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(
        ScanError, match=r"expected a Ray cluster at RAY_ADDRESS=127\.0\.0\.1:1, found .*ray start --head"
    ):
        datacheck.audit(str(data), out=tmp_path / "run", engine="ray")
