"""Queues of images with several questions each: what those of boxes and of masks share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest
from datacheck.relabel.submissions import Row
from datacheck.scanning.measurements import Measurements


class QueuedImage(Protocol):
    """An image that is asked about."""

    @property
    def sample_id(self) -> str:
        """As in the manifest."""
        ...

    @property
    def uri(self) -> str:
        """As in the manifest."""
        ...


class QueuedImages(Protocol):
    """The images that are asked about, with the classes that an answer may give."""

    @property
    def images(self) -> Mapping[str, QueuedImage]:
        """The images by their sample id."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that an answer may give."""
        ...

    @property
    def identity(self) -> str:
        """Identity of the dataset."""
        ...


class ImageQueue:
    """Questions about some images, in order; those of one image together.

    A subclass has ``table``, a row a question with ``rank`` and ``sample_id``, and ``images``.
    """

    table: pa.Table

    @property
    def _queued(self) -> QueuedImages:
        """The images that the questions are about."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def identity(self) -> str:
        """Identity of the dataset."""
        return self._queued.identity

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that an answer may give."""
        return self._queued.classes

    @property
    def sample_ids(self) -> list[str]:
        """The images in the order of the queue."""
        return list(dict.fromkeys(self.table["sample_id"].to_pylist()))

    def rows(self) -> list[Row]:
        """Return an entry an image: ``rank``, ``sample_id``, ``uri``, and its ``questions``."""
        uris = {image.sample_id: image.uri for image in self._queued.images.values()}
        found: dict[str, Row] = {}
        for row in self.table.to_pylist():
            name = row["sample_id"]
            entry = {"rank": row["rank"], "sample_id": name, "uri": uris[name], "questions": []}
            found.setdefault(name, entry)["questions"].append(row)
        return list(found.values())


@dataclass(frozen=True)
class WantedImages:
    """How many images a queue has.

    Attributes
    ----------
    budget
        How many in all.
    random_share
        Share of them drawn at random from the images without a question: what the probe does not find is found on
        these alone.
    seed
        Seed of the random images.
    """

    budget: int = 500
    random_share: float = 0.0
    seed: int = 0

    def check(self) -> None:
        """Raise `RelabelError` where the wishes make no sense."""
        if self.budget < 1 or not 0 <= self.random_share <= 1:
            raise RelabelError(
                f"expected a budget of at least 1 image and a share in [0, 1], found {self.budget}, {self.random_share}"
            )

    def drawn(self, order: list[str], everything: list[str]) -> DrawnImages:
        """Return the first images of an order, and some of all others drawn at random."""
        known = set(order)
        others = [name for name in everything if name not in known]
        n_random = min(round(self.budget * self.random_share), len(others))
        places = np.random.default_rng(self.seed).permutation(len(others))[:n_random].tolist()
        return DrawnImages(order[: self.budget - n_random], [others[k] for k in places])


@dataclass(frozen=True)
class DrawnImages:
    """The images of a queue: the suspect ones in order, and those drawn at random."""

    suspect: list[str]
    at_random: list[str]

    @property
    def all(self) -> list[str]:
        """The suspect ones, then the others."""
        return [*self.suspect, *self.at_random]

    def questions(self) -> list[Row]:
        """Return the question of each image that was drawn at random."""
        return [{"sample_id": name, "kind": "random", "reason": "drawn at random"} for name in self.at_random]


def image_order(questions: Iterable[Row]) -> list[str]:
    """Return the images by their worst question: the first of each kind, then the second of each, and so on.

    Examples
    --------
    >>> image_order([{"sample_id": "a", "kind": "x"}, {"sample_id": "b", "kind": "x"}, {"sample_id": "c", "kind": "y"}])
    ['a', 'c', 'b']
    """
    place: dict[str, int] = {}
    best: dict[str, tuple[int, float]] = {}
    for row in questions:
        place[row["kind"]] = place.get(row["kind"], -1) + 1
        key = (place[row["kind"]], -(row.get("error_probability") or 0.0))
        best[row["sample_id"]] = min(best.get(row["sample_id"], key), key)
    return sorted(best, key=lambda sample_id: best[sample_id])


def queued_dataset(run: Path) -> tuple[Manifest, Measurements | None]:
    """Return the manifest of a run folder and its measurements, None where the audit scanned nothing."""
    path = run / "measurements.parquet"
    return Manifest.load(run / "manifest.parquet"), Measurements.load(path) if path.exists() else None
