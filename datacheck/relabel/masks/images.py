"""The images and masks that questions and answers are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import xxhash
from numpy.typing import NDArray

from datacheck.annotations.mask_files import mask_files_of
from datacheck.annotations.masks import mask_values
from datacheck.annotations.pixels import FIRST_TURNED, image_sizes
from datacheck.annotations.turns import UNKNOWN, mask_turns, orientations, turned, turned_back
from datacheck.errors import RelabelError
from datacheck.manifest import Manifest, MaskFormat, Task
from datacheck.manifest.readers import SampleReader, SampleReadError
from datacheck.scanning.measurements import Measurements

Values = NDArray[np.int64]

_Pixel = TypeVar("_Pixel", bound=np.generic)


@dataclass(frozen=True)
class MaskImage:
    """An image with its mask: both are of the same width and height in pixels, upright.

    ``sample_id``, ``uri``, ``files`` (one of its mask, or one an object) and ``split`` are as in the manifest.
    """

    sample_id: str
    uri: str
    files: tuple[str, ...]
    width: int
    height: int
    split: str | None = None
    orientation: int = 1
    """EXIF orientation of the image, which turns a mask that is stored sideways as the image is."""

    @property
    def mask(self) -> str:
        """What names the mask: its file, or the image where each object has one."""
        return self.files[0] if len(self.files) == 1 else self.uri


@dataclass(frozen=True)
class MaskImages:
    """Images of a dataset with their masks, by sample id.

    Attributes
    ----------
    images
        The images.
    classes, values
        Names of the K classes, and what a pixel of each holds.
    form
        How pixels are read.
    reader
        Reads the files.
    identity
        Identity of the dataset.
    left_out
        Why an image that was wanted is not among them, by its sample id.
    of_objects
        Whether each object has a mask file: then a pixel is 1 where there is an object, and 0 elsewhere.
    """

    images: dict[str, MaskImage]
    classes: tuple[str, ...]
    values: tuple[int, ...]
    form: MaskFormat
    reader: SampleReader | None = field(repr=False)
    identity: str = ""
    left_out: dict[str, str] = field(default_factory=dict, repr=False)
    of_objects: bool = False

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        measurements: Measurements | None,
        sample_ids: Iterable[str],
        classes: dict[str, int],
        *,
        identity: str = "",
    ) -> MaskImages:
        """Return some images of a manifest with masks, those of unknown size and turned ones left out.

        Parameters
        ----------
        manifest, measurements
            The dataset, and its scan.
        sample_ids
            Which images, in this order.
        classes
            What a pixel of each class holds, by its name.
        identity
            Identity of the dataset.

        Raises
        ------
        RelabelError
            When the dataset has no masks, or a sample is not in it.
        """
        if manifest.task is not Task.SEGMENTATION or "uri" not in manifest:
            raise RelabelError("the dataset has no masks of image files")
        masks = mask_files_of(manifest)
        position = {sample_id: row for row, sample_id in enumerate(manifest.sample_ids.to_pylist())}
        sizes = image_sizes(manifest, measurements)
        orientation = orientations(measurements, len(manifest))
        in_doubt = mask_turns(sizes.stored, sizes, orientation) == UNKNOWN
        columns = {name: manifest.table[name] for name in ("uri", "split") if name in manifest}
        images: dict[str, MaskImage] = {}
        left_out: dict[str, str] = {}
        for sample_id in dict.fromkeys(sample_ids):
            row = position.get(sample_id)
            if row is None:
                raise RelabelError(f"sample {sample_id!r} is not in the manifest: it belongs to another dataset")
            entry = {name: column[row].as_py() for name, column in columns.items()}
            reason = _why_left_out(masks[row], bool(in_doubt[row]), bool(np.isnan(sizes.stored[row]).any()))
            if reason:
                left_out[sample_id] = reason
                continue
            width, height = sizes.upright[row].astype(int).tolist()
            images[sample_id] = MaskImage(
                sample_id, entry["uri"], tuple(masks[row]), width, height, entry.get("split"), int(orientation[row])
            )
        names, values = tuple(classes), tuple(classes.values())
        form = manifest.mask_format
        return cls(images, names, values, form, manifest.reader, identity, left_out, manifest.has_instances)

    def content(self, uri: str) -> bytes:
        """Return a mask file.

        Raises
        ------
        RelabelError
            When it cannot be read.
        """
        try:
            content = None if self.reader is None else self.reader.read(uri)
        except SampleReadError as error:
            raise RelabelError(f"{uri} cannot be read: {error}") from error
        if not isinstance(content, bytes):
            raise RelabelError(f"{uri}: expected a mask file")
        return content

    def pixels(self, sample_id: str) -> Values:
        """Return the value of each pixel of a mask, upright as its image is shown; [h, w].

        Raises
        ------
        RelabelError
            When the mask cannot be read, or has another size than its image.
        """
        if self.of_objects:
            merged: Values = np.any(list(self.objects_of(sample_id).values()), axis=0).astype(np.int64)
            return merged
        image = self.images[sample_id]
        (uri,) = image.files
        stored = self.values_in(uri)
        found = self._upright(image, stored)
        if found is None:
            size = f"{stored.shape[1]} x {stored.shape[0]}"
            raise RelabelError(f"{uri}: expected a mask of {image.width} x {image.height} pixels, found {size}")
        return found

    def objects_of(self, sample_id: str) -> dict[str, NDArray[np.bool_]]:
        """Return where the object of each mask file of an image is, upright, by its path; [h, w] each.

        Files of another size than the image are left out.

        Raises
        ------
        RelabelError
            When a file cannot be read, or there is none of the image's size.
        """
        image = self.images[sample_id]
        found = {uri: self._upright(image, self.values_in(uri)) for uri in image.files}
        objects = {uri: values != 0 for uri, values in found.items() if values is not None}
        if not objects:
            raise RelabelError(f"{image.uri}: expected masks of {image.width} x {image.height} pixels, found none")
        return objects

    def values_in(self, uri: str) -> Values:
        """Return the value of each pixel of a mask file as it is stored; [h, w].

        Raises
        ------
        RelabelError
            When it cannot be read.
        """
        found = mask_values(self.content(uri), self.form)
        if found is None:
            raise RelabelError(f"{uri} cannot be read as a mask")
        return np.asarray(found, dtype=np.int64)

    def _upright(self, image: MaskImage, stored: Values) -> Values | None:
        """Return stored pixels as the image is shown; None where they are of another size."""
        found = turned(stored, image.orientation) if self._is_sideways(image, stored) else stored
        return found if found.shape == (image.height, image.width) else None

    def as_stored(self, sample_id: str, stored: Values, pixels: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """Return upright pixels, [h, w], turned as the stored ones of a mask file are."""
        image = self.images[sample_id]
        return turned_back(pixels, image.orientation) if self._is_sideways(image, stored) else pixels

    @staticmethod
    def _is_sideways(image: MaskImage, found: NDArray[np.generic]) -> bool:
        return image.orientation >= FIRST_TURNED and found.shape == (image.width, image.height)

    def codes(self, pixels: Values) -> NDArray[np.int16]:
        """Return the class number of each pixel, -1 for a value that is no class; [h, w].

        Examples
        --------
        >>> images = MaskImages({}, ("road", "car"), (0, 7), MaskFormat(), None)
        >>> images.codes(np.array([[7, 255, 0]])).tolist()
        [[1, -1, 0]]
        """
        order = np.argsort(self.values)
        known = np.asarray(self.values, dtype=np.int64)[order]
        place = np.searchsorted(known, pixels).clip(0, len(known) - 1)
        return np.where(known[place] == pixels, order[place], -1).astype(np.int16)


def _why_left_out(files: list[str], turned: bool, unknown: bool) -> str | None:
    if not files:
        return "it has no mask"
    if turned:
        return "its EXIF orientation turns it, and it is not known whether the mask is turned too"
    return "its size is not known" if unknown else None


def pixels_hash(pixels: Values) -> str:
    """Return a hash of a mask's pixels, whatever its file's compression.

    Examples
    --------
    >>> pixels_hash(np.zeros((2, 3), np.int64)) == pixels_hash(np.zeros((3, 2), np.int64))
    False
    """
    return xxhash.xxh3_128_hexdigest(np.ascontiguousarray(pixels).tobytes()) + f"-{pixels.shape[0]}x{pixels.shape[1]}"
