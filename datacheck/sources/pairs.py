"""Two listings, images and labels, zipped as training code would zip them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import Inventory, Listings, Manifest, Modality, Task, natural_sorted
from datacheck.sources.annotations.label_files import read_label_files
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.column_guesses import is_list
from datacheck.sources.file_roots import common_root
from datacheck.sources.files import existing, is_glob, is_image_name, list_files, text
from datacheck.sources.folder_inventory import images_used
from datacheck.sources.table import table_manifest
from datacheck.text import plural

_FIRST_VALUES = 100
"""Values of a list that are looked at to find out whether it holds paths."""


def open_pairs(source: Any, options: SourceOptions) -> Manifest:
    """Open ``(images, labels)``: each a folder, a glob, or a list; labels may also be values.

    The order is kept: folders and globs are sorted as ``sorted()`` does unless ``image_order`` or ``label_order``
    say otherwise, lists stay as given. Nothing is matched by name, so that rules see what training would see.
    Where one is longer, there are as many rows as the shorter has; `Manifest.listings` holds both whole.

    Raises
    ------
    SourceError
        When a place does not exist or is empty, or an option is unusable.
    """
    images, labels = _two(source, options)
    image_paths, image_words = _listing(images, options.image_order, options)
    label_paths: list[str] | None = None
    label_words = ""
    if labels is not None and (as_path(labels) is not None or _are_paths(labels, options.root)):
        label_paths, label_words = _listing(labels, options.label_order, options)
    base = options.root or Path.cwd()
    root = options.root or common_root(pa.array([*image_paths, *(label_paths or ())], pa.string()), base)
    root = Path(os.path.abspath(root))  # noqa: PTH100 - must not follow links
    image_uris = _relative(image_paths, root, images)
    if label_paths is None:
        return _with_values(image_uris, labels, options, root=root, took_for=f"a listing of images ({image_words})")
    if options.task not in (None, Task.PAIRED):
        raise SourceError(
            f"task={options.task.value!r}: a pair of listings has a file as each label, so its task is 'paired'; "
            "pass a list of values as labels for another task"
        )
    return _with_files(
        image_uris,
        _relative(label_paths, root, labels),
        options,
        root=root,
        took_for=f"a pair of listings, images ({image_words}) and labels ({label_words}), zipped in this order",
    )


def _two(source: Any, options: SourceOptions) -> tuple[Any, Any]:
    if isinstance(source, tuple):
        if options.labels is not None:
            raise SourceError("expected the labels once, found them in the pair and in labels=; drop one")
        return source
    return source, options.labels


def _listing(place: Any, order: str | None, options: SourceOptions) -> tuple[list[str], str]:
    """Return absolute paths in order, or the caller's own writing of them, and words for what was listed."""
    path = as_path(place)
    if path is None:
        if order not in (None, "given"):
            return _sorted([_as_text(each) for each in place], order), f"a list of {len(place):,}, {order} order"
        return [_as_text(each) for each in place], f"a list of {len(place):,}, as given"
    if order == "given":
        raise SourceError(f"order 'given' is for a list of paths; {place} is listed by datacheck: pick another order")
    order = order or "lexicographic"
    if options.root is not None and not path.is_absolute() and not os.path.lexists(path):
        place = options.root / path
    if not is_glob(place):
        existing(Path(place))
    paths = list_files(place, order)
    return paths, f"{place}: {plural(len(paths), 'file')}, {order} order"


def _sorted(paths: list[str], order: str) -> list[str]:
    if order == "lexicographic":
        return sorted(paths)
    if order == "natural":
        return natural_sorted(paths)
    raise SourceError(f"order {order!r} is for folders and globs; a list can be natural, lexicographic or given")


def _as_text(path: Any) -> str:
    if isinstance(path, str | os.PathLike):
        return os.fspath(path)
    raise SourceError(f"expected a list of paths, found {type(path).__name__} in it")


def _relative(paths: list[str], root: Path, place: Any) -> list[str]:
    if as_path(place) is None:
        return paths
    prefix = str(root).rstrip("/") + "/"
    return [text(path.removeprefix(prefix)) for path in paths]


