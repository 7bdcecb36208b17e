"""Which images of a COCO file are which of a dataset."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence


def image_uris(file_names: Sequence[str], known: set[str]) -> list[str]:
    """Return the path below the root of each image that a COCO file lists.

    Parameters
    ----------
    file_names
        The images as the file writes them.
    known
        The paths below the root of those images, in any order.

    Examples
    --------
    >>> image_uris(["a.jpg", "b.jpg"], {"train/a.jpg", "train/b.jpg"})
    ['train/a.jpg', 'train/b.jpg']
    """
    names = [os.path.normpath(each).removeprefix("../") for each in file_names]
    wanted = set(names)
    hits: Counter[str] = Counter()
    for uri in sorted(known):
        parts = uri.split("/")
        hits.update("/".join(parts[:k]) for k in range(len(parts)) if "/".join(parts[k:]) in wanted)
    folder = hits.most_common(1)[0][0] if hits else ""
    return [f"{folder}/{name}" if folder else name for name in names]
