"""The same audit on a disk and on a real S3 server on this machine; and what the server can refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.errors import SourceError
from datacheck.fingerprints import fingerprint
from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import ReadFailure, SampleReadError
from datacheck.report import Report
from tests.sources.store_server import check_credentials_after, s3_server

pytest.importorskip("s3fs")
boto3 = pytest.importorskip("boto3")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, rng = tmp_path_factory.mktemp("disk") / "pets", np.random.default_rng(0)
    for number in range(48):
        path = root / ("val" if number % 3 == 2 else "train") / ("cat" if number % 2 else "dog") / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (24, 24 + number, 3), np.uint8)).save(path)
    damaged = root / "train/dog/00.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    (root / "val/cat/05.png").write_bytes((root / "train/cat/01.png").read_bytes())
    return root


@pytest.fixture(scope="module")
def server(pets: Path) -> Iterator[str]:
    """A server with the pets in s3://data/pets; yields its address."""
    with s3_server() as address:
        client = boto3.client("s3")
        client.create_bucket(Bucket="data")
        for path in pets.rglob("*.png"):
            client.put_object(Bucket="data", Key=f"pets/{path.relative_to(pets).as_posix()}", Body=path.read_bytes())
        yield address


def findings(report: Report) -> list[Any]:
    return [finding.to_json() for finding in report.findings]


def test_the_audit_of_a_bucket_is_that_of_its_copy(server: str, pets: Path, tmp_path: Path) -> None:
    local = datacheck.audit(str(pets), out=tmp_path / "local")
    stored = datacheck.audit("s3://data/pets", out=tmp_path / "stored")
    assert {finding.code for finding in stored.findings} >= {"DC101", "DC303"}
    assert findings(stored) == findings(local)
    assert stored.manifest.table.equals(local.manifest.table)
    assert stored.manifest.inventory == local.manifest.inventory
    one, other = (fingerprint(report.manifest, report.measurements) for report in (stored, local))
    assert one.identity == other.identity
    loaded = Report.load(tmp_path / "stored")
    assert loaded.manifest.reader == StoreReader("s3://data/pets")


def test_the_command_line(server: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "datacheck", "audit", "s3://data/pets", "--out", "run", "--format", "concise"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "s3://data/pets/train/dog/00.png" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    command = [sys.executable, "-m", "datacheck", "audit", "s3://date/pets"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no bucket 'date'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_object_that_is_gone_is_a_row_and_a_bucket_that_is_gone_an_error(server: str) -> None:
    gone = StoreReader("s3://gone/pets")
    with pytest.raises(SourceError, match="no bucket 'gone'"):
        gone.read("a.png")
    reader = StoreReader("s3://data/pets")
    with pytest.raises(SampleReadError) as missing:
        reader.read("train/dog/no.png")
    assert missing.value.reason is ReadFailure.VANISHED
    assert reader.stamp("train/dog/no.png") is None
    assert reader.stamps(["train/dog/00.png", "train/dog/no.png", "../x"])[1:] == [None, None]


def test_no_credentials(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", "import datacheck; datacheck.open('s3://data/pets')"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "no credentials (NoCredentialsError); set AWS_PROFILE" in done.stderr


def test_denied_and_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    iam = boto3.client("iam")
    iam.create_user(UserName="reader")
    policy = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/pets/train/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_user_policy(UserName="reader", PolicyName="some", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    check_credentials_after(server, 0)
    try:
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(SourceError, match=r"credentials were refused \(InvalidAccessKeyId\)"):
            datacheck.open("s3://data/pets")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(SourceError, match=r"s3://data/pets, found that access is denied .* s3:ListBucket"):
            datacheck.open("s3://data/pets")
        reader = StoreReader("s3://data/pets")
        assert len(reader.read("train/cat/01.png")) > 0
        with pytest.raises(SampleReadError, match=r"s3://data/pets/val/cat/05.png, .* s3:GetObject") as denied:
            reader.read("val/cat/05.png")
        assert denied.value.reason is ReadFailure.PERMISSION
    finally:
        check_credentials_after(server, 10**9)
        s3fs.S3FileSystem.clear_instance_cache()
