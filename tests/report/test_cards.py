"""The data card: what was measured is in it, what was not said is a marked blank, and other tools read it."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from datacheck.cli import run
from datacheck.errors import ConfigError
from datacheck.findings import Finding, Found, Severity
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.report import Report, RuleOutcome
from datacheck.report.cards import Card
from tests.rules.placed_boxes import placed

from .conftest import CRASHED, HOSTILE, URIS

SAID = {"name": "Pets", "licence": "CC-BY-4.0", "source": "two shelters", "contact": "pets@example.org"}


def front_matter(card: Card) -> dict[str, Any]:
    found = yaml.safe_load(card.markdown.split("---\n")[1])
    assert isinstance(found, dict)
    return found


def loaded(folder: Path) -> Any:
    with warnings.catch_warnings():  # what the library's own dependencies deprecate
        warnings.simplefilter("ignore")
        mlc = pytest.importorskip("mlcroissant")
        return mlc.Dataset(str(folder / "croissant.json"))


def records(dataset: Any, name: str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            {key.partition("/")[2]: value.decode() if isinstance(value, bytes) else value for key, value in one.items()}
            for one in dataset.records(name)
        ]


def test_the_front_matter_says_what_was_measured_and_what_was_said(report: Report) -> None:
    assert report.measurements is not None
    per_sample = report.measurements.table["byte_size"].to_pylist()
    sizes = [sum(per_sample[row] or 0 for row in rows) for rows in ((0, 2, 4, 5), (1, 3))]
    assert front_matter(report.card(**SAID)) == {
        "pretty_name": "Pets",
        "license": "cc-by-4.0",
        "task_categories": ["image-classification"],
        "size_categories": ["n<1K"],
        "tags": ["datacheck", "image", "classification"],
        "dataset_info": {
            "splits": [
                {"name": "train", "num_bytes": sizes[0], "num_examples": 4},
                {"name": "test", "num_bytes": sizes[1], "num_examples": 2},
            ]
        },
    }
    assert "dataset_info" not in front_matter(replace(report, measurements=None).card(**SAID))


def test_what_was_not_said_is_a_marked_blank_and_never_guessed(report: Report) -> None:
    card = report.card()
    assert card.provenance.missing == ("description", "licence", "source", "contact")
    assert "license" not in front_matter(card)
    assert "# license: not given" in card.markdown
    for name in ("Licence", "Source", "Contact"):
        assert f"| {name} | **not given** |" in card.markdown
    assert not {"license", "maintainer", "rai:dataCollection", "version", "url", "citeAs"} & set(card.croissant)


def test_other_licences_are_named_as_hugging_face_wants_them(report: Report) -> None:
    address = front_matter(report.card(licence="https://example.org/terms"))
    assert (address["license"], address["license_link"]) == ("other", "https://example.org/terms")
    words = front_matter(report.card(licence="ask us: 'first'"))
    assert (words["license"], words["license_name"]) == ("other", "ask us: 'first'")


def test_defects_and_what_was_not_checked_are_told(report: Report, probe: ProbeOutputs) -> None:
    card = replace(report, probe=probe, outcomes=(*report.outcomes, CRASHED)).card(["no class is missing"], **SAID)
    assert (
        "1 error, 1 warning, 1 info. Of 6 rules, 1 found nothing, and 2 could not judge the dataset." in card.markdown
    )
    assert "| error | DC304 conflicting-duplicates | 2 | 2 images are the same, under two labels |" in card.markdown
    assert "| Wrong labels | about 2 of 5 labels are wrong" in card.markdown
    unchecked = card.markdown.partition("## Not checked")[2]
    assert "crashed" in unchecked
    assert "not a pair of listings" in unchecked
    assert "- no class is missing" in card.markdown.partition("## Contract")[2]
    assert "| cat | 1 | 1 | 2 |" in card.markdown
    assert any(line.startswith("error: DC304") for line in card.croissant["rai:dataLimitations"])


def test_faulty_boxes_are_counted(report: Report) -> None:
    card = replace(report, box_probe=placed().box_probe).card(**SAID)
    assert "| Wrong labels | at most 7 of 79 boxes hold no object (95 % interval from 0); at most " in card.markdown


def test_nothing_of_the_dataset_is_markup(report: Report) -> None:
    card = report.card(name=f"# {HOSTILE} | x", source="[a](b) *c*\n# d", citation="1. e")
    body = card.markdown.partition("\n---\n")[2]
    assert "<script" not in body
    assert "# \\# &lt;script&gt;alert(1)&lt;/script&gt; \\| x" in body
    assert "| Source | \\[a\\](b) \\*c\\* # d |" in body
    assert "1\\. e" in body
    assert front_matter(card)["pretty_name"] == f"# {HOSTILE} | x"
    for line in body.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 5)


def test_no_folder_of_this_machine_is_in_it(report: Report) -> None:
    finding = Finding(code="DC101", name="x", severity=Severity.ERROR, message="'/data/pets/cat/1.jpg' is", remedy="")
    card = replace(report, outcomes=(RuleOutcome("DC101", "x", Found((finding,))),)).card()
    assert "'pets/cat/1.jpg' is" in card.markdown
    assert "/data/" not in card.markdown + json.dumps(card.croissant)


def test_croissant_is_read_back_by_its_library(report: Report, tmp_path: Path) -> None:
    report.card(**SAID, data_version="1.2.0").write(tmp_path)
    found = loaded(tmp_path)
    assert found.metadata.name == "Pets"
    assert found.metadata.license == ["CC-BY-4.0"]
    assert found.metadata.data_collection == "two shelters"
    assert not found.metadata.ctx.issues.errors
    samples = records(found, "samples")
    assert [one["sample_id"] for one in samples] == list(URIS)
    assert [one["label"] for one in samples] == report.manifest.table["label"].to_pylist()
    counts = {one["name"]: one["samples"] for one in records(found, "classes")}
    assert counts == {HOSTILE: 2, "cat": 2, "owl": 2}


@pytest.mark.parametrize(
    ("columns", "task"),
    [
        ({"x": [0.5, 1.0], "target": [1.5, None]}, Task.REGRESSION),
        ({"x": [0.5, 1.0], "labels": [["a", "b"], []]}, Task.MULTILABEL),
        ({"x": [0.5, 1.0], "label": ["a", None]}, Task.CLASSIFICATION),
        ({"x": [0.5, 1.0]}, Task.UNLABELLED),
    ],
)
def test_every_task_has_a_card_that_is_read_back(columns: dict[str, Any], task: Task, tmp_path: Path) -> None:
    report = Report(Manifest.from_columns(columns))
    assert report.manifest.task is task
    card = report.card(name="Table")
    card.write(tmp_path)
    assert [one["sample_id"] for one in records(loaded(tmp_path), "samples")] == ["0", "1"]
    assert pq.read_table(tmp_path / "datacheck-samples.parquet").num_rows == 2
    assert card.croissant["distribution"][0]["sha256"] == hashlib.sha256(card.samples).hexdigest()


def test_a_card_that_was_edited_is_not_lost(report: Report, tmp_path: Path) -> None:
    card = report.card()
    card.write(tmp_path)
    card.write(tmp_path)  # the same again is no loss
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(ConfigError, match="has another content"):
        card.write(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    card.write(tmp_path, overwrite=True)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == card.markdown


def test_the_command_says_what_is_left_blank(
    report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.save(tmp_path / "run")
    assert run(["card", str(tmp_path / "run"), "--license", "mit", "--source", "a farm"]) == 0
    said = capsys.readouterr().out
    assert "left blank: description, contact; fill in with --description, --contact" in said
    assert "license: mit" in (tmp_path / "run" / "card" / "README.md").read_text(encoding="utf-8")
    assert run(["card", str(tmp_path / "run"), "--license", "isc"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run(["card", str(tmp_path / "nowhere")]) == 2


def test_an_unknown_word_is_refused(report: Report) -> None:
    with pytest.raises(ConfigError, match="did you mean 'licence'"):
        report.card(license="mit")
