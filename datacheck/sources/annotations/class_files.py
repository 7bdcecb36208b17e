"""A small file beside each image that says its class: one word in ``1.txt``, or ``{"label": "cat"}`` in ``1.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.text import plural

_KEYS = ("label", "class", "class_name", "category", "target", "class_id", "label_id")
"""Keys of a JSON object that say the class, the first that is there."""

_MOST_BYTES = 1 << 16
"""A file of more says more than a class."""

_MOST_LETTERS = 64
"""Longer lines are descriptions."""

_SAID_SHARE = 0.95
"""Share of the files that must say a class."""


def with_classes_of_files(manifest: Manifest) -> Manifest | None:
    """Return a paired manifest as one of classes, where its label files say one class each; None where they do not.

    The same few words must come again and again: words that differ from file to file are names or descriptions.
    """
    reader, uris = manifest.reader, manifest.table["label_uri"].to_pylist()
    if not isinstance(reader, FileReader):
        return None
    labels = [None if uri is None else _class_in(reader, uri) for uri in uris]
    said = [label for label in labels if label is not None]
    n_files = sum(uri is not None for uri in uris)
    if len(said) < _SAID_SHARE * n_files or not 2 <= len(set(said)) <= len(said) / 2:
        return None
    table = manifest.table.drop_columns(["label_uri"]).append_column("label", [labels])
    found = Manifest.from_columns(
        table,
        task=Task.CLASSIFICATION,
        modality=manifest.modality,
        root=manifest.root,
        took_for=f"{manifest.took_for}; each says a class: {plural(len(set(said)), 'class', 'classes')}",
        reader=reader,
    )
    return replace(found, inventory=manifest.inventory)


def _class_in(reader: FileReader, uri: str) -> str | None:
    try:
        content = reader.read(uri)
    except SampleReadError:
        return None
    if not isinstance(content, bytes) or len(content) > _MOST_BYTES:
        return None
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None
    if not uri.lower().endswith(".json"):
        return text if 0 < len(text) <= _MOST_LETTERS and "\n" not in text else None
    return _class_in_json(text)


def _class_in_json(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found: Sequence[object] = [value[key] for key in _KEYS if key in value] if isinstance(value, dict) else []
    if not found or isinstance(found[0], bool) or not isinstance(found[0], str | int):
        return None
    return str(found[0]).strip() or None
