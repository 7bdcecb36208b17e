"""Each command, killed at its writes, and with a disk that fills up: nothing is lost, and the next call is right.

By default a few writes of each command are tried; ``DATACHECK_THOROUGH=1`` tries every one and prints the counts.
"""

from __future__ import annotations

import functools
import json
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.reliability.conftest import Commands, Ended, fresh
from tests.thorough import THOROUGH

pytestmark = pytest.mark.slow

TRIED = 3
"""Writes of a command that are tried by default: the first, the last, and one between."""

TIMES = frozenset(
    {"created", "seconds", "created_at", "started_at", "finished_at", "made_at", "answered_at", "duration"}
)
"""Fields that differ between two runs of one command."""


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Command:
    """A command on the folder of `audited`.

    Attributes
    ----------
    arguments
        As on the command line.
    writes
        The files or folders that hold its result.
    before
        The commands that must have run.
    """

    arguments: tuple[str, ...]
    writes: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()


PROBED = ("audit", "table.csv", "--probe", "--budget", "10m", "--out", "probed")
QUEUED = ("queue", "make", "probed")
EXPORTED = ("queue", "export", "probed", "--to", "csv", "-o", "answers.csv")
CONTRACT = ("contract", "init", "run", "-o", "contract", "--accept", "DC101")
COMMANDS = {
    "audit": Command(("audit", "data", "--out", "new"), ("new",)),
    "again": Command(("audit", "data", "--out", "run"), ("run",)),
    "probe": Command(PROBED, ("probed",)),
    "queue": Command(QUEUED, ("probed/queue.parquet",), (PROBED,)),
    "export": Command(EXPORTED, ("answers.csv",), (PROBED, QUEUED)),
    "contract-init": Command(CONTRACT, ("contract",)),
    "contract-check": Command(("contract", "check", "data", "--contract", "contract"), (), (CONTRACT,)),
    "plan": Command(("plan", "run", "--no-augment", "--budget", "30s"), ("run/sample_weights.parquet",)),
}
every_command = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture(scope="module")
def prepared(audited: Path, commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a folder in which the commands that a command needs have run; each is made once."""
    made: dict[tuple[tuple[str, ...], ...], Path] = {}

    def prepare(name: str) -> Path:
        before = COMMANDS[name].before
        if before not in made:
            folder = fresh(audited, tmp_path_factory.mktemp("prepared") / "work")
            for arguments in before:
                ended = commands.run(folder, list(arguments))
                assert ended.code in (0, 1), ended.printed
            made[before] = folder
        return made[before]

    return prepare


@dataclass
class Trial:
    """One command in a folder of its own, undisturbed and with a fault."""

    commands: Commands
    command: Command
    prepared: Path
    place: Path
    undisturbed: Ended
    expected: dict[str, Any]

    @classmethod
    def prepare(cls, commands: Commands, command: Command, prepared: Path, place: Path) -> Trial:
        """Run the command undisturbed: what it does then is expected after each fault."""
        trial = cls(commands, command, prepared, place, Ended(0, "", 0), {})
        trial.start()
        trial.undisturbed = trial.run()
        assert trial.undisturbed.code in (0, 1), trial.undisturbed.printed
        trial.expected = trial.result()
        return trial

    def start(self) -> None:
        fresh(self.prepared, self.place)
        self.inputs = {path: path.read_bytes() for path in self.place.glob("data/**/*.png")}

    def run(self, kind: str = "none", at: int = 0) -> Ended:
        return self.commands.run(self.place, list(self.command.arguments), kind, at)

    def result(self) -> dict[str, Any]:
        """What the command's files hold, without times; of the plan, what does not depend on measured seconds."""
        files = [path for name in self.command.writes for path in _files(self.place / name)]
        return {str(path.relative_to(self.place)): _content(path) for path in files}

    def assert_sound(self, ended: Ended) -> None:
        """After a fault: no traceback, the dataset is as it was, and the same command gives the same result."""
        assert "Traceback" not in ended.printed
        assert {path: path.read_bytes() for path in self.inputs} == self.inputs
        again = self.run()
        assert again.code == self.undisturbed.code, again.printed
        assert self.result() == self.expected

    def tried(self) -> list[int]:
        """The numbers of the writes that fail in turn."""
        last = self.undisturbed.changes
        if THOROUGH or last <= TRIED:
            return list(range(1, last + 1))
        return sorted({1 + round(step * (last - 1) / (TRIED - 1)) for step in range(TRIED)})


def _files(place: Path) -> list[Path]:
    found = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return [path for path in found if path.suffix in {".parquet", ".json", ".csv"} and "uncommitted" not in path.parts]


def _content(path: Path) -> Any:
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        return table.drop_columns([name for name in table.column_names if name in TIMES]).to_pydict()
    return _without_times(json.loads(path.read_text())) if path.suffix == ".json" else path.read_text()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(each) for key, each in value.items() if key not in TIMES}
    if isinstance(value, str):
        return _UUID.sub("a uuid", value)
    return [_without_times(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def trials(
    prepared: Callable[[str], Path], commands: Commands, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Trial]:
    """Return the trial of a command, which is run undisturbed once."""
    folder = tmp_path_factory.mktemp("trials")
    return functools.cache(lambda name: Trial.prepare(commands, COMMANDS[name], prepared(name), folder / name / "work"))


@pytest.fixture
def trial(name: str, trials: Callable[[str], Trial]) -> Trial:
    return trials(name)


@every_command
def test_a_command_that_was_killed_is_simply_run_again(name: str, trial: Trial) -> None:
    for at in trial.tried():
        trial.start()
        ended = trial.run("killed", at)
        assert ended.code == -signal.SIGKILL
        trial.assert_sound(ended)
    _count(name, "killed", trial)


@every_command
def test_a_full_disk_is_said_and_the_next_call_is_right(name: str, trial: Trial) -> None:
    for at in trial.tried():
        trial.start()
        ended = trial.run("full", at)
        if ended.code != trial.undisturbed.code:  # where a cache alone could not be written, the result stands
            assert ended.code == 2, ended.printed
            assert re.search("no room left on the disk|No space left on device", ended.printed), ended.printed
        trial.assert_sound(ended)
    _count(name, "full", trial)


@every_command
def test_files_that_cannot_grow_are_said_and_the_next_call_is_right(name: str, trial: Trial) -> None:
    for size in (0, 100, 5_000):
        trial.start()
        ended = trial.run("file-size", size)
        if ended.code != trial.undisturbed.code:
            assert ended.code == 2, ended.printed
            assert re.search("make room|File too large", ended.printed), ended.printed
            assert "internal error" not in ended.printed
        trial.assert_sound(ended)


def _count(name: str, kind: str, trial: Trial) -> None:
    print(f"{name}: {kind} at {len(trial.tried())} of {trial.undisturbed.changes} writes, nothing lost, nothing wrong")
