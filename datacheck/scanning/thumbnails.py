"""Thumbnails of many samples in a few files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import StorageError

INDEX = "thumbnails.arrow"


@dataclass(frozen=True)
class ThumbnailStore:
    """Small JPEG pictures by sample id, read from the run folder when they are asked for.

    Attributes
    ----------
    folder
        Holds the index and the files with the pictures end to end.
    index
        ``sample_id``, ``thumb_file``, ``thumb_offset``, ``thumb_length``; a row a sample that has a picture.
    """

    folder: Path
    index: pa.Table

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
        try:
            with pa.memory_map(str(folder / INDEX)) as source:
                return cls(folder, pa.ipc.open_file(source).read_all())
        except (OSError, pa.ArrowException) as error:
            raise StorageError(f"expected thumbnails in {folder / INDEX}, but they cannot be read: {error}") from error

    def __len__(self) -> int:
        return int(self.index.num_rows)

    def get(self, sample_ids: Iterable[str]) -> dict[str, bytes]:
        """Return the JPEG bytes of the samples that have a thumbnail; the others are left out.

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
                        pictures[names[row]] = file.read(rows["thumb_length"][row])
            except OSError as error:
                raise StorageError(
                    f"expected thumbnails in {self.folder / name}, but they cannot be read ({error.strerror}): "
                    "a later scan replaced them; open the store again"
                ) from error
        return {name: pictures[name] for name in names}
