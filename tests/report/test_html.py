"""The HTML report without a browser: it asks for nothing, escapes everything, and stays small."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from datacheck.findings import Finding, Found, Severity, sample_issues
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Question, Remedy, Unread, Used
from datacheck.probing.outputs import ProbeOutputs
from datacheck.report import Report, RuleOutcome, render, write_html
from datacheck.report.dataset import dataset_title
from datacheck.report.evidence_blocks import evidence_blocks
from datacheck.report.html import render as render_html
from datacheck.report.pictures import collect
from datacheck.report.tables import histogram
from datacheck.report.views import GALLERY, finding_views
from datacheck.stats import Interval

from .conftest import CRASHED, HOSTILE, Pictures, make_report, measured


class Outline(HTMLParser):
    """Collects the tags, the attributes and the headings of a page, and that every tag is closed."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "line", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def full(report: Report, probe: ProbeOutputs) -> Report:
    return replace(report, probe=probe, outcomes=(*report.outcomes, CRASHED))


def test_everything_from_the_dataset_is_escaped(full: Report, pages: object) -> None:
    text = render_html(full, thumbnails=Pictures())
    assert HOSTILE not in text
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 10
    scripts = Outline(text).all("script")
    assert len(scripts) == 2
    ids = {attributes.get("alt") for attributes in Outline(text).all("img")}
    assert "dog/4 'x\" <b>.jpg" in ids


def test_the_page_refers_to_nothing_outside_itself(full: Report, pages: object) -> None:
    text = render_html(full, thumbnails=Pictures())
    assert "default-src 'none'" in text
    for tag, attributes in Outline(text).tags:
        for name in ("src", "href", "action", "srcset", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value)
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"url\(|@import", text)


def test_every_outcome_is_told(full: Report, pages: object) -> None:
    text = render_html(full, thumbnails=Pictures())
    for finding in full.findings:
        assert text.count(f'data-code="{finding.code}"') == 1
    assert "every file decodes" in text
    assert "not a pair of listings" in text
    assert "Not judged in full: 1 rule crashed" in text


def test_a_class_that_a_split_lacks_is_shouted(report: Report) -> None:
    text = render(report, "html")
    assert text.count("<span>none</span>") == 1
    assert "1 class is missing in at least one split." in text


def test_verdict_by_severity(report: Report) -> None:
    assert "Fix before training" in render(report, "html")
    assert "Train with care" in render(report.select("DC4"), "html")
    assert "No obstacle to training found" in render(report.select("DC2"), "html")
    assert "Fix before training" in render(report.select("DC4"), "html", fail_on=Severity.WARNING)


def test_an_inconclusive_count_has_no_estimate_and_no_curve(full: Report, pages: object) -> None:
    assert full.probe is not None
    assert full.probe.label_yield is not None
    unknown = replace(full.probe.label_yield, estimated_errors=Interval(2, 0, 3, n=5))
    text = render_html(replace(full, probe=replace(full.probe, label_yield=unknown)))
    assert "It is not known how many of 5 labels are wrong: 0 to 3 (95 % interval). Review the first 5 samples" in text
    assert "Expected share of wrong labels" not in text


def test_what_was_read_and_what_was_not_stands_on_the_page(report: Report) -> None:
    remedy = Remedy("--task x", "task='x'")
    inventory = Inventory(
        used=(Used("*.jpg", ItemKind.FILE, "images", 6, ("cat/1.jpg",)), Used("age", ItemKind.COLUMN, "feature", 4)),
        unread=(
            Unread("boxes.txt", ItemKind.FILE, "boxes cannot be read", HoldsLabels.YES, 34, (), remedy),
            Unread(HOSTILE, ItemKind.FILE, "no image"),
        ),
        questions=(Question("all images are of one class", Remedy("--class-level 2", "class_level=2")),),
    )  # fmt: skip
    quiet = replace(report.select("DC2"), manifest=replace(report.manifest, inventory=inventory), notes=("kept",))
    text = render(quiet, "html")
    assert "Not judged in full" in text
    assert "&#39;boxes.txt&#39; (34 files) holds labels and was not read: boxes cannot be read." in text
    assert "Fix: <code>--task x</code>, in Python <code>task=&#39;x&#39;</code>" in text
    assert "<td>*.jpg</td><td>images</td><td>6 files</td><td>cat/1.jpg</td>" in text
    assert "<td>age</td><td>feature</td><td>4 values</td>" in text
    assert "All images are of one class." in text
    assert "<li>Kept.</li>" in text
    assert HOSTILE not in text
    assert "How the dataset was read" not in render(report, "html")


