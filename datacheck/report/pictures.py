"""The pictures of an HTML report: embedded once each, within a budget of bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Protocol

from datacheck.errors import StorageError
from datacheck.report.record import ReportRecord
from datacheck.scanning import ThumbnailStore
from datacheck.scanning.read_again import ReadAgain
from datacheck.scanning.thumbnails import data_uri

_COMMA = 4
"""Bytes that a data URI takes in a list beside its own: the quotes, a comma and a space."""

_ASKED = 128
"""Pictures that are asked for at a time: images may be read for it, until the budget is spent."""

BUDGET = 3_000_000
"""Bytes of base64 text that the pictures of one report may take; with 1,000 classes the rest takes 1 to 2 MB."""


class Thumbnails(Protocol):
    """What the scan's thumbnail store offers."""

    def get(self, sample_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the encoded pictures of some samples; samples without one are left out."""
        ...


@dataclass(frozen=True)
class PictureBook:
    """The pictures that fit.

    Attributes
    ----------
    uris
        A data URI for each distinct picture.
    index
        Position in ``uris`` by sample id.
    wanted, left_out
        How many samples asked for a picture, and how many of them were left out since it did not fit.
    """

    uris: tuple[str, ...] = ()
    index: dict[str, int] = field(default_factory=dict)
    wanted: int = 0
    left_out: int = 0


def open_thumbnails(report: ReportRecord, run_dir: Path | None = None) -> Thumbnails | None:
    """Return the store that the scan left in the run folder, or one that reads the images; None where neither is."""
    measurements = report.measurements
    again = None if measurements is None else ReadAgain.of(report.manifest, measurements)
    kept = None if measurements is None else measurements.thumbnails
    for place in (kept, run_dir):
        if place is not None:
            with suppress(StorageError):
                return replace(ThumbnailStore.open(place), again=again)
    return again


def collect(
    galleries: Iterable[Sequence[str]],
    store: Thumbnails | None,
    *,
    budget: int = BUDGET,
    after: Iterable[Sequence[str]] = (),
) -> PictureBook:
    """Embed the pictures of some galleries until the budget is spent.

    Every gallery gets its first picture before any gets its second, so that a long one does not use the whole budget.

    Parameters
    ----------
    galleries
        Sample ids, worst first, a sequence for each gallery.
    store
        Where the pictures are; None embeds nothing.
    budget
        Bytes of base64 text.
    after
        Galleries that get what the others leave.
    """
    order = list(dict.fromkeys(chain(_round_robin(list(galleries)), _round_robin(list(after)))))
    if store is None or not order:
        return PictureBook(wanted=len(order))
    uris: list[str] = []
    index: dict[str, int] = {}
    seen: dict[bytes, int] = {}
    spent = left_out = 0
    for start in range(0, len(order), _ASKED):
        part = order[start : start + _ASKED]
        if left_out:  # the others need not be read
            left_out += len(part)
            continue
        for sample_id, data in store.get(part).items():
            uri = data_uri(data)
            if uri is None:
                continue
            digest = hashlib.sha256(data).digest()
            if digest not in seen:
                size = len(uri) + _COMMA
                if spent + size > budget:
                    left_out += 1
                    continue
                spent += size
                seen[digest] = len(uris)
                uris.append(uri)
            index[sample_id] = seen[digest]
    return PictureBook(tuple(uris), index, wanted=len(order), left_out=left_out)


def _round_robin(galleries: Sequence[Sequence[str]]) -> Iterator[str]:
    for sample_id in chain.from_iterable(zip_longest(*galleries)):
        if sample_id is not None:
            yield sample_id
