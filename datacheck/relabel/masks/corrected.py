"""Corrected mask files: the decisions about pixels, in the format that each file has."""

from __future__ import annotations

from dataclasses import dataclass, field

from datacheck.annotations.runs import region_of
from datacheck.errors import RelabelError
from datacheck.relabel.masks.decisions import MaskCorrections, unchanged_pixels
from datacheck.relabel.masks.images import MaskImages, Values
from datacheck.relabel.masks.objects import corrected_objects
from datacheck.relabel.masks.written import with_values
from datacheck.relabel.submissions import Row


@dataclass(frozen=True)
class CorrectedMasks:
    """The mask files that change.

    Attributes
    ----------
    files
        The new content of each, by its path below the root; None for the file of an object that is gone.
    pixels
        How many pixels change in all.
    refused
        The masks that cannot be written, each with the reason.
    """

    files: dict[str, bytes | None] = field(repr=False)
    pixels: int
    refused: tuple[str, ...]

    @classmethod
    def plan(cls, corrections: MaskCorrections, images: MaskImages) -> CorrectedMasks:
        """Make the corrected content of all masks that change; writes nothing.

        Each is read again, and holds the decided pixels and no other change.

        Raises
        ------
        RelabelError
            When a mask is missing, or has changed since the questions were made.
        """
        by_image: dict[str, list[Row]] = {}
        for row in corrections.changes:
            by_image.setdefault(row["sample_id"], []).append(row)
        value_of = dict(zip(images.classes, images.values, strict=True))
        files: dict[str, bytes | None] = {}
        refused, changed = [], 0
        for sample_id, rows in by_image.items():
            before = unchanged_pixels(images, sample_id, rows[0]["mask_hash"])
            after = before.copy()
            for row in rows:
                after[region_of(row["runs"], row["height"], row["width"])] = value_of[row["new_label"]]
            names = images.images[sample_id].files
            if taken := [name for name in names if name in files]:
                refused.append(f"{taken[0]}: it is the mask of several images")
                continue
            try:
                found, reasons = _files_of(images, sample_id, before, after)
            except RelabelError as error:
                refused.append(str(error))
                continue
            files |= found
            refused += [f"{images.images[sample_id].uri}, {reason}" for reason in reasons]
            changed += int((after != before).sum())
        return cls(files, changed, tuple(refused))


def _files_of(
    images: MaskImages, sample_id: str, before: Values, after: Values
) -> tuple[dict[str, bytes | None], list[str]]:
    """Return the corrected mask files of an image, and why some pixels are not in them."""
    if images.of_objects:
        found = corrected_objects(images, sample_id, after)
        return found.files, found.refused
    (uri,) = images.images[sample_id].files
    content = images.content(uri)
    values = images.values_in(uri)
    old, new = (images.as_stored(sample_id, values, each) for each in (before, after))
    try:
        return {uri: with_values(content, old, new, images.form)}, []
    except RelabelError as error:
        raise RelabelError(f"{uri}: {error}") from error