def _are_paths(values: Any, root: Path | None) -> bool:
    """Return whether a list holds label files, not label values."""
    some = list(values[:_FIRST_VALUES]) if hasattr(values, "__getitem__") else []
    if not some or not all(isinstance(value, str | os.PathLike) for value in some):
        return False
    if any(isinstance(value, os.PathLike) for value in some):
        return True
    if not all(os.path.splitext(value)[1] for value in some):  # noqa: PTH122
        return False
    base = root or Path.cwd()
    return any("/" in value or "\\" in value or is_image_name(value) or (base / value).exists() for value in some)


def _with_files(images: list[str], labels: list[str], options: SourceOptions, *, root: Path, took_for: str) -> Manifest:
    n_rows = min(len(images), len(labels))
    if len(images) != len(labels):
        took_for += f"; {abs(len(images) - len(labels)):,} without a partner"
    columns: dict[str, Any] = {"uri": images[:n_rows], "label_uri": labels[:n_rows]}
    columns |= per_sample(options, n_rows)
    used = (*images_used(images), *images_used(labels, "label files, in the order of the listing"))
    manifest = Manifest.from_columns(
        columns,
        task=Task.PAIRED,
        modality=Modality.IMAGE,
        root=root,
        took_for=took_for,
        listings=Listings(tuple(images), tuple(labels)),
        inventory=Inventory(used),
    )
    return read_label_files(manifest, labels, "the label files", options.classes)


def _with_values(images: list[str], labels: Any, options: SourceOptions, *, root: Path, took_for: str) -> Manifest:
    if labels is None:
        table = pa.table({"uri": pa.array(images, pa.string()), **per_sample(options, len(images))})
        plain = SourceOptions(task=options.task or Task.UNLABELLED, root=root, path="uri")
        return table_manifest(table, plain, base=root, took_for=took_for)
    values = _values(labels)
    n_rows = min(len(images), len(values))
    if len(images) != len(values):
        took_for += f", with {len(values):,} labels; {abs(len(images) - len(values)):,} without a partner"
    if n_rows == 0:
        raise SourceError(f"expected images and labels, found {len(images):,} images and {len(values):,} labels")
    name = "labels" if is_list(values.type) else "target" if options.task is Task.REGRESSION else "label"
    table = pa.table(
        {"uri": pa.array(images[:n_rows], pa.string()), name: values[:n_rows], **per_sample(options, n_rows)}
    )
    plain = SourceOptions(
        task=options.task,
        classes=options.classes,
        root=root,
        path="uri",
        label=None if name == "target" else name,
        target="target" if name == "target" else None,
    )
    names = None if options.classes is None else {name: options.classes}
    manifest = table_manifest(table, plain, base=root, took_for=took_for, names=names)
    if len(images) == len(values):
        return manifest
    return replace(manifest, listings=Listings(tuple(images), tuple(map(str, values.to_pylist()))))


def _values(labels: Any) -> pa.Array:
    try:
        return pa.array(labels.tolist() if hasattr(labels, "tolist") else list(labels))
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
        raise SourceError(f"expected a list of label values of one type, found: {error}") from None


def per_sample(options: SourceOptions, n_rows: int) -> dict[str, Any]:
    """Return the columns ``split`` and ``group`` of a source without column names: one value a sample, or for all."""
    columns = {}
    for name in ("split", "group"):
        given = getattr(options, name)
        if given is None:
            continue
        values = pa.array([given] * n_rows if isinstance(given, str) else list(given))
        if len(values) < n_rows:
            raise SourceError(f"{name}: expected {n_rows:,} values, one a sample, found {len(values):,}")
        columns[name] = values[:n_rows]
    return columns


def recognises(source: object) -> bool:
    """A tuple of two listings, one list of paths, a glob, or one image file."""
    path = as_path(source)
    if path is not None:
        return is_glob(path) or (is_image_name(path.name) and path.is_file())
    if isinstance(source, tuple):
        return len(source) == 2 and (as_path(source[0]) is not None or _is_path_list(source[0]))
    return _is_path_list(source)


def _is_path_list(value: object) -> bool:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or not value:
        return False
    return all(isinstance(each, str | os.PathLike) for each in value[:_FIRST_VALUES])


SOURCE = Source(
    "pairs",
    frozenset({"task", "labels", "root", "classes", "image_order", "label_order", "split", "group"}),
    recognises,
    open_pairs,
)
