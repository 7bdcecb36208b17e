"""Which known sample each item of a dataset is: by its file or its sample id, never by its place alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import DatacheckError
from datacheck.sources.dataset_lists import DatasetLists, class_name, lists_of
from datacheck.text import plural

SIZES_CHECKED = 64
"""Files whose size is compared with the known one: another dataset of the same names fails at nearly every one."""


@dataclass(frozen=True)
class KnownSamples:
    """The samples among which items are looked for.

    Attributes
    ----------
    table
        ``sample_id``, ``uri``, ``byte_size`` and ``label`` (a class name), a row a sample; all but the first may be
        null.
    classes
        The class names; code k is ``classes[k]``.
    what, made, again
        For messages: what knows the samples (``plan``), how it came to be (``was made``), and how to bring it up to
        date (``make the plan again``).
    error
        What is raised.
    """

    table: pa.Table
    classes: tuple[str, ...]
    what: str
    made: str
    again: str
    error: type[DatacheckError]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def name(self, row: np.integer[Any] | int) -> str:
        """Return the sample id of a row."""
        return str(self.table["sample_id"][int(row)])


@dataclass(frozen=True)
class Matched:
    """The items of a dataset among the known samples.

    Attributes
    ----------
    rows
        The row of the known samples that each item is; shape [M].
    classes
        The class names in the order of the dataset's codes, where it names them.
    labels_checked
        Whether the labels of all items were compared.
    by_place
        Whether the items were matched by their place, as only samples without any other name are.
    """

    rows: NDArray[np.int64]
    classes: tuple[str, ...] | None
    labels_checked: bool
    by_place: bool = False


def match_items(
    known: KnownSamples, dataset: Any, paths: Sequence[Any] | None = None, lists: DatasetLists | None = None
) -> Matched:
    """Find each item of a map-style dataset among the known samples.

    Parameters
    ----------
    known
        Name their samples by file or by sample id.
    dataset
        One with the paths of its files (``ImageFolder`` and its like), a ``Subset`` or a ``ConcatDataset`` of such, or
        any other with ``paths``. Only samples that are named by their place alone (arrays, lists) are matched by place.
    paths
        The path of each item, or its sample id where samples are no files.
    lists
        What the dataset says of its items, where `lists_of` cannot know it.

    Raises
    ------
    DatacheckError
        ``known.error``, when items cannot be identified, are unknown or occur twice, when a name stands for several
        samples, or when labels or file sizes differ.
    """
    n_items, lists = len(dataset), lists_of(dataset) if lists is None else lists
    given = None if paths is None else [os.fspath(path) for path in paths]
    if given is not None and len(given) != n_items:
        raise known.error(f"paths: expected the path of each of the dataset's {n_items:,} items, found {len(given):,}")
    names = lists.paths if given is None else given
    if names is None:
        rows = _by_place(known, n_items)
    else:
        by_id = None if given is None else _by_id(known, given)
        rows = _by_path(known, names) if by_id is None else by_id
    if given is None and lists.paths is not None:
        _check_sizes(known, rows, lists.paths)
    labels = lists.named()
    if labels is not None:
        _check_labels(known, rows, labels)
    return Matched(rows, lists.classes, labels is not None, by_place=names is None)


def _by_id(known: KnownSamples, names: Sequence[str]) -> NDArray[np.int64] | None:
    """Return the rows of names that are all sample ids; None where one is not."""
    ids = known.table["sample_id"].to_pylist()
    row_of = dict(zip(ids, range(len(ids)), strict=True))
    rows = np.array([row_of.get(name, -1) for name in names], dtype=np.int64)
    return None if (rows < 0).any() else _once(known, rows, ids)


def _by_path(known: KnownSamples, paths: Sequence[str]) -> NDArray[np.int64]:
    """Return the row of each path: an id, or a file below one folder that all ids are relative to."""
    names = [_normal(name) for name in pc.coalesce(known.table["uri"], known.table["sample_id"]).to_pylist()]
    row_of = dict(zip(names, range(len(names)), strict=True))
    attempts = [[row_of.get(_normal(path), -1) for path in paths]]
    if -1 in attempts[0]:
        whole = [_normal(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - must not follow links
        attempts[0] = [row_of.get(path, row) for path, row in zip(whole, attempts[0], strict=True)]
        attempts += [
            [row_of.get(path.removeprefix(root), -1) if path.startswith(root) else -1 for path in whole]
            for root in _roots(whole, row_of)
        ]
    complete = [found for found in attempts if -1 not in found]
    if len(complete) > 1:
        raise known.error(
            f"{paths[0]!r} can be {' or '.join(repr(names[found[0]]) for found in complete)} of the {known.what}: give "
            f"paths= as the {known.what} names them"
        )
    rows = np.array(min(attempts, key=lambda found: found.count(-1)), dtype=np.int64)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        example = f"; it knows samples such as {names[0]!r}" if names else ", which has no sample"
        raise known.error(
            f"{len(unknown):,} of {plural(len(paths), 'item')} are unknown to the {known.what}, such as "
            f"{paths[unknown[0]]!r}{example}: {known.again} for this dataset, "
            f"or give paths= as the {known.what} names them"
        )
    _refuse_shared_names(known, rows, names)
    return _once(known, rows, names)


def _refuse_shared_names(known: KnownSamples, rows: NDArray[np.int64], names: Sequence[str]) -> None:
    """Refuse items whose name several samples have: which of them an item is, its name does not say."""
    counts = Counter(names)
    shared = next((names[row] for row in rows.tolist() if counts[names[row]] > 1), None) if len(names) else None
    if shared is not None:
        raise known.error(
            f"{shared!r} is the file of {counts[shared]:,} samples of the {known.what}: give paths=[...], "
            "the sample_id of each item"
        )


def _once(known: KnownSamples, rows: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.int64]:
    """Return the rows; refuse a sample that several items are."""
    counts = np.bincount(rows, minlength=1)
    if counts.max(initial=0) > 1:
        twice = int(counts.argmax())
        raise known.error(
            f"{plural(int((counts > 1).sum()), 'file')} of the {known.what} occur more than once in the dataset, such "
            f"as {names[twice]!r}: give each file once"
        )
    return rows


def _roots(paths: Sequence[str], row_of: Mapping[str, int]) -> list[str]:
    """Return the folders that the ids may be relative to, judged by the first path below one, deepest last."""
    depths = sorted({name.count("/") + 1 for name in row_of}, reverse=True)
    for path in paths:
        parts = path.split("/")
        roots = ["/".join(parts[:-depth]) + "/" for depth in depths if "/".join(parts[-depth:]) in row_of]
        if roots:
            return roots
    return []


def _normal(path: str) -> str:
    return Path(path).as_posix()


def _by_place(known: KnownSamples, n_items: int) -> NDArray[np.int64]:
    """Return the rows in their order, where the samples are named by their place alone."""
    ids, uris = known.table["sample_id"].to_pylist(), known.table["uri"]
    named = uris.null_count < len(known)
    if named or not all(name.isdigit() and int(name) == row for row, name in enumerate(ids)):
        what = "file" if named else "sample"
        example = pc.coalesce(uris, known.table["sample_id"])[0].as_py()
        raise known.error(
            f"the {known.what} names each sample by its {what}, such as {example!r}, and the dataset does not say "
            f"which {what} each item is: give paths=[...], the {'path' if named else 'sample_id'} of each item in its "
            "order"
        )
    if n_items != len(known):
        raise known.error(
            f"the {known.what} {known.made} for {plural(len(known), 'sample')}, the dataset has {n_items:,}: "
            "give the dataset that the manifest was made from, in its order, or paths=[...], the sample_id of each item"
        )
    return np.arange(n_items)


def _check_sizes(known: KnownSamples, rows: NDArray[np.int64], paths: Sequence[str]) -> None:
    """Refuse files that differ in size from those that were scanned."""
    sizes = known.table["byte_size"].to_pylist()
    for item in np.unique(np.linspace(0, len(rows) - 1, SIZES_CHECKED).astype(int)) if len(rows) else ():
        wanted = sizes[rows[item]]
        try:
            found = Path(paths[item]).stat().st_size
        except OSError:
            continue
        if wanted is not None and found != wanted:
            raise known.error(
                f"{paths[item]!r} has {found:,} bytes, in the {known.what} {wanted:,}: another dataset with files of "
                f"the same names, or changed since; {known.again}, or give paths= if these are copies in another format"
            )


def _check_labels(known: KnownSamples, rows: NDArray[np.int64], labels: Sequence[Any]) -> None:
    expected = known.table["label"].take(pa.array(rows)).to_pylist()
    wrong = [
        item
        for item, (one, other) in enumerate(zip(expected, labels, strict=True))
        if one is not None and class_name(other, known.classes) != one
    ]
    if wrong:
        item = wrong[0]
        raise known.error(
            f"sample {known.name(rows[item])!r} is {expected[item]!r} in the {known.what} and {labels[item]!r} in the "
            f"dataset ({len(wrong):,} of {plural(len(rows), 'label')} differ): the order or the labels have changed "
            f"since the {known.what} {known.made}"
        )
