"""Tables of features alone: whether the first row names the columns, and which of them is the label."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck import audit
from datacheck.manifest import Task
from datacheck.manifest.inventory import Remedy
from datacheck.sources import open_source

SONAR = ["0.02,0.37,0.05,R", "0.04,0.52,0.08,R", "0.03,0.58,0.11,M", "0.01,0.17,0.06,R", "0.08,0.66,0.05,M"]
CREDIT = ["A11,6,A34,1169,1", "A12,48,A32,5951,2", "A14,12,A34,2096,1", "A11,42,A32,7882,1", "A11,24,A33,4870,2"]
HORSES = ["2,1,530101,38.5,?,3", "1,1,534817,39.2,88,3", "2,1,530334,38.3,?,1", "1,9,5290409,39.1,164,6"]


@pytest.mark.parametrize("lines", [SONAR, CREDIT, HORSES])
def test_a_first_row_of_values_is_data(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    manifest = open_source(tmp_path / "t.csv")
    assert len(manifest) == len(lines)
    assert (
        "no header, so the columns are called column1, …" in manifest.took_for
        or "column1, column2" in manifest.took_for
    )


@pytest.mark.parametrize(
    "header",
    [
        "400.5,410.5,420.5,kind",  # wavelengths
        "2019,2020,2021,country",
        "a,b,c,label",
        "0,1,2,R-or-M",
    ],
)
def test_a_first_row_of_names_is_a_header(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text("\n".join([header, *SONAR]) + "\n")
    assert len(open_source(tmp_path / "t.csv")) == len(SONAR)


def test_a_header_that_is_written_twice_is_no_data(tmp_path: Path) -> None:
    lines = ["word,kind", "a,b", "c,b", "word,kind", "d,b", "e,b"]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    assert "no header" not in open_source(tmp_path / "t.csv").took_for


def test_features_without_a_label_are_not_green(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "length,width,species\n" + "".join(f"{i / 7},{i / 3},{'ab'[i % 2]}\n" for i in range(20))
    )
    report = audit(tmp_path / "t.csv")
    assert report.exit_code() == 2
    assert "no label was judged; 'species' may hold the labels" in report.gaps[0].text
    assert report.gaps[0].remedy == Remedy("--label species", "label='species'")
    assert not any("species" in gap.text for gap in audit(tmp_path / "t.csv", task="unlabelled").gaps)
    assert audit(tmp_path / "t.csv", label="species").exit_code() == 0


def test_the_last_of_nameless_columns_is_proposed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("".join(f"{i % 2},{i / 7},{i * 0.31}\n" for i in range(20)))
    (question,) = open_source(tmp_path / "t.csv").inventory.questions
    assert question.remedy == Remedy("--target column3", "target='column3'")


def test_y_among_coordinates_is_no_target() -> None:
    rows = {name: [i / 7 for i in range(20)] for name in "xyz"}
    assert open_source(rows).task is Task.UNLABELLED
    assert open_source({name: rows[name] for name in "xy"}).task is Task.REGRESSION


def test_a_last_column_of_names_is_not_proposed_as_the_target(tmp_path: Path) -> None:
    rows = "".join(f"{n * 1.5},{n * 2.25},A{n}\n" for n in range(12))
    (tmp_path / "t.csv").write_text("speeding,losses,state\n" + rows)
    (question,) = open_source(tmp_path / "t.csv").inventory.questions
    assert question.remedy is not None
    assert question.remedy.command_line == "--target losses"
    assert open_source(tmp_path / "t.csv", target="losses").target.tolist()[1] == 2.25
