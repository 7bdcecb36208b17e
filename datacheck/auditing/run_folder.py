"""The run folder of an audit: made, kept out of version control, and written by one audit at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from datacheck.errors import DatacheckError
from datacheck.scanning.worker import exclusive
from datacheck.storage import write_text


def prepare_run_folder(folder: Path) -> None:
    """Make the run folder, and keep it out of version control.

    Raises
    ------
    DatacheckError
        When the folder cannot be written.
    """
    with _writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            write_text(ignore, "*\n")


@contextlib.contextmanager
def only_audit(folder: Path) -> Iterator[None]:
    """Prepare the run folder and hold it: the tables of two audits that write at once would be mixed.

    The hold ends with the process, however that ends. Where the system has no ``flock`` there is none.

    Raises
    ------
    DatacheckError
        When the folder cannot be written, or another audit holds it.
    """
    prepare_run_folder(folder)
    with contextlib.ExitStack() as held:
        with _writable(folder):
            try:
                held.enter_context(exclusive(folder / ".lock", wait=False))
            except BlockingIOError:
                raise DatacheckError(
                    f"another audit is using {folder}: wait for it, or choose another run folder"
                ) from None
        yield


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatacheckError(
            f"expected a run folder that can be written at {folder}: {error.strerror or error}"
        ) from error
