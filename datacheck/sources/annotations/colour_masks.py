"""Masks whose classes are colours, read by the table of colours that lies beside them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datacheck.manifest import COLOUR_BASE, Inventory, ItemKind, Manifest, MaskFormat, Question, Used
from datacheck.manifest.readers import FileReader
from datacheck.sources.annotations.colour_tables import colour_table
from datacheck.sources.files import text
from datacheck.text import listed, plural

N_LOOKED_AT = 8
"""Masks that are looked at to find out whether they have the colours of a table."""

MAIN_SHARE = 0.01
"""Share of the pixels of these masks from which on a colour is a main one."""

KNOWN_SHARE = 0.5
"""The table must have more than this share of the main colours, else it is about something else."""

_MOST_PIXELS = 1 << 26
"""Larger masks (67 million pixels) are not looked at for this."""


def read_by_colours(manifest: Manifest, classes: tuple[str, ...] | None) -> Manifest | None:
    """Return the manifest of masks that a table of colours beside them gives their classes; None where none does.

    The table's names are the classes, in its order, unless the caller gave some of them as ``classes``: then these are,
    and the other names follow as values without a class. Colours that the table lacks stay unread.
    """
    if manifest.root is None or not isinstance(manifest.reader, FileReader):
        return None
    uris = [uri for uri in manifest.table["label_uri"].to_pylist() if uri is not None]
    place, table = _table(manifest.root, uris)
    if not table or not _has_colours(manifest.reader, uris, table):
        return None
    names = tuple(dict.fromkeys(table.values()))
    others = [name for name in classes or () if name not in names]
    if others:
        question = Question(
            f"masks were not read by the colours of {place}: it has no class {listed(others, 3)}, which classes= names"
        )
        return replace(manifest, classes=classes or (), inventory=manifest.inventory + Inventory(questions=(question,)))
    ordered = classes or names
    ordered += tuple(name for name in names if name not in ordered)
    form = MaskFormat(
        colours=tuple((colour, ordered.index(name)) for colour, name in table.items()), names=ordered, table=place
    )
    rest = replace(
        manifest.inventory, unread=tuple(item for item in manifest.inventory.unread if item.name != form.table)
    )
    return replace(
        manifest,
        classes=classes or names,
        mask_format=form,
        took_for=f"{manifest.took_for}; masks read by the {plural(len(table), 'colour')} of {place}",
        inventory=rest + Inventory((Used(place, ItemKind.FILE, "colours of the classes"),)),
    )


def _table(root: Path, uris: Sequence[str]) -> tuple[str, dict[int, str]]:
    """Return the first table in the dataset's folder, in the folders of masks, or in those between."""
    folders = [Path(uri).parent for uri in dict.fromkeys(f"{uri.rpartition('/')[0]}/-" for uri in uris)]
    inside = [each for each in folders if not each.is_absolute() and ".." not in each.parts]
    for folder in dict.fromkeys([Path(), *(one for each in inside for one in (each, *each.parents))]):
        name, table = colour_table(root / folder)
        if table:
            return text((folder / name).as_posix()), table
    return "", {}


def _has_colours(reader: FileReader, uris: Sequence[str], table: dict[int, str]) -> bool:
    """Return whether a table is about the colours of masks, by some that are spread evenly."""
    some = [uris[k] for k in np.unique(np.linspace(0, len(uris) - 1, N_LOOKED_AT).astype(int))] if uris else []
    pixels = [each for each in (_colours(reader, uri) for uri in some) if each is not None]
    if not pixels:
        return False
    found, counts = np.unique(np.concatenate(pixels), return_counts=True)
    main = found[counts >= MAIN_SHARE * counts.sum()]
    return float(np.isin(main, list(table)).mean()) > KNOWN_SHARE


def _colours(reader: FileReader, uri: str) -> NDArray[np.int64] | None:
    """Return the colours of the pixels of a mask that is stored in colours; None for one of numbers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(reader.read(uri)))
            if image.mode not in ("RGB", "RGBA") or image.width * image.height > _MOST_PIXELS:
                return None
            pixels = np.asarray(image.convert("RGB")).astype(np.int64).reshape(-1, 3)
    except Exception:  # decoders raise all kinds of errors for damaged files
        return None
    return (pixels[:, 0] * COLOUR_BASE + pixels[:, 1]) * COLOUR_BASE + pixels[:, 2]
