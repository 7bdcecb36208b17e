"""How a contract searches for copies of images: as the audit of the accepted dataset did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.search import decided, search_duplicates
from datacheck.manifest import Manifest
from datacheck.scanning.measurements import Measurements

if TYPE_CHECKING:
    from datacheck.report import Report


@dataclass(frozen=True)
class CopySearch:
    """How thoroughly copies are searched for.

    Attributes
    ----------
    search
        ``features`` reads images a second time, to find crops and small rotations too; ``exact`` finds no near
        duplicates.
    max_distance
        Bits in which the perceptual hashes of near duplicates may differ.
    """

    search: DuplicateSearch = DuplicateSearch.AUTO
    max_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE

    @classmethod
    def of_report(cls, report: Report) -> Self:
        """Return the search of an audit, with what its size decided, so that new data of any size is searched alike."""
        search = DuplicateSearch(report.settings.get("duplicates", DuplicateSearch.AUTO))
        if report.measurements is not None:
            search = decided(search, report.manifest, report.measurements)
        distance = report.settings.get("near_duplicate_distance", DEFAULT_NEAR_DUPLICATE_DISTANCE)
        return cls(search, int(distance))

    def find(
        self, manifest: Manifest, measurements: Measurements, progress: Callable[[int, int], None] | None = None
    ) -> DuplicateClusters:
        """Return the clusters of copies of a dataset."""
        return search_duplicates(
            manifest, measurements, search=self.search, max_distance=self.max_distance, progress=progress
        )


AS_AN_AUDIT = CopySearch()
"""What an audit does where nothing is said."""
