"""Regions of masks on the review page: the session alone, and the page in a real browser, by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from datacheck.annotations.runs import region_of, runs_of
from datacheck.cli import run as datacheck_command
from datacheck.errors import RelabelError
from datacheck.relabel.masks.queue import MASK_QUEUE_SCHEMA, MaskQueue
from datacheck.relabel.review import MaskReviewSession, ReviewServer
from tests.relabel.masks.test_chain_of_masks import FAULTY, check_corrected, pixels, probed_run
from tests.relabel.shown_review import shown_review


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return probed_run(tmp_path)


def session_of(run: Path) -> MaskReviewSession:
    return MaskReviewSession(MaskQueue.load(run), run / "masks/answers.parquet", "ann", clock=lambda: "2026-01-01")


def answers_of(session: MaskReviewSession) -> list[tuple[str, str | None]]:
    return [(row["answer"], row["label"]) for rows in session.given_answers().values() for row in rows]


def test_the_suggested_class_corrects_the_mask_and_undo_takes_it_back(run: Path) -> None:
    session = session_of(run)
    session.receive({"question": 0, "verdict": "suggested", "seconds": 1.5})
    assert answers_of(session) == [("accept", None), ("paint", "box")]
    assert session.overview()["items"][0]["answer"] == {"verdict": "suggested", "label": None}
    assert session.overview()["counts"] == ("how many of 12 regions are of another class cannot be told",)
    session.receive({"question": 0, "verdict": "given"})
    assert answers_of(session) == [("accept", None)]
    assert session.overview()["items"][0]["answer"] == {"verdict": "given", "label": None}
    assert session.undo() == 0
    assert answers_of(session) == [("accept", None), ("paint", "box")]
    check_corrected(run)
    assert session.undo() == 0
    assert answers_of(session) == []
    assert session.undo() is None


@pytest.mark.parametrize("verdict", ["given", "unsure", "skip"])
def test_other_answers_change_nothing(run: Path, verdict: str) -> None:
    session = session_of(run)
    session.receive({"question": 0, "verdict": verdict})
    assert [label for _, label in answers_of(session)] == [None]
    assert session.overview()["items"][0]["answer"]["verdict"] == verdict


def test_the_region_is_the_spoiled_one_and_a_random_image_shows_its_whole_mask(run: Path) -> None:
    options = ["--random-share", "0.5", "--budget", "4", "--replace"]
    assert datacheck_command(["queue", "make", str(run), *options]) == 0
    session = session_of(run)
    first, *others = session.overview()["items"]
    assert first["id"] == FAULTY
    wrong = pixels(run.parent / "set/masks/03.png") != pixels(run.parent / "right/03.png")
    found = session.region(0)
    assert found["given"] == found["suggested"]
    assert (region_of(found["given"], *wrong.shape) == wrong).all()
    assert {each["kind"] for each in others} == {"random"}
    values = pixels(run.parent / "set/masks" / Path(others[0]["id"]).name)
    parts = session.region(others[0]["question"])["parts"]
    assert [part["label"] for part in parts] == ["disc", "box"]
    for value, part in enumerate(parts, start=1):
        assert (region_of(part["runs"], *values.shape) == (values == value)).all()
    with pytest.raises(RelabelError, match="no region to change"):
        session.receive({"question": others[0]["question"], "verdict": "suggested"})


def test_a_border_is_shown_as_given_and_moved_and_what_is_missing_as_suggested_alone(run: Path) -> None:
    session = session_of(run)
    row = session.queue.table.to_pylist()[0]
    size = row["height"], row["width"]
    region = region_of(row["runs"], *size)
    ahead, behind = np.roll(region, 3, axis=1) & ~region, region & ~np.roll(region, 3, axis=1)
    patches = [{"label": "disc", "runs": runs_of(ahead)}, {"label": "ground", "runs": runs_of(behind)}]
    for change, given, suggested in (
        (
            {"kind": "border", "given": "disc", "suggested": "disc", "patches": patches},
            region,
            np.roll(region, 3, axis=1),
        ),
        ({"kind": "missing"}, region & False, region),
    ):
        table = pa.Table.from_pylist([{**row, **change}], schema=MASK_QUEUE_SCHEMA)
        found = replace(session, queue=replace(session.queue, table=table)).region(0)
        assert (region_of(found["given"], *size) == given).all()
        assert (region_of(found["suggested"], *size) == suggested).all()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"question": 99, "verdict": "given"}, "the region is not in the queue"),
        ({"question": True, "verdict": "given"}, "the region is not in the queue"),
        ({"question": 0, "verdict": "erase"}, "expected an answer among"),
        ({"question": 0, "verdict": "class"}, "expected a class"),
        ({"question": 0, "verdict": "class", "label": "disk"}, "class 'disk' is not among the 3 classes"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_saved(run: Path, body: dict[str, Any], why: str) -> None:
    session = session_of(run)
    with pytest.raises(RelabelError, match=why):
        session.receive(body)
    assert not session.path.exists()


def test_the_command_serves_the_regions_and_says_what_comes_next(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answered(server: ReviewServer) -> None:
        assert isinstance(server.session, MaskReviewSession)
        server.session.receive({"question": 0, "verdict": "suggested"})
        raise KeyboardInterrupt

    monkeypatch.setattr(ReviewServer, "serve_forever", answered)
    assert datacheck_command(["review", str(run), "--no-open", "--annotator", "ann"]) == 0
    said = capsys.readouterr().out
    assert "1 region, answers in" in said
    assert "1 of 1 answered" in said
    check_corrected(run)


@pytest.fixture
def page(browser: Any, run: Path) -> Iterator[Any]:
    with shown_review(browser, session_of(run), "#drawing[data-view='given']") as shown:
        yield shown


DRAWN = """() => { const c = document.getElementById("drawing");
    const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; let n = 0;
    for (let k = 3; k < d.length; k += 4) n += d[k] > 0; return n; }"""


@pytest.mark.slow
def test_a_region_is_answered_by_mouse_and_keyboard(page: Any, run: Path) -> None:
    wrong = pixels(run.parent / "set/masks/03.png") != pixels(run.parent / "right/03.png")
    assert page.evaluate(DRAWN) == int(wrong.sum())
    page.keyboard.press("h")
    page.wait_for_selector("#drawing[data-view='none']")
    assert page.evaluate(DRAWN) == 0
    page.keyboard.press("2")
    page.wait_for_selector("#drawing[data-view='suggested']")
    assert page.evaluate(DRAWN) == int(wrong.sum())
    page.keyboard.press("g")
    page.wait_for_selector("text=All regions are answered.")
    assert answers_of(session_of(run)) == [("accept", None)]
    page.keyboard.press("u")
    page.wait_for_selector("#drawing[data-view='given']")
    assert answers_of(session_of(run)) == []
    page.select_option("#label", "box")
    page.click("#class")
    page.wait_for_selector("text=All regions are answered.")
    assert answers_of(session_of(run)) == [("accept", None), ("paint", "box")]
    check_corrected(run)
    page.reload()
    page.wait_for_selector("text=All regions are answered.")
    page.click("#again")
    page.wait_for_selector("#state:has-text('answered: suggested')")
