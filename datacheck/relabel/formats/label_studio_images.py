"""What Label Studio's tasks about boxes and about masks share: an image with regions that people correct."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from datacheck.relabel.formats.base import problem
from datacheck.relabel.formats.label_studio import image_link, named_elements, submission_about, task_name, task_with
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import mapping, sequence
from datacheck.relabel.image_queue import ImageQueue
from datacheck.relabel.submissions import Row
from datacheck.storage import write_text

T = TypeVar("T")


def image_config(control: str, classes: Sequence[str], more: str = "") -> str:
    """Return the labelling config: the reason, the picture, and a control with a label for each class.

    Parameters
    ----------
    control
        The control's name and attributes, such as ``BrushLabels name="mask"``.
    classes
        The classes.
    more
        Further controls.
    """
    return (
        "<View>\n"
        '  <Text name="reason" value="$reason"/>\n'
        '  <Image name="image" value="$image" zoom="true" zoomControl="true"/>\n'
        f"  <{control}>\n{named_elements('Label', classes)}"
        f"  </{control.partition(' ')[0]}>\n"
        f"{more}"
        "</View>\n"
    )


def image_task(
    item: Mapping[str, Any], queue: ImageQueue, links: Links, reason: str, regions: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return one image as a task: its regions are the prediction, and its place in the queue the prediction's score."""
    data = {
        "image": image_link(item, links),
        "datacheck_id": item["sample_id"],
        "datacheck_dataset": queue.identity,
        "rank": item["rank"],
        "reason": reason,
    }
    return task_with(data, regions, n_items=len(queue))


def region_about(name: str, kind: str, control: str, width: int, height: int) -> dict[str, Any]:
    """Return what a region says besides its place: its id, its kind, its control, and the size of the image."""
    return {
        "id": name,
        "type": kind,
        "from_name": control,
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }


def image_answers(
    tasks: Iterator[Any],
    images: Mapping[str, T],
    about_of: Callable[[Mapping[str, Any], Mapping[str, Any]], Row],
    skipped: Callable[[T, Row], Row],
    answers: Callable[[Mapping[str, Any], T, Row], Iterator[Row]],
) -> Iterator[Row]:
    """Yield the answers of each annotation of each exported task.

    Parameters
    ----------
    tasks
        The export, task by task.
    images
        The images that may be answered, by sample id.
    about_of
        Returns who gave an annotation, and when, from the annotation and its task; see `annotators`.
    skipped, answers
        Return the row of an image that was skipped, and those of an annotation of an image; both are given the columns
        that all rows of the annotation share.
    """
    for entry in tasks:
        found = mapping(entry)
        if "annotations" not in found:
            yield problem("expected a task with 'annotations': export as JSON", task_name(found))
            continue
        for annotation in map(mapping, sequence(found["annotations"])):
            about = about_of(annotation, found)
            image = images.get(str(mapping(found.get("data")).get("datacheck_id")))
            if image is None:
                yield {**about, "problem": "the image is not in the queue"}
            elif annotation.get("was_cancelled") is True:
                yield skipped(image, about)
            else:
                yield from answers(annotation, image, about)


def annotators(people: Mapping[int, str], annotator: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Row]:
    """Return what says who gave an annotation, and when; ``people`` names the users by their number."""

    def about_of(annotation: Mapping[str, Any], task: Mapping[str, Any]) -> Row:
        about = submission_about(annotation, task, mapping(task.get("data")), people, annotator)
        return {**about, "submission": about["answer_id"]}

    return about_of


def write_tasks(target: Path, tasks: Sequence[Mapping[str, Any]], config: str, *, indent: int | None = 1) -> list[Path]:
    """Write tasks, and the labelling config beside them as ``<name>.config.xml``; return both paths."""
    beside = target.with_name(f"{target.stem}.config.xml")
    write_text(beside, config)
    write_text(target, json.dumps(tasks, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")
    return [target, beside]
