"""What COCO files about boxes and about masks share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.formats.reading import MAX_ITEM, open_bounded

IMAGE_KEY = "datacheck_id"
"""The key by which an image is found again."""


def read_coco(source: Path) -> dict[str, Any]:
    """Return what a COCO file holds.

    Raises
    ------
    RelabelError
        When it is no such file.
    """
    with open_bounded(source) as file:
        try:
            value = json.loads(file.read(MAX_ITEM + 1))
        except (ValueError, RecursionError) as error:
            raise RelabelError(f"{source}: expected a COCO file, but {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("images"), list):
        raise RelabelError(f"{source}: expected COCO's lists 'images' and 'annotations', found none")
    return value
