"""The pages on extending datacheck, followed to the letter in a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "contributing"


@dataclass(frozen=True)
class Block:
    """One fenced block of a page: its language, the file that it is about, and its text."""

    language: str
    file: str
    text: str


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, indented ones of lists included, in order."""
    pattern = r'^( *)```(\w+)(?: title="([^"]+)")?\n(.*?)^\1```$'
    return [
        Block(language, file or "", textwrap.dedent(body) if indent else body)
        for indent, language, file, body in re.findall(pattern, text, re.MULTILINE | re.DOTALL)
    ]


def patch(text: str, diff: str) -> str:
    """Apply the hunks of a diff, parted by ``@@``: the unmarked lines must stand in the text, next to each other."""
    for hunk in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, f"expected once, found {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text


def follow(steps: list[Block], folder: Path, environment: dict[str, str]) -> set[str]:
    """Do what the blocks say in a folder; return the files that they name."""
    named = set()
    for step in steps:
        if step.language == "sh":
            for command in step.text.strip().splitlines():
                done = subprocess.run(
                    command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        elif step.file:
            target = folder / step.file
            named.add(step.file)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(patch(target.read_text(), step.text) if step.language == "diff" else step.text)
    return named


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the files that git knows."""
    folder = tmp_path / "checkout"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    made = {".pytest_cache", ".mypy_cache", "__pycache__", ".ruff_cache", ".hypothesis", ".datacheck"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not made & set(path.parts)
    }


def in_checkout(folder: Path) -> dict[str, str]:
    here = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'expectations'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.mark.slow
@pytest.mark.parametrize("page", ["add-a-rule", "add-a-source", "add-an-annotation-format", "add-a-probe-backend"])
def test_a_page_followed_to_the_letter_works_and_touches_only_what_it_names(page: str, checkout: Path) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8").partition("\n## As a plug-in")[0]
    before = contents(checkout)
    named = follow(blocks(text), checkout, in_checkout(checkout))
    after = contents(checkout)
    assert {name for name in after if after[name] != before.get(name)} == named
    assert before.keys() <= after.keys()


@pytest.mark.slow
def test_the_plug_in_of_an_empty_folder_is_found(tmp_path: Path) -> None:
    text = (PAGES / "add-a-rule.md").read_text(encoding="utf-8").partition("\n## As a plug-in")[2]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    # The new environment sees datacheck and what it needs, as if both had been installed into it.
    places = [str(ROOT), str(ROOT / "expectations"), *site.getsitepackages()]
    (next(venv.glob("lib/python*/site-packages")) / "datacheck.pth").write_text("\n".join(places))
    script = venv / "bin" / "datacheck"
    script.write_text(f"#!{venv / 'bin' / 'python'}\nfrom datacheck.cli import main\nmain()\n")
    script.chmod(0o755)
    environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{environment['PATH']}"
    folder = tmp_path / "acme"
    folder.mkdir()
    follow(blocks(text), folder, environment)
    listed = subprocess.run([str(script), "rules"], env=environment, capture_output=True, text=True, check=True).stdout
    assert "ACME001" in listed
