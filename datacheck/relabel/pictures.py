"""The thumbnails of a run folder as pictures by sample id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from datacheck.errors import StorageError
from datacheck.scanning.thumbnails import ThumbnailStore


class KeptPictures(Mapping[str, bytes]):
    """Thumbnails that the scan kept, read on demand; none where it kept none.

    Examples
    --------
    >>> len(KeptPictures(Path("/nowhere")))
    0
    """

    def __init__(self, run: Path) -> None:
        try:
            self._store: ThumbnailStore | None = ThumbnailStore.open(run)
        except StorageError:
            self._store = None

    def __getitem__(self, sample_id: str) -> bytes:
        if self._store is None:
            raise KeyError(sample_id)
        return self._store.get([sample_id])[sample_id]

    def __iter__(self) -> Iterator[str]:
        return iter([] if self._store is None else self._store.index["sample_id"].to_pylist())

    def __len__(self) -> int:
        return 0 if self._store is None else len(self._store)
