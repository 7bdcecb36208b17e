"""Damage to files as it happens: bytes that flip, go or come, and JSON values in the place of others."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("DATACHECK_FUZZ", "20"))
"""Examples of each fuzz test; set the variable for a long run by hand."""

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Settings of a fuzz test: the same examples every time."""

seeds = st.integers(0, 2**32 - 1)

_STRANGE: list[Any] = [
    None, True, -1, 0, 10**400, 1.5, float("nan"), float("inf"), "", "\x1b[31m\n", "\ud800", "²", "../../etc/passwd",
    [], [[]], {}, {"a": None}, [None] * 3,
]  # fmt: skip


def damaged_bytes(content: bytes, seed: int) -> bytes:
    """Return the content with one to four cuts, flips, repeats or insertions."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(0, len(data) + 1))
        match int(rng.integers(0, 5)):
            case 0:
                del data[at:]
            case 1:
                del data[at : at + int(rng.integers(1, 40))]
            case 2:
                data[at:at] = rng.bytes(int(rng.integers(1, 5)))
            case 3:
                data[at:at] = data[at : at + int(rng.integers(1, 200))]
            case _ if at < len(data):
                data[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(data)


def damaged_json(value: Any, seed: int) -> Any:
    """Return a JSON value with one to three of its parts replaced by strange ones, or gone."""
    rng = np.random.default_rng(seed)
    found = json.loads(json.dumps(value))
    for _ in range(rng.integers(1, 4)):
        places = list(_places(found))
        if not places:
            return _STRANGE[int(rng.integers(len(_STRANGE)))]
        holder, key = places[int(rng.integers(len(places)))]
        if rng.random() < 0.25:
            del holder[key]
        else:
            holder[key] = _STRANGE[int(rng.integers(len(_STRANGE)))]
    return found


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key, part in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
            yield value, key
            yield from _places(part)
