"""Memory that is not needed any more."""

from __future__ import annotations

import pyarrow as pa


def give_back() -> None:
    """Return to the system what Arrow keeps for its next table: after a stage on many rows that is much."""
    pa.default_memory_pool().release_unused()
