"""Random damage to the files of a run folder, as a text editor, a script or a bad disk would do it; from a seed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

VALUES: tuple[Any, ...] = (None, True, 0, -1, 3.7, 10**20, "x", "", [], {}, [1], {"a": 1}, "9" * 50, [[None]])
TYPES = {
    pa.string(): "x", pa.int64(): -5, pa.float64(): float("nan"), pa.bool_(): True, pa.list_(pa.int64()): [1],
    pa.binary(): b"\xff",
}  # fmt: skip


def damage(path: Path, rng: random.Random) -> str:
    """Damage one file and say how."""
    if rng.random() < 0.25:
        return _bytes(path, rng)
    if path.suffix == ".json":
        value = json.loads(path.read_text(encoding="utf-8"))
        how = _json(value, rng)
        path.write_text(json.dumps(value), encoding="utf-8")
        return how
    return {".parquet": _parquet, ".npz": _npz}.get(path.suffix, _bytes)(path, rng)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value[:5]) if isinstance(value, list) else ()
    for key, one in items:
        found += _places(one, (*path, key))
    return found


def _json(value: Any, rng: random.Random) -> str:
    *parents, last = rng.choice(_places(value))
    holder = value
    for key in parents:
        holder = holder[key]
    if rng.random() < 0.7:
        holder[last] = rng.choice(VALUES)
        return f"set {[*parents, last]}"
    del holder[last]
    return f"delete {[*parents, last]}"


def _bytes(path: Path, rng: random.Random) -> str:
    content = bytearray(path.read_bytes()) or bytearray(b"\0")
    how = rng.choice(["cut", "flip", "empty", "junk"])
    if how == "cut":
        content = content[: rng.randrange(len(content))]
    elif how == "flip":
        for _ in range(rng.choice([1, 5, 50])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    else:
        content = bytearray() if how == "empty" else bytearray(rng.randbytes(100))
    path.write_bytes(bytes(content))
    return how


def _parquet(path: Path, rng: random.Random) -> str:
    table = pq.read_table(path)
    metadata = dict(table.schema.metadata or {})
    names = table.column_names
    name = rng.choice(names)
    how = rng.choice(["metadata", "metadata", "drop", "rows", "type", "null", "twice", "rename", "order"])
    if how == "metadata":
        value = json.loads(metadata[b"datacheck"])
        how = f"metadata: {_json(value, rng)}"
        metadata[b"datacheck"] = json.dumps(value).encode()
    elif how == "drop":
        table = table.drop([name])
    elif how == "rows":
        table = table.slice(0, rng.randrange(len(table) + 1))
    elif how == "order":
        table = table.take(pa.array(rng.sample(range(len(table)), len(table)), pa.int64()))
    elif how == "twice":
        table = pa.concat_tables([table, table])
    elif how == "rename":
        table = table.rename_columns([f"{one}x" if one == name else one for one in names])
    else:
        kind = table[name].type if how == "null" else rng.choice(list(TYPES))
        values = [None if how == "null" else TYPES[kind]] * len(table)
        table = table.set_column(names.index(name), name, pa.array(values, kind))
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return f"{how} {name}"


def _npz(path: Path, rng: random.Random) -> str:
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name, how = rng.choice(list(arrays)), rng.choice(["drop", "short", "shape", "text", "nan", "large"])
    array = arrays.pop(name)
    if how != "drop":
        arrays[name] = {
            "short": array[:-1],
            "shape": array[:, 0] if array.ndim > 1 else array[:, None],
            "text": np.full(len(array), "z"),
            "nan": np.full(array.shape, np.nan),
            "large": np.full(array.shape, 1e9),
        }[how]
    np.savez(path, **arrays)
    return f"{how} {name}"
