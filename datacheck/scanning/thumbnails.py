"""Thumbnails of many samples in a few files."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import StorageError
from datacheck.scanning.read_again import ReadAgain
from datacheck.storage import reading

INDEX = "thumbnails.arrow"

SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string()),
        pa.field("thumb_file", pa.string()),
        pa.field("thumb_offset", pa.int64()),
        pa.field("thumb_length", pa.int32()),
    ]
)
"""Columns of the index: where each sample's picture is."""


@dataclass(frozen=True)
class ThumbnailStore:
    """Small JPEG pictures by sample id, read from the run folder when they are asked for.

    Attributes
    ----------
    folder
        Holds the index and the files with the pictures end to end.
    index
        ``sample_id``, ``thumb_file``, ``thumb_offset``, ``thumb_length``; a row a sample whose picture was kept.
    again
        Makes the other pictures from the images themselves; None where these are out of reach.
    """

    folder: Path
    index: pa.Table
    again: ReadAgain | None = None

    @classmethod
    def open(cls, path: Path) -> ThumbnailStore:
        """Open the thumbnails below a run folder, or below its ``scan`` folder.

        Raises
        ------
        StorageError
            When there are none, or they are damaged.
        """
        folder = next((place for place in (path, path / "scan") if (place / INDEX).is_file()), None)
        if folder is None:
            raise StorageError(f"expected thumbnails below {path}, but there is no {INDEX}: scan again")
        with reading(folder / INDEX, "thumbnails", "scan again"), pa.memory_map(str(folder / INDEX)) as source:
            index = pa.ipc.open_file(source).read_all()
            index.validate(full=True)
            index = index.select(SCHEMA.names).cast(SCHEMA)
            names = pc.unique(index["thumb_file"]).to_pylist()
            if any(name is None or Path(name).name != name for name in names):
                raise StorageError(
                    f"{folder / INDEX}: expected names of files beside it, found {names!r:.99}; scan again"
                )
            return cls(folder, index, ReadAgain.of_run(folder.parent))

    def get(self, sample_ids: Iterable[str]) -> dict[str, bytes]:
        """Return the JPEG bytes of the samples that have a thumbnail, kept or made now; the others are left out.

        Raises
        ------
        StorageError
            When a later scan of the same run folder has moved the pictures.
        """
        wanted = list(dict.fromkeys(str(sample_id) for sample_id in sample_ids))
        positions = pc.index_in(pa.array(wanted, pa.string()), value_set=self.index["sample_id"])
        found = pc.is_valid(positions).to_numpy(zero_copy_only=False)
        rows = self.index.take(pc.drop_null(positions)).to_pydict()
        names = [wanted[place] for place in np.flatnonzero(found)]
        pictures: dict[str, bytes] = {}
        by_file: dict[str, list[int]] = {}
        for row, name in enumerate(rows["thumb_file"]):
            by_file.setdefault(name, []).append(row)
        for name, members in by_file.items():
            try:
                with (self.folder / name).open("rb") as file:
                    for row in members:
                        file.seek(rows["thumb_offset"][row])
                        pictures[names[row]] = file.read(max(0, rows["thumb_length"][row]))
            except (OSError, TypeError, ValueError) as error:
                raise StorageError(
                    f"expected thumbnails in {self.folder / name}, but they cannot be read ({error}): "
                    "a later scan replaced them; open the store again"
                ) from error
        if self.again is not None:
            pictures |= self.again.get([name for name in wanted if name not in pictures])
        return {name: pictures[name] for name in wanted if name in pictures}


class KeptPictures(Mapping[str, bytes]):
    """Thumbnails of a run, read on demand; none where its scan made none.

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
        return iter(self._ids())

    def __len__(self) -> int:
        return len(self._ids())

    def _ids(self) -> list[str]:
        """Return the samples that had a picture when they were scanned."""
        if self._store is None:
            return []
        again = [] if self._store.again is None else self._store.again.sample_ids()
        return list(dict.fromkeys([*self._store.index["sample_id"].to_pylist(), *again]))


_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def data_uri(picture: bytes | None) -> str | None:
    r"""Return a picture as a ``data:`` address that a page can hold; None for what is no JPEG or PNG.

    Examples
    --------
    >>> data_uri(b"\xff\xd8\xff"), data_uri(b"<svg onload=")
    ('data:image/jpeg;base64,/9j/', None)
    """
    kind = next((name for magic, name in _MAGIC if picture is not None and picture.startswith(magic)), None)
    return None if picture is None or kind is None else f"data:{kind};base64,{base64.b64encode(picture).decode()}"
