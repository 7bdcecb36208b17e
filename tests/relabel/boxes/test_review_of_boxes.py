"""Boxes on the review page: the session alone, and the page in a real browser, by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.answers import SIDES
from datacheck.relabel.boxes.queue import BOX_QUEUE_SCHEMA, BoxQueue
from datacheck.relabel.review import BoxReviewSession
from tests.annotations.drawn import HEIGHT, WIDTH, drawn_objects
from tests.relabel.boxes.drawn_run import audited, images_of
from tests.relabel.shown_review import shown_review


@pytest.fixture
def session(tmp_path: Path) -> BoxReviewSession:
    """Three images with one, two and three boxes; one of each is in question."""
    run = audited(tmp_path, "YOLO", drawn_objects(3))
    images = images_of(run)
    rows = []
    for rank, image in enumerate(images.images.values()):
        first = image.boxes[0]
        row: dict[str, Any] = {"rank": rank, "sample_id": image.sample_id, "annotation_id": 1, "given": first.label}
        row |= {"kind": "class", "suggested": "cone", "reason": f"is {first.label!r}, looks like 'cone'"}
        if rank == 1:
            corners = dict(zip((f"suggested_{side}" for side in SIDES), (4.0, 6.0, 40.0, 44.0), strict=True))
            row |= {"kind": "misplaced", "suggested": None, "reason": "overlaps 40 %", **corners}
        rows.append(row)
    table = pa.Table.from_pylist(rows, schema=BOX_QUEUE_SCHEMA)
    path = run / "boxes" / "answers.parquet"
    return BoxReviewSession(BoxQueue(table, images, tmp_path / "set"), path, "ann", clock=lambda: "2026-01-01")


def rows_of(session: BoxReviewSession) -> list[tuple[str, int | None, str, str | None, list[float] | None]]:
    found = []
    for rows in session.given_answers().values():
        for row in rows:
            box = None if row["left"] is None else [round(row[side], 1) for side in SIDES]
            found.append((Path(row["sample_id"]).name, row["annotation_id"], row["answer"], row["label"], box))
    return found


def test_an_image_is_saved_as_it_is_left_and_undo_takes_it_back(session: BoxReviewSession) -> None:
    item = session.overview()["items"][1]
    boxes = [
        {"id": 1, "label": "cone", "box": item["given"][0]["box"]},
        {"id": None, "label": "box", "box": [1, 2, 9, 9]},
    ]
    session.receive({"id": item["id"], "boxes": boxes, "seconds": 2.0})
    given = item["given"][0]["label"]
    first = (item["id"].rpartition("/")[2], 1, *(("change", "cone") if given != "cone" else ("accept", None)), None)
    assert sorted(rows_of(session), key=str) == sorted(
        [first, (first[0], 2, "delete", None, None), (first[0], None, "add", "box", [1, 2, 9, 9])], key=str
    )
    now = session.overview()["items"][1]["now"]
    assert [(each["id"], each["label"], each["box"]) for each in now] == [
        (1, "cone", item["given"][0]["box"]), (None, "box", [1.0, 2.0, 9.0, 9.0]),
    ]  # fmt: skip
    assert session.undo() == item["id"]
    assert rows_of(session) == []
    assert session.undo() is None


def test_a_second_save_replaces_the_first_and_a_skip_says_nothing_of_the_boxes(session: BoxReviewSession) -> None:
    item = session.overview()["items"][0]
    session.receive({"id": item["id"], "boxes": []})
    assert [row[2] for row in rows_of(session)] == ["delete"]
    session.receive({"id": item["id"], "skip": True})
    assert [row[2] for row in rows_of(session)] == ["skip"]
    assert session.overview()["items"][0]["skipped"]
    assert session.undo() == item["id"]
    assert [row[2] for row in rows_of(session)] == ["delete"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"id": "other.jpg", "boxes": []}, "the image is not in the queue"),
        ({"boxes": [{"id": 1, "label": "cup", "box": [1, 2, 3, 4]}]}, "class 'cup' is not among the 3 classes"),
        ({"boxes": [{"id": 1, "label": "cone", "box": [1, 2, 3]}]}, "expected left, top, right and bottom"),
        ({"boxes": [{"id": None, "label": "cone", "box": [5, 5, 5.2, 9]}]}, "at least 1 pixel"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_saved(
    session: BoxReviewSession, body: dict[str, Any], why: str
) -> None:
    first = session.overview()["items"][0]["id"]
    with pytest.raises(RelabelError, match=why):
        session.receive({"id": first, **body})
    assert not session.path.exists()


@pytest.fixture
def page(browser: Any, session: BoxReviewSession) -> Iterator[Any]:
    with shown_review(browser, session, "rect.box") as shown:
        yield shown


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one place of the image to another, in pixels of the image."""
    place = page.locator("#drawing").bounding_box()
    points = [
        (place["x"] + x / WIDTH * place["width"], place["y"] + y / HEIGHT * place["height"]) for x, y in (start, end)
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


@pytest.mark.slow
def test_boxes_are_corrected_by_mouse_and_keyboard(page: Any, session: BoxReviewSession) -> None:
    items = session.overview()["items"]
    one, two = items[0]["given"][0], items[1]["given"]
    page.keyboard.press("3" if session.queue.classes[2] != one["label"] else "1")  # another class
    left, top, right, bottom = one["box"]
    middle = ((left + right) / 2, (top + bottom) / 2)
    drag(page, middle, (middle[0] + 10, middle[1] + 5))
    drag(page, (90, 60), (70, 45))  # a missing box, drawn from its lower right corner
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Image 2 of 3")
    page.keyboard.press("a")  # the suggested place
    page.keyboard.press("Tab")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Image 3 of 3")
    page.keyboard.press("x")
    page.keyboard.press("u")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=All images are answered.")
    page.wait_for_selector("#saved:has-text('saved')")
    found = {(name, number): (answer, label, box) for name, number, answer, label, box in rows_of(session)}
    answer, label, box = found["0000.jpg", 1]
    assert (answer, label) == ("change", session.queue.classes[2 if session.queue.classes[2] != one["label"] else 0])
    assert box == pytest.approx([left + 10, top + 5, right + 10, bottom + 5], abs=1)
    assert found["0000.jpg", None][0] == "add"
    assert found["0000.jpg", None][2] == pytest.approx([70, 45, 90, 60], abs=1)
    assert found["0001.jpg", 1] == ("change", None, [4.0, 6.0, 40.0, 44.0])
    assert found["0001.jpg", 2] == ("delete", None, None)
    assert found["0002.jpg", 1] == ("accept", None, None)
    assert len(two) == 2


@pytest.mark.slow
def test_a_corner_resizes_and_a_reloaded_page_shows_what_was_saved(page: Any, session: BoxReviewSession) -> None:
    left, top, right, bottom = session.overview()["items"][0]["given"][0]["box"]
    drag(page, (right, bottom), (right + 6, bottom + 4))
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Image 2 of 3")
    page.wait_for_selector("#saved:has-text('saved')")
    page.reload()
    page.wait_for_selector("text=Image 2 of 3")
    page.keyboard.press("[")
    page.wait_for_selector("text=Image 1 of 3")
    assert float(page.locator("rect.box").get_attribute("width")) == pytest.approx(right + 6 - left, abs=1)
    ((_, _, answer, _, box),) = rows_of(session)
    assert answer == "change"
    assert box == pytest.approx([left, top, right + 6, bottom + 4], abs=1)
