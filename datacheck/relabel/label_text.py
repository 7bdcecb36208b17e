"""Labels as text: how the queue, the answers and the annotation tools write the label of any task."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from datacheck.manifest import Task


def encode_labels(labels: Sequence[str]) -> str:
    """Return class names as a sorted JSON list, the form of a multilabel answer."""
    return json.dumps(sorted(labels), ensure_ascii=False)


def as_text(value: Any, task: Task) -> str | None:
    """Return a manifest's label as the queue writes it; None where there is none.

    Examples
    --------
    >>> as_text(["dog", "cat"], Task.MULTILABEL), as_text(2.0, Task.REGRESSION), as_text(None, Task.CLASSIFICATION)
    ('["cat", "dog"]', '2', None)
    """
    if value is None or (task is Task.REGRESSION and not np.isfinite(value)):
        return None
    if task is Task.MULTILABEL:
        return encode_labels(value)
    return f"{value:g}" if task is Task.REGRESSION else str(value)


def as_value(text: str, task: Task) -> Any:
    """Return a decided label as the manifest holds it."""
    if task is Task.MULTILABEL:
        return json.loads(text)
    return float(text) if task is Task.REGRESSION else text


def class_names(label: str | None, task: Task) -> list[str]:
    """Return the class names in a queue's label: none, one, or those of a multilabel answer.

    Examples
    --------
    >>> class_names('["cat", "dog"]', Task.MULTILABEL), class_names("cat", Task.CLASSIFICATION)
    (['cat', 'dog'], ['cat'])
    """
    if label is None:
        return []
    return list(json.loads(label)) if task is Task.MULTILABEL else [label]
