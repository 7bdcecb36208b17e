"""Exact and near duplicates among the measured samples, and the clusters that they form.

`datacheck.duplicates.clusters` finds them; it loads SciPy, so that this module imports nothing.
"""

DEFAULT_NEAR_DUPLICATE_DISTANCE = 6
"""Largest number of differing bits, of the 64 of a perceptual hash, between near duplicates.

On 241 TrashNet photos, JPEG at quality 30 and scaling to a third change at most 4 bits, a crop of 2 % a side at most 6
in 89 % of the photos; the two closest different photos differ in 8 bits.
"""

SEARCHES = ("auto", "exact", "hash", "features")
"""How thoroughly duplicates are searched for: see `datacheck.duplicates.search.DuplicateSearch`."""
