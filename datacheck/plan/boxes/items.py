"""All items of a plan about boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.plan.boxes.anchors import anchors_item
from datacheck.plan.boxes.crops import crop_item, flip_item
from datacheck.plan.boxes.rare import class_weights_item, image_weights, sampling_item
from datacheck.plan.boxes.sizes import input_size_item, scale_item, tiling_item
from datacheck.plan.boxes.training import TrainingBoxes
from datacheck.plan.items import PlanItem

FEWEST = 10
"""Boxes from which a share says anything."""


def box_items(boxes: TrainingBoxes, seed: int) -> list[PlanItem]:
    """Return what the boxes of the training images say about the training, each with what was measured on them.

    No detector is trained: everything is counted on the annotations.
    """
    if len(boxes) < FEWEST:
        return [
            PlanItem(
                kind="boxes",
                name="boxes",
                verdict="not measured",
                summary=f"needs {FEWEST} boxes with an area in training images of known size, found {len(boxes)}",
            )
        ]
    size = input_size_item(boxes)
    side = int(size.settings["size"])
    items = [
        size,
        tiling_item(boxes, side),
        scale_item(boxes, side),
        crop_item(boxes, seed),
        flip_item(boxes),
        anchors_item(boxes, side, seed),
    ]
    if (boxes.counts() > 0).sum() > 1:
        items += [sampling_item(boxes), class_weights_item(boxes)]
    return items


def repeat_weights(boxes: TrainingBoxes, n_rows: int) -> NDArray[np.float64]:
    """Return how often to draw each row of the dataset, 1 for what is no training image; [n_rows]."""
    weights = np.ones(n_rows)
    weights[boxes.rows] = image_weights(boxes)[0]
    return weights
