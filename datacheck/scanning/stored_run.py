"""The run folder in an object store: a working copy on this machine, written back when it is whole.

A store has no rename, so a folder cannot appear at once there. An object does, and one of them says what belongs to the
run: ``complete.json`` names each file with its size and digest. It is written before the first file of a change, with
the files before and after it, and again after the last one. A reader takes the files only if all of them are those of
one list: a run whose upload was killed is never taken for a whole one.

::

    complete.json            what belongs to the run: "state" is "complete", or "writing" during a change
    findings.json …          the files of the run folder, under the names that they have on a disk
    unfinished/files.json    what a scan that is not finished has measured: its files, and their digests
    unfinished/scan/…
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datacheck.errors import StorageError
from datacheck.manifest.object_store import Address
from datacheck.manifest.stored_objects import Digests, FileDigest, StoredObjects, digests_of
from datacheck.storage import check_version, reading, write_text

MARKER = "complete.json"
"""The object that says what belongs to the run."""

SCHEMA = "datacheck.stored_run"
"""The schema that the marker names."""

VERSION = 1
"""Version of the marker."""

ORIGIN = ".stored-at"
"""File of a working copy that holds its address; like all files whose names begin with a dot it is not uploaded."""

_UNFINISHED = "unfinished/"
_PROGRESS = "unfinished/files.json"

CHECKPOINT_SECONDS = 60.0
"""A scan saves what it measured in the store this often: as much is lost when its machine is."""

_SHARE_OF_TIME = 10.0
"""After a checkpoint the scan goes on for so many times as long as that took: at most a tenth is spent on them."""


def _belongs(name: str) -> bool:
    """Return whether a file of the working copy goes to the store: locks, the probe's pixels and measurements that no
    audit has taken over stay here.
    """
    hidden = any(part.startswith(".") for part in name.split("/"))
    return not hidden and not name.startswith(("scan/pixels-", "scan/measurements"))


@dataclass
class StoredRun:
    """A run folder in a store, and its working copy.

    Attributes
    ----------
    objects
        Where it lies.
    folder
        The working copy.
    tag
        The store's tag of the marker when it was read or written last; None where there was none.
    known
        The files that the marker names.
    whole
        Whether the store held a whole run when it was opened.
    """

    objects: StoredObjects
    folder: Path
    tag: str | None = None
    known: Digests = field(default_factory=dict)
    whole: bool = False
    _saved: Digests = field(default_factory=dict)
    _next: float = field(default_factory=lambda: time.monotonic() + CHECKPOINT_SECONDS)

    @classmethod
    def open(cls, address: Address, folder: Path, *, needed: bool) -> StoredRun:
        """Fetch a run folder into an empty folder of this machine.

        Parameters
        ----------
        address
            Where the run lies.
        folder
            The working copy to be.
        needed
            Whether a whole run has to be there. Otherwise what is not whole is left out, and an audit makes it anew;
            what an unfinished scan has measured is fetched.

        Raises
        ------
        StorageError
            When a run is needed, and none is there or it is not whole.
        SourceError
            When the store refuses; the message names the bucket and the permission.
        """
        run = cls(StoredObjects(address), folder)
        write_text(folder / ORIGIN, str(address))
        run.tag, marker = run._marker()
        if marker is None and needed:
            raise StorageError(f"expected a run folder at {address}, found no {MARKER} there: run datacheck audit")
        if marker is not None:
            run._fetch(marker, needed=needed)
        if not needed:
            run._fetch_unfinished()
            run._note_unfinished(run._saved)  # a missing permission is known before the scan, not after it
        return run

    def _marker(self) -> tuple[str | None, Mapping[str, Any] | None]:
        where = Path(f"{self.objects.address}/{MARKER}")
        for _ in range(3):  # it may change between the two requests
            tag = self.objects.tag(MARKER)
            content = None if tag is None else self.objects.read(MARKER)
            if content is not None and self.objects.tag(MARKER) == tag:
                with reading(where, "the list of files of a run", "audit again into another folder"):
                    value = json.loads(content)
                    if value["schema"] != SCHEMA:
                        raise StorageError(f"expected schema {SCHEMA!r} in {where}, found {value['schema']!r}")
                    check_version(value["version"], VERSION, what="the list of files of a run", where=where)
                    return tag, value
            if tag is None:
                return None, None
        raise StorageError(f"{self.objects.address} is being written: wait until that is done, and run this again")

    def _fetch(self, marker: Mapping[str, Any], *, needed: bool) -> None:
        address = self.objects.address
        with reading(Path(f"{address}/{MARKER}"), "the list of files of a run", "audit again"):
            lists = [_read(marker[name]) for name in ("files", "before") if marker.get(name) is not None]
        bad: list[str] = []
        for files in lists:
            bad = self.objects.download(self.folder, files)
            if not bad and files:
                self.known, self.whole = files, True
                return
            for name in files:
                (self.folder / name).unlink(missing_ok=True)
        self.known = {name: FileDigest(-1, "") for files in lists for name in files}  # all is to be written again
        if needed and marker["state"] == "complete":
            raise StorageError(
                f"expected the files of one audit at {address}, but {bad[0]!r} is missing or was changed since; "
                "where another process is writing it, wait for that, else audit again"
            )
        if needed:
            raise StorageError(
                f"the run at {address} is not whole: it is being written, or the process that wrote it was ended; "
                "wait for it, or audit again"
            )

    def _fetch_unfinished(self) -> None:
        content = self.objects.read(_PROGRESS)
        with suppress(ValueError, KeyError, TypeError, AttributeError):  # a damaged list costs time only
            if content is not None:
                files = _read(json.loads(content)["files"])
                newer = {name: files[name] for name in files if self.known.get(name) != files[name]}
                self.objects.download(self.folder, newer, of=_UNFINISHED)
                self._saved = files

    def checkpoint(self, *, at_once: bool = False) -> None:
        """Save in the store what the scan has measured, when it is time; to be called between two of its writes."""
        began = time.monotonic()
        if began < self._next and not at_once:
            return
        files = digests_of(self.folder, lambda name: name.startswith("scan/") and _belongs(name))
        self.objects.upload(self.folder, [one for one in files if files[one] != self._saved.get(one)], to=_UNFINISHED)
        self._note_unfinished(files)
        self.objects.remove([_UNFINISHED + name for name in self._saved if name not in files])
        self._saved = files
        now = time.monotonic()
        self._next = now + max(CHECKPOINT_SECONDS, _SHARE_OF_TIME * (now - began))

    def _note_unfinished(self, files: Digests) -> None:
        self.objects.write(_PROGRESS, _bytes({"files": _plain(files)}), tag=None, check=False)

    def commit(self) -> bool:
        """Write what changed in the working copy; return whether anything did.

        Raises
        ------
        StorageError
            When another process wrote the run in the meantime, where the store can tell.
        SourceError
            When the store refuses; the message names the bucket and the permission.
        """
        files = digests_of(self.folder, _belongs)
        if self.whole and files == self.known:
            return False
        token = secrets.token_hex(8)
        before = _plain(self.known) if self.whole else None
        self._mark({"state": "writing", "token": token, "files": _plain(files), "before": before})
        self.objects.upload(self.folder, [name for name in files if files[name] != self.known.get(name)])
        self._mark({"state": "complete", "token": token, "files": _plain(files)})
        unfinished = [_PROGRESS, *(_UNFINISHED + name for name in self._saved)]
        self.objects.remove([*(name for name in self.known if name not in files), *unfinished])
        self.known, self.whole, self._saved = files, True, {}
        return True

    def _mark(self, value: Mapping[str, Any]) -> None:
        content = _bytes({"schema": SCHEMA, "version": VERSION, **value})
        self.objects.write(MARKER, content, tag=self.tag)
        self.tag = self.objects.tag(MARKER)
        if self.objects.read(MARKER) != content:
            raise StorageError(f"another process is writing {self.objects.address}: wait for it, and run this again")


def _plain(files: Digests) -> dict[str, list[Any]]:
    return {name: [one.size, one.xxh3] for name, one in files.items()}


def _read(files: Mapping[str, Any]) -> dict[str, FileDigest]:
    found = {name: FileDigest(int(size), str(xxh3)) for name, (size, xxh3) in files.items()}
    for name in found:
        if name.startswith("/") or "\\" in name or "\0" in name or {"", ".", ".."} & set(name.split("/")):
            raise StorageError(f"expected names of files below the run folder, found {name!r}")
    return found


def _bytes(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
