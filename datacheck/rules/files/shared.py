"""What the rules about files and pairing share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest import Manifest
from datacheck.manifest.readers import FileReader

N_EXAMPLES = 10
"""A finding's evidence shows at most this many examples."""


def few(words: Iterable[str], limit: int = 3) -> str:
    """Return the first words quoted, and how many more there are.

    Examples
    --------
    >>> few(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    listed = list(words)
    shown = ", ".join(repr(word) for word in listed[:limit])
    return shown if len(listed) <= limit else f"{shown} and {len(listed) - limit:,} more"


def counts_by(names: Sequence[str], codes: NDArray[np.integer], rows: NDArray[np.integer]) -> dict[str, int]:
    """Count rows by the name of their code, the most first, leaving out names without any."""
    counts = np.bincount(codes[rows][codes[rows] >= 0], minlength=len(names))
    return {names[k]: int(counts[k]) for k in np.argsort(-counts, kind="stable") if counts[k]}


def ids_of(manifest: Manifest, uris: Sequence[str]) -> list[str]:
    """Return the sample id of each uri; the uri itself where no sample has it."""
    known: dict[str, str] = {}
    if "uri" in manifest:
        known = dict(zip(manifest.table["uri"].to_pylist(), manifest.sample_ids.to_pylist(), strict=True))
    return [known.get(uri, uri) for uri in uris]


def names_are_paths(manifest: Manifest) -> bool:
    """Whether the uris are paths of files, not keys in an archive or in memory."""
    return "uri" in manifest and (manifest.reader is None or isinstance(manifest.reader, FileReader))


def path_columns(manifest: Manifest) -> dict[str, pa.ChunkedArray]:
    """Return the columns that hold paths."""
    return {name: manifest.table[name] for name in ("uri", "label_uri") if name in manifest}
