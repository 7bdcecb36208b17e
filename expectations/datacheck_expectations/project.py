"""The Great Expectations project of a contract, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datacheck.errors import ContractError
from datacheck.storage import new_folder, write_text
from datacheck_expectations.gx import gx, quiet

NAME = "datacheck"
"""Name of the suite, the validation definition and the checkpoint in the project."""

SUITE = Path("expectations", f"{NAME}.json")
"""The file with the terms."""

PROJECT_FILES = ("great_expectations.yml", SUITE, f"checkpoints/{NAME}.json", f"validation_definitions/{NAME}.json")
"""The files without which there is no project."""

UNFINISHED = ".unfinished"
"""The new files while they replace those of an earlier contract; what is left of them says that it was interrupted."""

_TRACES = "uncommitted"
"""Where Great Expectations writes the results of checks."""

_REPLACED = ("expectations", "checkpoints", "validation_definitions", "plugins", _TRACES, "great_expectations.yml")
"""What a project consists of: an earlier one is removed before the new one moves in."""

_IGNORED = f"{_TRACES}/\n"


def write_project(folder: Path, expectations: Sequence[Any], finish: Callable[[Path], None], *, last: str) -> None:
    """Write a project, let ``finish`` add to it, and bring it to its folder.

    A new folder appears whole, by one rename. In an existing one the file ``last`` is removed first and comes back
    last, so that its absence shows an interrupted replacement, which the next write repeats.

    Raises
    ------
    ContractError
        When the folder cannot be written.
    """
    folder = folder.resolve()
    try:
        if folder.is_dir() and any(folder.iterdir()):
            _write_into(folder, expectations, finish, last)
        else:
            _write_new(folder, expectations, finish)
    except OSError as error:
        raise ContractError(f"a contract cannot be written to {folder}: {error.strerror or error}") from error
    except (
        gx.exceptions.GitIgnoreScaffoldingError
    ) as error:  # how Great Expectations reports the first file that it cannot write
        raise ContractError(f"a contract cannot be written to {folder}: {error}") from error


def _write_new(folder: Path, expectations: Sequence[Any], finish: Callable[[Path], None]) -> None:
    with new_folder(folder) as project:
        _build(project, expectations)
        finish(project)


def _write_into(folder: Path, expectations: Sequence[Any], finish: Callable[[Path], None], last: str) -> None:
    project = folder / UNFINISHED
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    _build(project, expectations)
    finish(project)
    (folder / last).unlink(missing_ok=True)
    for name in _REPLACED:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    for entry in sorted(project.iterdir(), key=lambda path: path.name == last):
        entry.replace(folder / entry.name)
    project.rmdir()


def copy_project(folder: Path, target: Path) -> None:
    """Copy a project without what earlier checks left in it, and without files that are not its own.

    Raises
    ------
    ContractError
        When a file cannot be read.
    """
    try:
        target.mkdir()
        for name in _REPLACED:
            if (folder / name).is_dir() and name != _TRACES:
                shutil.copytree(folder / name, target / name)
            elif (folder / name).is_file():
                shutil.copyfile(folder / name, target / name)
    except (OSError, shutil.Error) as error:
        raise ContractError(f"the contract in {folder} cannot be read: {error}") from error


def _build(folder: Path, expectations: Sequence[Any]) -> None:
    with quiet():
        context = gx.get_context(mode="file", context_root_dir=str(folder))
        context.variables.progress_bars = {"globally": False}
        context.variables.save()
        suite = context.suites.add(gx.ExpectationSuite(name=NAME, expectations=list(expectations)))
        batch = context.data_sources.add_pandas(NAME).add_dataframe_asset("samples")
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name=NAME, data=batch.add_batch_definition_whole_dataframe("all"), suite=suite)
        )
        context.checkpoints.add(gx.Checkpoint(name=NAME, validation_definitions=[definition], result_format="SUMMARY"))
    project = folder / "great_expectations.yml"
    lines = project.read_text(encoding="utf-8").splitlines()
    lines = ["analytics_enabled: false" if line == "analytics_enabled:" else line for line in lines]
    write_text(project, "\n".join(lines) + "\n")
    write_text(folder / ".gitignore", _IGNORED)
