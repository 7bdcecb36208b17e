"""Writes other values into a mask file, in the format that it has."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datacheck.annotations.masks import mask_values
from datacheck.errors import RelabelError
from datacheck.manifest import COLOUR_BASE, MaskFormat
from datacheck.relabel.masks.images import Values
from datacheck.relabel.masks.other_files import kind_of_image, with_samples_of
from datacheck.relabel.masks.png import SIGNATURE, PngKind, kind_of_png, with_samples

GREY_STEPS = {1: 255, 2: 85, 4: 17}
"""What grey samples of less than 8 bits are multiplied with where they are read: black to white is 0 to 255."""


def with_values(data: bytes, before: Values, after: Values, form: MaskFormat) -> bytes:
    """Return a mask file with other values at the pixels that differ; all other samples stay as they are.

    Parameters
    ----------
    data
        The file.
    before, after
        The values as `datacheck.annotations.masks.mask_values` reads them, and as they are to be; [h, w].
    form
        How pixels are read.

    Raises
    ------
    RelabelError
        When the file cannot hold the values.
    """
    is_png = data.startswith(SIGNATURE)
    kind = kind_of_png(data) if is_png else kind_of_image(data)
    samples = _samples(data, kind)
    where = before != after
    for grey in (True, False):
        changed = samples.copy()
        try:
            changed[where] = _written(after[where], kind, form, grey=grey)
        except RelabelError:
            if not grey or kind.channels == 1:
                raise
            continue
        written = with_samples(data, changed) if is_png else with_samples_of(data, changed)
        found = mask_values(written, form)
        if found is not None and np.array_equal(np.asarray(found, dtype=np.int64), after):
            return written
        if kind.channels == 1:
            break
    raise RelabelError("the file cannot hold the corrected classes without other changes")


def _samples(data: bytes, kind: PngKind) -> NDArray[np.int64]:
    """Return the samples of a mask file as it keeps them."""
    if kind.depth == 16 and kind.channels > 1:
        raise RelabelError("colours of 16 bits are not written back")
    try:
        image = Image.open(io.BytesIO(data))
        samples = np.asarray(image).astype(np.int64)
    except (OSError, SyntaxError, ValueError) as error:
        raise RelabelError(f"its pixels cannot be read: {error}") from error
    if kind.colour_type == 0 and kind.depth < 8:
        samples = samples if image.mode == "1" else samples // GREY_STEPS[kind.depth]
    expected = (kind.height, kind.width) if kind.channels == 1 else (kind.height, kind.width, kind.channels)
    if samples.shape != expected:
        raise RelabelError(f"its pixels are read as {image.mode}, which is not written back")
    return samples


def _written(values: Values, kind: PngKind, form: MaskFormat, *, grey: bool) -> NDArray[np.int64]:
    """Return the samples that stand for values, [n] or [n, channels]; a colour of equal parts where ``grey``."""
    if kind.channels == 1:
        step = GREY_STEPS.get(kind.depth, 1) if kind.colour_type == 0 else 1
        if kind.depth == 1 and kind.colour_type == 0:
            step = 1
        written = values // step
        if (values % step).any() or (written < 0).any() or (written >= 1 << kind.depth).any():
            raise RelabelError(f"a pixel of {kind.depth} bits cannot hold the value of the class")
        return written
    if kind.channels == 2 or (grey and not form.colours):
        if (values >= COLOUR_BASE).any():
            raise RelabelError("a grey pixel cannot hold the value of the class")
        colours = np.repeat(values[:, None], 1 if kind.channels == 2 else 3, axis=1)
    else:
        table = {value: form.colour_of(value) for value in np.unique(values).tolist()}
        packed = np.array([table[value] for value in values.tolist()], dtype=np.int64)
        colours = np.stack(
            [packed // COLOUR_BASE**2, packed // COLOUR_BASE % COLOUR_BASE, packed % COLOUR_BASE], axis=1
        )
    if kind.channels in (2, 4):
        return np.concatenate([colours, np.full((len(values), 1), 255)], axis=1)
    return colours
