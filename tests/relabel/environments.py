"""Environments of other tools, whose dependencies clash with ours: each is made once in a run of the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENTS = "DATACHECK_TOOL_ENVIRONMENTS"
"""Names a folder with an environment a tool, to use in place of new ones."""


def environment(tool: str, packages: list[str], factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with a tool; skip where it cannot be had.

    The processes of one run share it: the first that needs it makes it, and the others wait.
    """
    kept = os.environ.get(ENVIRONMENTS)
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = (Path(kept) if kept else shared / "environments").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / tool / "bin/python"
    with (folder / f"{tool}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not python.exists():
            try:
                make(python, packages)
            except (OSError, subprocess.SubprocessError) as error:
                shutil.rmtree(python.parent.parent, ignore_errors=True)
                why = getattr(error, "stderr", error)
                pytest.skip(f"needs {packages[0]}, which cannot be installed here: {why!s:.200}")
    return python


def make(python: Path, packages: list[str]) -> None:
    """Make an environment with packages."""
    _do([sys.executable, "-m", "venv", str(python.parent.parent)])
    try:
        _do([str(Path(sys.executable).with_name("uv")), "pip", "install", "-q", "--python", str(python), *packages])
    except (OSError, subprocess.SubprocessError):  # pip's own settings, of an index or a proxy, are not uv's
        _do([str(python), "-m", "pip", "install", "-q", *packages])


def _do(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=600, text=True)
