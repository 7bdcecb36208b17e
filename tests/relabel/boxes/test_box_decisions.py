"""Several people answer about the same boxes: the most votes count, a tie changes nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.errors import RelabelError
from datacheck.manifest import AnnotationFormat, Unit
from datacheck.relabel.boxes.answers import BoxAnswers, accept_boxes
from datacheck.relabel.boxes.decisions import decide
from datacheck.relabel.boxes.images import BoxImage, BoxImages, KnownBox
from tests.relabel.boxes.drawn_run import answer

BOX = (10.0, 10.0, 30.0, 30.0)
TWO = (KnownBox(1, "cup", BOX, "cup", BOX), KnownBox(2, "jar", BOX, "jar", BOX))
IMAGES = BoxImages(
    {"a": BoxImage("a", "a.jpg", 100, 100, TWO, "x")},
    ("cup", "jar", "pot"),
    AnnotationFormat("Pascal VOC", Unit.PIXELS),
)  # fmt: skip


def decided(*rows: dict[str, Any]) -> list[tuple[int | None, str, str | None, float | None]]:
    """Return the annotation id, decision, new class and new left side of each decision."""
    answers, refusals = accept_boxes(rows, IMAGES)
    assert not refusals
    table = decide(answers, IMAGES).table.to_pylist()
    return [(row["annotation_id"], row["decision"], row["new_label"], row["new_left"]) for row in table]


def vote(person: str, kind: str, number: int | None = 1, **more: Any) -> dict[str, Any]:
    return answer(hash((person, kind, number, str(more))), "a", kind, number, person=person, **more)


def test_two_of_three_decide_each_aspect_by_itself() -> None:
    rows = [
        vote("ann", "change", label="pot", box=(12, 10, 30, 30)),
        vote("bob", "change", label="pot"),
        vote("cid", "change", box=(16, 10, 30, 30)),
    ]
    assert decided(*rows) == [(1, "change", "pot", 14.0)]


@pytest.mark.parametrize(
    ("votes", "decision"),
    [
        ([("ann", "delete", {}), ("bob", "delete", {}), ("cid", "accept", {})], "delete"),
        ([("ann", "delete", {}), ("bob", "accept", {})], "disputed"),
        ([("ann", "change", {"label": "pot"}), ("bob", "change", {"label": "jar"})], "disputed"),
        ([("ann", "change", {"box": (1, 1, 9, 9)}), ("bob", "accept", {})], "disputed"),
        ([("ann", "accept", {}), ("bob", "accept", {}), ("cid", "delete", {})], "accept"),
    ],
)
def test_a_tie_is_disputed(votes: list[tuple[str, str, dict[str, Any]]], decision: str) -> None:
    ((_, found, label, left),) = decided(*(vote(person, kind, **more) for person, kind, more in votes))
    assert (found, label, left) == (decision, None, None)


def test_a_person_who_left_a_box_as_it_is_votes_to_keep_it() -> None:
    rows = [vote("ann", "delete", 2), vote("bob", "accept", 1)]
    assert decided(*rows) == [(1, "accept", None, None), (2, "disputed", None, None)]


def test_the_latest_submission_of_a_person_counts_and_a_skip_is_no_vote() -> None:
    rows = [
        vote("ann", "delete", at="2026-01-01"),
        vote("ann", "accept", at="2026-01-02"),
        vote("bob", "skip", None),
    ]
    assert decided(*rows) == [(1, "accept", None, None)]


def test_boxes_that_several_people_add_at_one_object_are_one() -> None:
    rows = [
        vote("ann", "add", None, label="pot", box=(50, 50, 70, 70)),
        vote("bob", "add", None, label="pot", box=(54, 50, 74, 70)),
        vote("bob", "add", None, label="cup", box=(5, 80, 15, 95)),
        vote("cid", "accept"),
    ]
    assert decided(*rows) == [(1, "accept", None, None), (None, "add", "pot", 52.0)]


def test_answers_about_another_dataset_are_not_merged() -> None:
    one, two = BoxAnswers.from_rows([], "1f"), BoxAnswers.from_rows([], "2e")
    with pytest.raises(RelabelError, match="they belong to another queue"):
        one.merge(two)


votes = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["accept", "delete", "change", "add"]), st.sampled_from([1, 2]),
              st.sampled_from(IMAGES.classes)),
    min_size=1, max_size=8, unique_by=lambda each: (each[0], each[1] == "add", each[2]),
)  # fmt: skip


@settings(deadline=None)
@given(votes, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(found: list[tuple[str, str, int, str]], order: random.Random) -> None:
    rows = []
    for person, kind, number, label in found:
        more: dict[str, Any] = {"label": label} if kind == "change" else {}
        if kind == "add":
            more = {"label": label, "box": (50 + number, 50, 70, 70)}
        rows.append(vote(person, kind, None if kind == "add" else number, **more))
    mixed = order.sample(rows, len(rows))
    assert sorted(decided(*rows), key=str) == sorted(decided(*mixed), key=str)
