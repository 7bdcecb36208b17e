"""Green means read: what was given or asked and was not judged keeps an audit from exiting with 0."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datacheck.findings import Failed, Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Question, Remedy, Task, Unread, Used
from datacheck.report import Report, RuleOutcome, concise, render
from datacheck.report.gaps import NAMES_ONLY
from datacheck.report.terminal import Screen
from datacheck.report.terminal import render as render_terminal
from datacheck.rules import RULES

IMAGES = Manifest.from_columns({"uri": ["a.png", "b.png"]}, took_for="images without labels")
SPECIES = Unread(
    "species", ItemKind.COLUMN, "its name is not that of a label", HoldsLabels.MAYBE, 54,
    remedy=Remedy.option("label", "species"),
)  # fmt: skip
BOXES = Unread("labels/*.txt", ItemKind.FILE, "boxes cannot be read yet", HoldsLabels.YES, 34)


def outcome(code: str, what: Outcome) -> RuleOutcome:
    return RuleOutcome(code, code.lower(), what)


PIXELS = (outcome("DC101", Passed()), outcome("DC401", Passed()))
NAMES = (outcome("DC104", Passed()), outcome("DC107", Passed()), outcome("DC401", NotApplicable("no image was read")))


def report(manifest: Manifest, *outcomes: RuleOutcome, unread: tuple[Unread, ...] = (), **fields: object) -> Report:
    return Report(replace(manifest, inventory=Inventory(unread=unread)), outcomes=outcomes, **fields)  # type: ignore[arg-type]


def test_the_rules_that_read_names_only_exist_and_are_few() -> None:
    known = {rule.code for rule in RULES}
    assert known >= NAMES_ONLY
    assert len(known - NAMES_ONLY) > 30
    assert not {"DC101", "DC201", "DC301", "DC401", "DC501"} & NAMES_ONLY


def test_images_of_which_pixels_were_judged_are_green() -> None:
    assert report(IMAGES, *PIXELS).exit_code() == 0
    assert report(IMAGES, *PIXELS).gaps == ()


def test_a_run_of_which_only_names_were_judged_is_not_green() -> None:
    blind = report(IMAGES, *NAMES)
    assert blind.exit_code() == 2
    assert [gap.text for gap in blind.gaps] == [
        "only names were judged, no label and no pixel (1 rule: no image was read)"
    ]
    assert report(IMAGES, *NAMES, outcome("DC402", Passed())).exit_code() == 0


def test_a_selection_of_rules_that_read_names_only_is_judged_by_them() -> None:
    assert report(IMAGES, *NAMES[:2]).exit_code() == 0


def test_labels_that_were_found_and_not_read_are_not_green() -> None:
    unread = report(IMAGES, *PIXELS, unread=(BOXES,))
    assert unread.exit_code() == 2
    assert unread.gaps[0].text == ("'labels/*.txt' (34 files) holds labels and was not read: boxes cannot be read yet")


def test_columns_that_may_hold_labels_keep_a_dataset_without_labels_from_green() -> None:
    unlabelled = report(IMAGES, *PIXELS, unread=(SPECIES,))
    assert unlabelled.exit_code() == 2
    assert unlabelled.gaps[0].text.startswith("no labels were read, and 'species' may hold them")
    assert unlabelled.gaps[0].remedy == Remedy("--label species", "label='species'")
    declared = report(IMAGES, *PIXELS, unread=(SPECIES,), settings={"source": {"task": "unlabelled"}})
    assert declared.exit_code() == 0
    labelled = Manifest.from_columns({"uri": ["a.png", "b.png"], "label": ["cat", "dog"]})
    assert report(labelled, *PIXELS, unread=(SPECIES,)).exit_code() == 0


def test_label_files_that_were_only_paired_by_name_are_not_green() -> None:
    pairs = Manifest.from_columns({"uri": ["a.png"], "label_uri": ["a.txt"]}, task=Task.PAIRED)
    assert report(pairs, *PIXELS).exit_code() == 2
    assert report(pairs, *PIXELS).gaps[0].text.startswith("the label files were not opened")
    assert len(report(pairs, *PIXELS, unread=(BOXES,)).gaps) == 1


def test_what_was_asked_and_could_not_be_done_is_not_green() -> None:
    asked = report(IMAGES, *PIXELS, unmet=("the probe could not be trained: one class",))
    assert asked.exit_code() == 2
    assert asked.gaps[0].text == "the probe could not be trained: one class"


def test_a_finding_comes_before_a_gap_and_a_crash_before_both() -> None:
    finding = Finding(code="DC101", name="x", severity=Severity.ERROR, message="m", remedy="r")
    found = report(IMAGES, outcome("DC101", Found((finding,))), unread=(BOXES,))
    assert found.exit_code() == 1
    assert report(IMAGES, outcome("DC101", Found((finding,))), outcome("DC401", Failed("x"))).exit_code() == 2


def test_the_terminal_says_in_its_first_lines_what_was_not_read_and_how_to_read_it() -> None:
    unlabelled = report(IMAGES, *PIXELS, unread=(SPECIES,))
    shell = render_terminal(unlabelled, screen=Screen(120)).splitlines()
    assert shell[2].startswith("✖ unjudged no labels were read, and 'species' may hold them")
    assert shell[2].endswith("say so with --task unlabelled")
    assert shell[3] == "           → pass --label species"
    assert shell[5] == "✖ 2 rules judged, nothing found, but not everything was judged: see above"
    assert shell[-1] == "next    the same with --label species"
    python = render_terminal(unlabelled, screen=Screen(120, caller="python"))
    assert "task='unlabelled'" in python
    assert "→ pass label='species'" in python
    assert "✔" not in python


def test_questions_unused_files_and_notes_are_shown_with_their_remedies() -> None:
    inventory = Inventory(
        used=(Used("*.png", ItemKind.FILE, "images", 60),),
        unread=(Unread("Thumbs.db", ItemKind.FILE, "the system keeps it"), replace(BOXES, labels=HoldsLabels.MAYBE)),
        questions=(Question("all images are of one class, 'pets'", Remedy.option("class_level", "2")),),
    )
    labelled = Manifest.from_columns({"uri": ["a.png"], "label": ["pets"]}, inventory=inventory)
    shown = render_terminal(Report(labelled, outcomes=PIXELS, notes=("the probe is kept",)), screen=Screen(120))
    assert "▲ question all images are of one class, 'pets'\n           → pass --class-level 2\n" in shown
    assert "▲ unread   'labels/*.txt' (34 files) may hold labels and was not read: boxes cannot be read yet\n" in shown
    assert "● unread   1 file not used: 'Thumbs.db'\n" in shown
    assert "● note     the probe is kept\n" in shown
    assert "✔ 2 rules judged, nothing found" in shown


def test_a_notebook_shows_a_gap_in_the_language_of_python() -> None:
    unlabelled = report(IMAGES, *PIXELS, unread=(SPECIES,))
    shown = unlabelled._repr_html_()
    assert "no labels were read, and &#x27;species&#x27; may hold them" in shown
    assert "<small>pass label=&#x27;species&#x27;</small>" in shown
    assert repr(unlabelled) == "<Report of 2 samples: 0 error, 0 warning, 0 info, 1 unjudged; 2 rules>"


@pytest.mark.parametrize("format", ["concise", "junit", "sarif", "github", "html", "json"])
def test_every_format_tells_a_gap(format: str) -> None:
    text = render(report(IMAGES, *PIXELS, unread=(BOXES,)), format)
    assert "boxes cannot be read yet" in text


def test_concise_has_a_line_for_each() -> None:
    lines = concise.render(report(IMAGES, *PIXELS, unread=(SPECIES,))).splitlines()
    assert lines[0] == "dataset: 2 images"
    assert lines[2].startswith("dataset: unjudged: no labels were read, and 'species'")
    assert lines[2].endswith(". Fix: pass --label species")
