"""Run folders that may lie in an object store, as folders of this machine."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from datacheck.errors import ConfigError, DatacheckError
from datacheck.manifest.object_store import Address
from datacheck.manifest.stored_objects import WRITABLE, StoredObjects
from datacheck.scanning.stored_run import MARKER, ORIGIN, StoredRun
from datacheck.scanning.temporary import Scratch


def stored_at(folder: Path) -> Path | str:
    """Return the address of a working copy; any other folder as it is.

    Examples
    --------
    >>> stored_at(Path("runs/a")) == Path("runs/a")
    True
    """
    try:
        return (folder / ORIGIN).read_text(encoding="utf-8")
    except OSError:
        return folder


@contextmanager
def working_copy(address: Address, *, needed: bool, keep: bool = False) -> Iterator[StoredRun]:
    """Yield a run in a store with its working copy, and write that back when the block succeeds.

    When the block fails, only what an unfinished scan has measured is saved, as far as the store lets it. With
    ``keep`` the copy stays until this process ends, for what reads pictures from it later.

    Raises
    ------
    DatacheckError
        As `StoredRun.open` and `StoredRun.commit`.
    """
    scratch = Scratch()
    try:
        run = StoredRun.open(address, scratch.path, needed=needed)
        try:
            yield run
        except BaseException:
            if not needed and (run.folder / "scan").is_dir():
                with suppress(DatacheckError, OSError):
                    run.checkpoint(at_once=True)
            raise
        run.commit()
    except BaseException:
        scratch.remove()
        raise
    if keep:
        atexit.register(scratch.remove)
    else:
        scratch.remove()


def local_copy(place: str | Path) -> Path:
    """Return a run folder of this machine: of one in a store a copy, which is deleted when this process ends.

    Raises
    ------
    StorageError
        When no whole run is there.
    """
    address = Address.of(place)
    if address is None:
        return Path(place)
    scratch = Scratch()
    atexit.register(scratch.remove)
    return StoredRun.open(address, scratch.path, needed=True).folder


def holds_run(address: Address) -> bool:
    """Return whether a run folder lies at an address, whole or not; what lies there may be a dataset instead."""
    return "/" in address.path and address.scheme in WRITABLE and StoredObjects(address).tag(MARKER) is not None


def on_this_machine(place: str | Path, option: str) -> Path:
    """Return a folder of this machine; refuse an address.

    Raises
    ------
    ConfigError
        When the place is an address in an object store.
    """
    if Address.of(place) is not None:
        raise ConfigError(
            f"{option}: expected a folder of this machine, found {Address.of(place)}; only the run folder of an audit "
            "can lie in an object store"
        )
    return Path(place)
