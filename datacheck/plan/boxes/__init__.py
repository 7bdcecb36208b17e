"""What a detection dataset's boxes say about its training: input size, tiles, anchors, crops, rare classes."""

from __future__ import annotations

from datacheck.plan.boxes.items import box_items, repeat_weights
from datacheck.plan.boxes.training import TrainingBoxes, training_boxes

__all__ = ["TrainingBoxes", "box_items", "repeat_weights", "training_boxes"]
