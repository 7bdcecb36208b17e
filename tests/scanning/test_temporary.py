"""Temporary folders of scans: gone after any ordinary end, swept after a kill, never taken from the living."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.scanning.temporary import PREFIX, Scratch, sweep
from datacheck.scanning.worker import exclusive

LATER = time.time() + 7200


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def test_the_dead_are_swept_and_the_living_and_the_newborn_are_not(temporary: Path) -> None:
    alive = Scratch()
    (temporary / f"{PREFIX}dead").mkdir()
    (temporary / f"{PREFIX}dead" / "beats").touch()
    (temporary / "datacheck-else").mkdir()
    sweep()
    assert (temporary / f"{PREFIX}dead").exists()
    sweep(now=LATER)
    assert sorted(path.name for path in temporary.iterdir()) == sorted(["datacheck-else", alive.path.name])
    alive.remove()
    assert not alive.path.exists()


def test_a_link_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (temporary / f"{PREFIX}link").symlink_to(precious)
    sweep(now=LATER)
    assert (precious / "file").exists()


def audit(tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "many").mkdir()
    content = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    Image.fromarray(content).save(tmp_path / "many/0.png")
    for number in range(1, 1500):
        (tmp_path / f"many/{number}.png").symlink_to("0.png")
    return subprocess.Popen(
        [sys.executable, "-m", "datacheck", "audit", "many"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        start_new_session=True,
        preexec_fn=_heed_hangups,
    )


def _heed_hangups() -> None:
    """Undo `nohup`, under which these tests may run: a child inherits that hangups are ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_an_ended_scan_leaves_no_temporary_folder(tmp_path: Path, temporary: Path, number: str, code: int) -> None:
    process = audit(tmp_path)
    while not list(temporary.glob(f"{PREFIX}*/beats")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(getattr(signal, number))
    _, errors = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in errors
    assert not list(temporary.iterdir())


def test_a_disk_without_locks_is_used_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, kind: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refuse)
    code = errno.ENOLCK
    with exclusive(tmp_path / "lock", wait=False):
        pass
    code = errno.EIO
    with pytest.raises(OSError, match="Input/output error"), exclusive(tmp_path / "lock", wait=False):
        pass
