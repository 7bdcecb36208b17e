"""What is asked on a Label Studio server: labels of samples, boxes or regions of masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datacheck.relabel.boxes.formats.label_studio import INSTRUCTION, box_config, box_task
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.label_studio import labelling_config, task
from datacheck.relabel.formats.links import Links
from datacheck.relabel.masks.formats import label_studio as masks
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.relabel.queue import RelabelQueue

AnyQueue = RelabelQueue | BoxQueue | MaskQueue

_CHOOSE = (
    "Choose the class that the picture shows. The suggestion may be wrong. If the picture shows none of the classes, "
    "choose 'none of these'; if several are equally right, 'ambiguous'. Skip what you cannot decide."
)


def task_of(item: Mapping[str, Any], queue: AnyQueue, links: Links) -> dict[str, Any]:
    """Return one item of a queue as a task."""
    if isinstance(queue, MaskQueue):
        return masks.mask_task(item, queue, links)
    return box_task(item, queue, links) if isinstance(queue, BoxQueue) else task(item, queue, links)


def config_of(queue: AnyQueue) -> str:
    """Return the labelling config of a queue."""
    if isinstance(queue, MaskQueue):
        return masks.mask_config(queue)
    return box_config(queue) if isinstance(queue, BoxQueue) else labelling_config(queue)


def instruction_of(queue: AnyQueue) -> str:
    """Return what people are told to do."""
    if isinstance(queue, MaskQueue):
        return masks.INSTRUCTION + (masks.OF_OBJECTS if queue.images.of_objects else "")
    return INSTRUCTION if isinstance(queue, BoxQueue) else _CHOOSE
