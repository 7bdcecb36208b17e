"""An audit whose run folder is in a bucket of a real S3 server on this machine: the same, and never half of one."""

from __future__ import annotations

import json
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
from datacheck.errors import SourceError, StorageError
from datacheck.manifest.object_store import Address
from datacheck.manifest.stored_objects import StoredObjects
from datacheck.report import Report
from datacheck.scanning.stored_run import StoredRun
from tests.sources.store_server import check_credentials_after, s3_server

s3fs = pytest.importorskip("s3fs")
boto3 = pytest.importorskip("boto3")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

KILLED = """
import os, signal
from datacheck.manifest.stored_objects import StoredObjects
upload = StoredObjects.upload
def half(self, folder, names, *, to=""):
    names = list(names)
    upload(self, folder, names if to else names[: len(names) // 2], to=to)
    if not to:
        os.kill(os.getpid(), signal.SIGKILL)
StoredObjects.upload = half
import datacheck
datacheck.audit("{data}", out="{out}", jobs=1)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        boto3.client("s3").create_bucket(Bucket="runs")
        yield address


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("disk") / "pets", np.random.default_rng(0)
    for number in range(40):
        path = root / ("val" if number % 3 == 2 else "train") / ("cat" if number % 2 else "dog") / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        light = 256 if number % 2 else 120  # cats are light: the probe can judge the labels
        Image.fromarray(rng.integers(0, light, (24, 24 + number, 3), np.uint8)).save(path)
    (root / "val/cat/05.png").write_bytes((root / "train/cat/01.png").read_bytes())
    return root


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "datacheck", *words], capture_output=True, text=True, check=False, timeout=120
    )


def findings(report: Report) -> list[Any]:
    return [finding.to_json() for finding in report.findings]


def test_a_run_in_a_bucket_is_that_on_a_disk(server: str, data: Path, tmp_path: Path) -> None:
    local = datacheck.audit(str(data), out=tmp_path / "run", jobs=1)
    stored = datacheck.audit(str(data), out="s3://runs/same", jobs=1)
    assert findings(stored) == findings(local)
    loaded = Report.load("s3://runs/same")
    assert findings(loaded) == findings(local)
    assert loaded.settings["out"] == "s3://runs/same"
    store = s3fs.S3FileSystem()
    for name in ("manifest.parquet", "measurements.parquet", "issues.parquet", "fingerprint.json"):
        assert store.cat_file(f"runs/same/{name}") == (tmp_path / "run" / name).read_bytes(), name
    assert store.exists("runs/same/report.html")
    assert not store.find("runs/same/unfinished")


def test_later_commands(server: str, data: Path, tmp_path: Path) -> None:
    made = command("audit", str(data), "--out", "s3://runs/later", "--format", "concise", "--probe", "--budget", "20s")
    assert made.returncode in (0, 1), made.stderr
    assert "s3://runs/later/report.html" in made.stdout
    again = command("report", "s3://runs/later", "--format", "concise")
    assert (again.returncode, again.stdout) == (made.returncode, made.stdout)
    planned = command("plan", "s3://runs/later", "--budget", "5s", "--no-augment", "-q")
    assert planned.returncode == 0, planned.stderr
    assert "s3://runs/later/plan.json" in planned.stdout
    assert datacheck.TrainingPlan.load("s3://runs/later").items
    queued = command("queue", "make", "s3://runs/later", "--budget", "5")
    assert queued.returncode == 0, queued.stderr
    assert s3fs.S3FileSystem().exists("runs/later/queue.parquet")
    same = command("diff", "s3://runs/later", "s3://runs/later")
    assert same.returncode == 0, same.stderr
    refused = command("review", "s3://runs/later", "--no-open")
    assert refused.returncode == 2
    assert "expected a run folder on this machine" in refused.stderr
    refused = command("plan", "s3://runs/later", "--out", "s3://runs/plan")
    assert refused.returncode == 2
    assert "--out: expected a place on this machine" in refused.stderr
    assert command("contract", "init", "s3://runs/none", "-o", str(tmp_path / "c")).returncode == 2


def test_samples_of_a_bucket_are_copied_to_this_machine(server: str, data: Path, tmp_path: Path) -> None:
    s3fs.S3FileSystem().put(str(data), "runs/pets", recursive=True)
    assert command("audit", "s3://runs/pets", "--out", str(tmp_path / "run"), "-q").returncode == 1
    keep = ("--drop", "none", "--duplicates", "keep")
    done = command("export", str(tmp_path / "run"), "--clean", str(tmp_path / "clean"), *keep)
    assert done.returncode == 0, done.stderr
    copies = {path.relative_to(tmp_path / "clean/data"): path for path in (tmp_path / "clean/data").rglob("*.png")}
    assert len(copies) == len(datacheck.open(str(tmp_path / "clean"))) == 40
    assert all(path.read_bytes() == (data / name).read_bytes() for name, path in copies.items())
    refused = command("export", str(tmp_path / "run"), "--clean", str(tmp_path / "linked"), "--as", "links")
    assert refused.returncode == 2
    assert "found objects of a store: export --as copies" in " ".join(refused.stderr.split())
    s3fs.S3FileSystem().rm("runs/pets/val/dog/02.png")
    refused = command("export", str(tmp_path / "run"), "--clean", str(tmp_path / "again"), *keep)
    assert refused.returncode == 2
    assert "nothing was written" in " ".join(refused.stderr.split())
    assert not (tmp_path / "again").exists()


def test_a_killed_upload_is_refused_and_mended(server: str, data: Path) -> None:
    script = KILLED.format(data=data, out="s3://runs/killed")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(StorageError, match="s3://runs/killed is not whole"):
        Report.load("s3://runs/killed")
    shown = command("report", "s3://runs/killed")
    assert shown.returncode == 2
    assert "is not whole" in " ".join(shown.stderr.split())
    whole = datacheck.audit(str(data), out="s3://runs/killed", jobs=1)
    assert findings(Report.load("s3://runs/killed")) == findings(whole)


def test_the_later_of_two_writers_is_told(server: str, tmp_path: Path) -> None:
    address = Address("s3", "runs/two")
    runs = [StoredRun.open(address, tmp_path / name, needed=False) for name in "ab"]
    for run in runs:
        (run.folder / "findings.json").write_text(run.folder.name)
    assert runs[0].commit()
    with pytest.raises(StorageError, match="another process wrote s3://runs/two"):
        runs[1].commit()
    assert StoredObjects(address).read("findings.json") == b"a"


def test_a_denied_permission_is_named_before_the_scan(server: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="auditor")
    policy = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_user_policy(UserName="auditor", PolicyName="read", PolicyDocument=document)
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    check_credentials_after(server, 0)
    try:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        s3fs.S3FileSystem.clear_instance_cache()
        seen: list[str] = []
        with pytest.raises(SourceError, match=r"write s3://runs/denied/.* s3:PutObject"):
            datacheck.audit(
                str(data), out="s3://runs/denied", jobs=1, progress=lambda name, done, total: seen.append(name)
            )
        assert seen == []
    finally:
        check_credentials_after(server, 10**9)
        s3fs.S3FileSystem.clear_instance_cache()


def test_a_killed_scan_goes_on_from_its_checkpoint(server: str, data: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        datacheck.audit(str(data), out="s3://runs/resumed", jobs=1, progress=_fail_at_the_end)
    store = s3fs.S3FileSystem()
    assert store.find("runs/resumed/unfinished/scan")
    store.invalidate_cache()
    read: list[tuple[int, int]] = []
    resumed = datacheck.audit(
        str(data), out="s3://runs/resumed", jobs=1,
        progress=lambda name, done, total: read.append((done, total)) if name == "scan" else None,
    )  # fmt: skip
    assert read == [(40, 40)]  # nothing was left to read
    assert findings(resumed) == findings(datacheck.audit(str(data), jobs=1, out=tmp_path / "local"))


def _fail_at_the_end(name: str, done: int, total: int) -> None:
    if name == "scan" and done == total:
        raise ZeroDivisionError
