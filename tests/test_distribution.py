"""The distribution is called ``datacheck-audit``: nothing sends a user to the package of another project."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from datacheck.errors import install_command
from datacheck.version import DISTRIBUTION

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", ".ci", ".mkdocs.yml", "datacheck", "docs",
          "examples", "expectations", "tests")  # fmt: skip
INSTALL = re.compile(
    r"\b(?:pip3?|pipx|uv|poetry|conda|pdm)\s[^\n&;|]*?\b(?:install|add)\b[^\n&;|]*?[ '\"`]datacheck(?![-\w/.])"
)
EXTRA = re.compile(r"(?<![-\w.])datacheck\[(?:all|probe|contracts|ray|tensorboard|dev|docs)\b")


def texts() -> Iterator[tuple[Path, str]]:
    for place in PLACES:
        top = ROOT / place
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            inside = path.is_file() and "__pycache__" not in path.parts and path.name != Path(__file__).name
            if inside and path.suffix not in {".png", ".pyc"}:
                yield path, path.read_text(encoding="utf-8", errors="replace")


def test_no_file_tells_users_to_install_another_projects_package() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in texts()
        for pattern in (INSTALL, EXTRA)
        for match in pattern.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("pip install datacheck", True),
        ("pip install 'datacheck[probe]'", True),
        ("python -m pip install -q -U datacheck && datacheck demo", True),
        ("uv pip install datacheck==0.1", True),
        ("pip install datacheck-audit", False),
        ("pip install . && datacheck-audit", False),
        ("pip install 'datacheck-audit[probe]'", False),
        ("pip install -e ./datacheck/", False),
    ],
)
def test_the_search_finds_what_it_should(line: str, wrong: bool) -> None:
    assert bool(INSTALL.search(line) or EXTRA.search(line)) is wrong


def test_the_project_has_the_name_that_messages_give() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == DISTRIBUTION == "datacheck-audit"
    assert install_command("probe") == "pip install 'datacheck-audit[probe]'"
    assert set(project["scripts"]) == {"datacheck"}
