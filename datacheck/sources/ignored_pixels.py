"""The value of pixels of masks that do not count, as the caller declares it."""

from __future__ import annotations

from dataclasses import replace

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Task


def with_ignore_index(manifest: Manifest, ignore_index: int) -> Manifest:
    """Return a manifest of masks whose ignored value is declared.

    Raises
    ------
    SourceError
        When the dataset has no masks, or the value is no whole number.

    Examples
    --------
    >>> pair = {"uri": ["a.jpg"], "label_uri": ["a.png"]}
    >>> with_ignore_index(Manifest.from_columns(pair, task=Task.SEGMENTATION), 11).mask_format.ignored
    11
    """
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, int):
        raise SourceError(f"ignore_index: expected the value of a pixel, a whole number, found {ignore_index!r}")
    if manifest.task is not Task.SEGMENTATION:
        raise SourceError(f"ignore_index: expected a dataset with masks, found one of {manifest.task.value}; drop it")
    return replace(
        manifest,
        mask_format=replace(manifest.mask_format, ignore_index=ignore_index),
        took_for=f"{manifest.took_for}; pixels of {ignore_index} are ignored",
    )
