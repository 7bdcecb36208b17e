"""A small dataset, the run folder of each stage, and a process that makes commands fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code (negative for a signal), what it printed, how many changes it made."""

    code: int
    printed: str
    changes: int


@dataclass
class Commands:
    """Runs commands of datacheck in a folder, with a fault."""

    process: subprocess.Popen[str]
    output: Path

    def run(self, folder: Path, arguments: list[str], kind: str = "none", at: int = 0, uid: int | None = None) -> Ended:
        """Run a command; see `tests.reliability.process.Fault` for kind and at. Root runs it as the user ``uid``."""
        job: dict[str, object] = {"folder": str(folder), "arguments": arguments, "kind": kind, "at": at}
        job |= {"output": str(self.output), "uid": uid if os.getuid() == 0 else None}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        changes = Path(f"{self.output}.changes")
        count = int(changes.read_text()) if changes.exists() else 0
        changes.unlink(missing_ok=True)
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return Ended(code, self.output.read_text(errors="replace"), count)


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    yield Commands(process, tmp_path_factory.mktemp("output") / "output.txt")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Path:
    """A folder with ``data`` (96 drawn images, two classes, one damaged file) and ``run``, its audit with a probe."""
    folder = tmp_path_factory.mktemp("audited")
    draw(folder / "data")
    table(folder / "table.csv")
    ended = commands.run(folder, ["audit", "data", "--out", "run"])
    assert ended.code == 1, ended.printed
    return folder


def draw(data: Path) -> None:
    """Write the images."""
    rng = np.random.default_rng(0)
    for number in range(96):
        split, label = ("val" if number % 3 == 2 else "train"), ("cat" if number % 2 else "dog")
        (data / split / label).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (24, 24 + number, 3), np.uint8)
        Image.fromarray(pixels).save(data / split / label / f"{number:02}.png")
    damaged = data / "train/dog/00.png"
    damaged.write_bytes(damaged.read_bytes()[:200])


def table(path: Path) -> None:
    """Write 200 rows of two classes, 10 of them under the wrong label."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    features = rng.normal(labels[:, None] * 3.0, 1.0, (200, 4))
    given = np.where(np.arange(200) < 10, 1 - labels, labels)
    rows = [
        "a,b,c,d,label",
        *(",".join(f"{v:.4f}" for v in f) + f",{'yes' if g else 'no'}" for f, g in zip(features, given, strict=True)),
    ]
    path.write_text("\n".join(rows) + "\n")


def fresh(source: Path, target: Path) -> Path:
    """Return a copy of a folder in the place of an earlier one."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target
