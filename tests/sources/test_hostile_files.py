"""Damaged and mutated files of every kind are opened, or refused with a SourceError; nothing else comes out."""

from __future__ import annotations

import io
import json
import random
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datacheck.errors import DatacheckError
from datacheck.sources import open_source

MUTANTS = 60
"""Mutants of each file: together about two seconds."""


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "png")
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        members = {"0.png": _png(), "0.json": b'{"label": "cat", "age": [1, 2]}', "1.png": _png(), "1.cls": b"1"}
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"file": ["a.png", "b.png"], "label": ["x", "y"], "n": [1, 2]}), buffer)
    return buffer.getvalue()


def _npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, images=np.zeros((2, 8, 8, 3), np.uint8), labels=np.array([0, 1]))
    return buffer.getvalue()


ROWS = [{"file": f"{n}.png", "label": "xy"[n % 2], "tags": ["a"], "size": n / 3} for n in range(6)]
FILES = {
    "t.csv": "file,label,split\n" + "".join(f'"{n}.png",caf\xe9 {n % 2},train\n' for n in range(8)),
    "t.tsv": "file\tlabel\n" + "".join(f"{n}.png\t{n % 2}\n" for n in range(8)),
    "t.txt": "".join(f"img/photo {n}.png {n % 2}\n" for n in range(8)),
    "t.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "t.parquet": _parquet(),
    "t.npz": _npz(),
    "t.tar": _tar(),
}
PIECES = [
    b"\0",
    b"\xff\xfe",
    b"\n",
    b"\r",
    b'"',
    b",",
    b";",
    b"{",
    b"}",
    b"null",
    b"[" * 50,
    b"\\ud800",
    b"NaN",
    b"9" * 40,
]


def mutant(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        kind = rng.random()
        if kind < 0.3 and changed:
            del changed[place : place + rng.randint(1, 40)]
        elif kind < 0.7:
            changed[place:place] = rng.choice(PIECES)
        elif changed:
            changed[min(place, len(changed) - 1)] = rng.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("name", FILES)
def test_mutants_are_opened_or_refused(tmp_path: Path, name: str) -> None:
    content = FILES[name]
    whole = content.encode() if isinstance(content, str) else content
    path = tmp_path / name
    refused = 0
    for seed in range(MUTANTS):
        path.write_bytes(mutant(whole, random.Random(seed)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            try:
                assert len(open_source(path)) > 0
            except DatacheckError:
                refused += 1
    assert refused < MUTANTS
