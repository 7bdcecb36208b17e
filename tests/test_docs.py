"""The reference pages are made from the code, and hold all of it."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import pytest

import datacheck
from datacheck.config import Settings
from datacheck.rules import CODE_RULES, LOADER_RULES, RULES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    pytest.importorskip("mkdocs")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_hooks"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import generated_pages  # type: ignore[import-not-found]
    import reference_pages  # type: ignore[import-not-found]

    return {**dict(generated_pages.pages()), **dict(reference_pages.pages())}


def test_every_public_name_is_in_the_api_page(pages: dict[str, str]) -> None:
    listed = [line.removeprefix("::: datacheck.") for line in pages["reference/api.md"].splitlines() if ":::" in line]
    assert sorted(listed) == sorted(datacheck.__all__)


def test_every_command_and_option_is_in_the_command_line_page(pages: dict[str, str]) -> None:
    page = pages["reference/command-line.md"]
    for command in (
        "audit",
        "demo",
        "plan",
        "export",
        "queue make",
        "relabel apply",
        "review",
        "contract init",
        "explain",
    ):
        assert f"## `datacheck {command}`" in page
    assert "| `--select` |" in page


def test_every_setting_is_in_the_configuration_page(pages: dict[str, str]) -> None:
    page = pages["reference/configuration.md"]
    rows = {line.split("`")[1]: line.rsplit("|", 2)[1].strip() for line in page.splitlines() if line.startswith("| `")}
    assert sorted(rows) == sorted(field.name.replace("_", "-") for field in fields(Settings))


def test_every_rule_has_a_page(pages: dict[str, str]) -> None:
    assert [
        rule.code for rule in (*RULES, *CODE_RULES, *LOADER_RULES) if f"rules/{rule.code.lower()}.md" not in pages
    ] == []
    index = pages["rules/index.md"]
    assert [rule.code for rule in (*RULES, *CODE_RULES, *LOADER_RULES) if f"[{rule.code}]" not in index] == []


def test_the_glossary_is_in_order_and_names_places_that_exist() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| term", "| ---"))
    ]
    terms = [term.lower() for term, _, _ in rows]
    assert terms == sorted(set(terms))
    assert [place for _, _, place in rows if not (ROOT / place.strip("`")).exists()] == []
    assert [term for term, meaning, _ in rows if not meaning.endswith(".")] == []
