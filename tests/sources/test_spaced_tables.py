"""Tables whose columns spaces separate, whose first line says the separator, and files with NUL bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Task
from datacheck.sources import open_source

ROWS = [(0.5, 3, "x"), (12.25, 4, "y"), (100.0, 5, "x"), (7.5, 6, "y")]


def _columns(path: Path, **options: Any) -> dict[str, list[object]]:
    table = open_source(path, **options).table
    return {name: table[name].to_pylist() for name in table.column_names if name not in {"sample_id", "split"}}


@pytest.mark.parametrize("name", ["t.data", "t.txt", "t.csv"])
@pytest.mark.parametrize("form", ["{:8.3f}   {}  {}", "{} {} {}", "  {:.3e}    {} {}  "])
def test_spaces_between_columns(tmp_path: Path, name: str, form: str) -> None:
    (tmp_path / name).write_text("\n".join(form.format(*row) for row in ROWS) + "\n\n")
    found = _columns(tmp_path / name, label="column3")
    assert found == {
        "column1": [0.5, 12.25, 100.0, 7.5],
        "column2": [3, 4, 5, 6],
        "label": ["x", "y", "x", "y"],
    }


def test_spaces_below_a_header(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("size n label\n" + "".join(f"{a} {b} {c}\n" for a, b, c in ROWS))
    found = open_source(tmp_path / "t.txt")
    assert (found.task, found.classes, len(found)) == (Task.CLASSIFICATION, ("x", "y"), 4)


@pytest.mark.parametrize(
    "text",
    ["a photo 1\na photo 2\na photo 3\n", "cat 1.jpg 0\ncat 2.jpg 1\n", "img/1 5 0\nimg/2 6 1\n", "id 1\nid 2\n"],
)
def test_lists_of_images_and_words_are_no_such_tables(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.txt").write_text(text)
    assert "path" in open_source(tmp_path / "t.txt").took_for


@pytest.mark.parametrize("said", ["sep=;", "SEP=;"])
def test_the_first_line_says_the_separator(tmp_path: Path, said: str) -> None:
    (tmp_path / "t.csv").write_text(f"{said}\nsize;n;label\n" + "".join(f"{a};{b};{c}\n" for a, b, c in ROWS))
    found = _columns(tmp_path / "t.csv")
    assert found["size"] == [0.5, 12.25, 100.0, 7.5]
    assert found["label"] == ["x", "y", "x", "y"]
    assert "separated by ';', as its first line says" in open_source(tmp_path / "t.csv").took_for


def test_quoted_spaces_stay_where_the_caller_names_the_separator(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('size label\n1 "a b"\n2 "c d"\n3 "a b"\n')
    assert _columns(tmp_path / "t.csv", delimiter=" ")["label"] == ["a b", "c d", "a b"]


def test_nul_bytes_are_refused_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"n,label\n1,a\n2,b\n\x00\x00\x003,a\n")
    with pytest.raises(SourceError, match="NUL bytes on line 4"):
        open_source(tmp_path / "t.csv")
