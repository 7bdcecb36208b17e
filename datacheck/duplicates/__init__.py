"""Exact and near duplicates among the measured samples, and the clusters that they form.

`datacheck.duplicates.clusters` finds them; it loads SciPy, so that this module does not import it.
"""

from enum import StrEnum

DEFAULT_NEAR_DUPLICATE_DISTANCE = 6
"""Largest number of differing bits, of the 64 of a perceptual hash, between near duplicates.

On 241 TrashNet photos, JPEG at quality 30 and scaling to a third change at most 4 bits, a crop of 2 % a side at most 6
in 89 % of the photos; the two closest different photos differ in 8 bits.
"""


class DuplicateSearch(StrEnum):
    """How thoroughly duplicates of images are searched for, by `datacheck.duplicates.search`."""

    AUTO = "auto"
    """``features`` up to `search.MOST_BY_DEFAULT` images that can be read again, `search.MOST_TINY_BY_DEFAULT` of
    those under 64 pixels, else ``hash``, whose pairs are then compared by their pixels
    (`search.MOST_CONFIRMED` of them)."""
    EXACT = "exact"
    """Equal bytes."""
    HASH = "hash"
    """Also what the scan measured: copies that were saved again, scaled, mirrored, turned, or changed in tone."""
    FEATURES = "features"
    """Also crops, small rotations and watermarks: the nearest pictures are read again and laid over one another."""