def test_probe_section(full: Report, pages: object) -> None:
    text = render_html(full)
    assert "About 2 of 5 labels are wrong (95 % interval 1 to 2). Review the first 2 samples" in text
    assert "0.6 to 0.95" in text
    assert "Confusion matrix" in text


def test_duplicates_stand_side_by_side_with_their_conflict(report: Report) -> None:
    views = {view.finding.code: view for view in finding_views(report, {})}
    assert views["DC304"].side_by_side
    (group,) = views["DC304"].groups
    assert [tile.label for tile in group] == ["cat", HOSTILE]
    assert all(tile.conflicting for tile in group)
    assert not views["DC401"].side_by_side
    assert [tile.value for tile in views["DC401"].tiles] == ["0.01", "0.02", "0.05"]
    assert views["DC401"].splits == (0, 1)


def test_a_leaked_sample_stands_beside_its_twin_in_the_other_split(manifest: Manifest) -> None:
    finding = Finding(
        code="DC303", name="split-leakage", severity=Severity.ERROR, message="1", remedy="x",
        sample_ids=("cat/2.jpg",), n_affected=1,
    )  # fmt: skip
    issues = sample_issues("DC303", ["cat/2.jpg"], [1.0], related_id=["cat/1.jpg"], cluster=[7])
    report = make_report(manifest, outcomes=(RuleOutcome("DC303", "split-leakage", Found((finding,), issues)),))
    (view,) = finding_views(report, {})
    assert [tile.sample_id for tile in view.tiles] == ["cat/2.jpg", "cat/1.jpg"]
    assert (view.side_by_side, view.n_shown, view.n_total) == (True, 1, 1)


def test_a_mislabel_shows_the_given_and_the_suggested_label(manifest: Manifest) -> None:
    finding = Finding(
        code="DC501", name="likely-mislabel", severity=Severity.WARNING, message="1", remedy="x",
        sample_ids=("cat/1.jpg",), n_affected=1,
    )  # fmt: skip
    issues = sample_issues("DC501", ["cat/1.jpg"], [0.9], note=["owl"])
    report = make_report(manifest, outcomes=(RuleOutcome("DC501", "likely-mislabel", Found((finding,), issues)),))
    assert "<s>cat</s> → <b>owl</b>" in render(report, "html")


def test_pairs_stand_given_beside_right(manifest: Manifest) -> None:
    wrong = {"image": "cat/1.jpg", "given_label": "masks/10.png", "right_label": "masks/1.png"}
    finding = Finding(
        code="DC103", name="pairing", severity=Severity.ERROR, message="1", remedy="x", evidence={"examples": [wrong]}
    )
    report = make_report(manifest, outcomes=(RuleOutcome("DC103", "pairing", Found((finding,))),))
    text = render(report, "html")
    assert '<td class="given">masks/10.png</td><td class="right">masks/1.png</td>' in text


def test_pictures_are_embedded_once_within_the_budget() -> None:
    class Same:
        def get(self, sample_ids: object) -> dict[str, bytes]:
            return {"a": b"\xff\xd8\xff1", "b": b"\xff\xd8\xff1", "c": b"\xff\xd8\xff22", "d": b"<svg/>"}

    book = collect([["a", "c"], ["b", "d"]], Same())
    assert len(book.uris) == 2
    assert book.index == {"a": 0, "b": 0, "c": 1}
    small = collect([["a", "c"], ["b"]], Same(), budget=45)
    assert small.index == {"a": 0, "b": 0}
    assert small.left_out == 1


def test_evidence_becomes_facts_tables_and_curves() -> None:
    found = evidence_blocks(
        {
            "gap": {"value": 0.5, "low": 0.4, "high": 0.6},
            "names": ["a", "b"],
            "by split": {"train": {"n": 3}, "test": {"n": 1000}},
            "rows": [{"x": n, "y": "z"} for n in range(50)],
            "learning curve": [{"n": n, "value": n / 10, "low": 0.0, "high": 1.0} for n in (1, 2, 3)],
            "nothing": float("nan"),
        }
    )
    assert [(fact.name, fact.text, fact.interval) for fact in found.facts] == [
        ("gap", "0.5", "0.4 to 0.6"),
        ("names", "a, b", ""),
        ("nothing", "not known", ""),
    ]
    assert [(table.name, len(table.rows), table.total) for table in found.tables] == [
        ("by split", 2, 2),
        ("rows", 50, 50),
    ]
    assert found.tables[0].rows[1] == ("test", "1,000")
    assert found.curves[0].points[2] == (3.0, 0.3, 0.0, 1.0)


