"""Corrected masks of one file an object: pixels taken from objects or given to one, files that go, and new files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from datacheck.annotations.masks import mask_values
from datacheck.errors import RelabelError
from datacheck.probing.segments.regions import components
from datacheck.relabel.masks.images import MaskImages, Values
from datacheck.relabel.masks.written import with_values

Inside = NDArray[np.bool_]

GROWS = 0.25
"""Share of a painted region's outline along an object from which it is taken for a part of that object.

A band around an object has half of its outline along it; a neighbour that touches has a small part.
"""

LEAST = 0.5
"""Share of the smallest object from which on painted pixels are a new object, and no crumbs of a coarse outline."""

_AROUND = np.ones((3, 3), dtype=bool)
"""A pixel and its eight neighbours."""

_NUMBERED = re.compile(r"(?P<name>|.*[-_. ])(?P<number>\d+)", re.DOTALL)


@dataclass
class CorrectedObjects:
    """What becomes of the mask files of an image.

    Attributes
    ----------
    files
        The new content of each file that changes, None where its object is gone.
    refused
        Why some of the painted pixels are not written.
    """

    files: dict[str, bytes | None] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def corrected_objects(images: MaskImages, sample_id: str, after: Values) -> CorrectedObjects:
    """Return the mask files of an image that change where its objects shall cover other pixels.

    What is no object any more leaves all files. A region that becomes object is a new one where it touches none, and a
    part of the one object along which enough of its outline lies.

    Parameters
    ----------
    images, sample_id
        The images, and which of them.
    after
        Nonzero where there shall be an object, upright; [h, w].
    """
    found = CorrectedObjects()
    before = images.objects_of(sample_id)
    objects = {uri: inside & (after != 0) for uri, inside in before.items()}
    kept = dict(objects)
    new: list[Inside] = []
    smallest = min((int(inside.sum()) for inside in before.values() if inside.any()), default=0)
    for part, _ in components((after != 0) & ~_any(before.values(), after.shape), least=1):
        owner, why = _owner(part, kept)
        if not why and owner is None and part.sum() < LEAST * smallest:
            why = f"they are too few for a new object: the smallest of the image has {smallest:,}"
        if why:
            left, top = (int(where.min()) for where in np.nonzero(part)[::-1])
            found.refused.append(f"{int(part.sum()):,} pixels at x {left}, y {top}: {why}")
        elif owner is None:
            new.append(part)
        else:
            objects[owner] = objects[owner] | part
    for uri, inside in objects.items():
        if not np.array_equal(inside, before[uri]):
            found.files[uri] = _written(images, sample_id, uri, inside) if inside.any() else None
    template = max(before, key=lambda uri: int(before[uri].sum()))
    for uri, inside in zip(_free_names(list(before), images), new, strict=False):
        found.files[uri] = _written(images, sample_id, template, inside)
    return found


def _any(objects: Iterable[Inside], shape: tuple[int, ...]) -> Inside:
    found = np.zeros(shape, dtype=bool)
    for inside in objects:
        found |= inside
    return found


def _owner(part: Inside, objects: Mapping[str, Inside]) -> tuple[str | None, str]:
    """Return the object that a painted region belongs to, None for a new one; or why that is not clear."""
    outline = part & ~ndimage.binary_erosion(part)
    near = ndimage.binary_dilation(part, _AROUND)
    touched = {uri: inside for uri, inside in objects.items() if (inside & near).any()}
    if not touched:
        return None, ""
    shares = {
        uri: (outline & ndimage.binary_dilation(inside, _AROUND)).sum() / outline.sum()
        for uri, inside in touched.items()
    }
    owners = [uri for uri, share in shares.items() if share >= GROWS]
    if len(owners) == 1:
        return owners[0], ""
    names = ", ".join(list(touched)[:2])
    return None, (
        f"whether they are a new object or a part of one is not clear, for they touch {names}: leave a pixel between "
        "two objects"
    )


def _written(images: MaskImages, sample_id: str, uri: str, inside: Inside) -> bytes:
    """Return a mask file whose object covers other pixels, [h, w] upright; in the value that it has there."""
    content = images.content(uri)
    values = np.asarray(mask_values(content, images.form), dtype=np.int64)
    stored = images.as_stored(sample_id, values, inside)
    found, counts = np.unique(values[values != 0], return_counts=True)
    if not len(found):
        raise RelabelError(f"{uri}: it is blank, as are all masks of the image, so the value of an object is not known")
    usual = found[counts.argmax()]
    after = np.where(stored, np.where(values != 0, values, usual), 0)
    try:
        return with_values(content, values, after, images.form)
    except RelabelError as error:
        raise RelabelError(f"{uri}: {error}") from error


def _free_names(uris: list[str], images: MaskImages) -> Iterator[str]:
    """Yield names for new files beside those of an image, numbered on where they are numbered.

    Examples
    --------
    >>> from datacheck.manifest import MaskFormat
    >>> names = _free_names(["m/1_0.png", "m/1_09.png"], MaskImages({}, (), (), MaskFormat(), None))
    >>> next(names), next(names)
    ('m/1_10.png', 'm/1_11.png')
    """
    paths = [PurePosixPath(uri) for uri in uris]
    numbered = [found for path in paths if (found := _NUMBERED.fullmatch(path.stem))]
    last = max(numbered, key=lambda each: int(each["number"]), default=None)
    name, digits = (f"{paths[-1].stem}_", "0") if last is None else (last["name"], last["number"])
    number = int(digits)
    while True:
        number += 1
        uri = str(paths[-1].with_name(f"{name}{number:0{len(digits)}d}{paths[-1].suffix}"))
        if uri not in uris and (images.reader is None or images.reader.stamp(uri) is None):
            yield uri