def test_histogram_of_what_was_not_measured_is_none() -> None:
    splits = np.zeros(3, np.int32)
    assert histogram(np.full(3, np.nan), splits, 1) is None
    assert histogram(np.ones(3), splits, 1) is None
    assert histogram(np.array([1.0, 2, 3]), np.full(3, -1, np.int32), 1) is None


def test_a_hundred_thousand_samples_stay_under_five_megabytes(tmp_path: Path) -> None:
    n = 100_000
    labels = np.array([f"class {k}" for k in range(1000)])
    rng = np.random.default_rng(0)
    manifest = Manifest.from_columns(
        {
            "uri": [f"some/folder/that/is/long/{row:08d}.jpg" for row in range(n)],
            "label": labels[rng.integers(0, 1000, n)],
            "split": np.array(["train", "val", "test"])[rng.integers(0, 3, n)],
        }
    )
    ids = manifest.sample_ids.to_pylist()
    found = []
    for number in range(24):
        rows = rng.permutation(n)[:20_000]
        issues = sample_issues(f"DC{number + 400}", [ids[row] for row in rows], rng.random(20_000))
        finding = Finding(
            code=f"DC{number + 400}", name="many", severity=Severity.WARNING, message="Many are odd", remedy="Look.",
            sample_ids=tuple(issues["sample_id"][:100].to_pylist()), n_affected=20_000,
            evidence={"rows": [{"class": name, "n": 1} for name in labels]},
        )  # fmt: skip
        found.append(RuleOutcome(finding.code, "many", Found((finding,), issues), 0.0))
    report = make_report(manifest, measurements=measured(manifest), outcomes=tuple(found))
    write_html(report, tmp_path / "report.html", thumbnails=Pictures(128, noise=True))
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    text = (tmp_path / "report.html").read_text()
    assert re.search(r"\d+ of 5\d\d pictures are left out", text)
    assert f"{GALLERY} of 20,000 samples shown" in text
    assert "Table of 1,000 classes" in text
    assert all(f'<th scope="row">class {n}</th>' in text for n in (0, 500, 999))
    assert text.index('id="findings"') < text.index('id="classes"')


def test_names_that_are_no_text_are_written(manifest: Manifest, tmp_path: Path) -> None:
    broken = RuleOutcome("DC101", "x", Found((Finding(code="DC101", name="x", severity=Severity.INFO, message="a\udc80b", remedy=""),)), 0)  # fmt: skip # noqa: E501
    write_html(make_report(manifest, outcomes=(broken,)), tmp_path / "report.html")
    assert "A?b" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_an_end_of_an_interval_that_rounding_moved_is_written_as_0_or_1() -> None:
    (fact,) = evidence_blocks({"recall": {"value": 0.5, "low": 5.55e-17, "high": 1 - 1.1e-16}}).facts
    assert fact.interval == "0 to 1"


def test_the_plots_on_top_show_class_sizes_and_the_splits_that_differ(full: Report, pages: object) -> None:
    text = render_html(full, thumbnails=Pictures())
    top = text[: text.index('id="first-head"')]
    assert "Samples by class, the largest first" in top
    assert top.count("<svg") == 2
    assert "by split</figcaption>" in top


def test_a_long_text_is_whole_and_scrolls(report: Report, pages: object) -> None:
    words = ", ".join(f"sample-{n:05d}" for n in range(400))
    finding = Finding(
        code="DC999", name="x", severity=Severity.INFO, message="m", remedy="r", evidence={"which": words.split(", ")}
    )
    text = render_html(replace(report, outcomes=(RuleOutcome("DC999", "x", Found((finding,))),)))
    assert f'<div class="long" tabindex="0">{words}</div>' in text


def test_a_dataset_without_a_folder_has_a_short_title() -> None:
    manifest = Manifest.from_columns({"label": ["cat", "dog"]})
    assert dataset_title(manifest) == "dataset"
    assert dataset_title(replace(manifest, took_for="arrays: 2 images")) == "arrays: 2 images"
    assert dataset_title(replace(manifest, took_for="train: arrays; " * 5)) == "2 rows"
