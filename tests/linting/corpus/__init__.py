"""Snippets of training code of real shapes: each says which rule names it, or that it is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datacheck.linting.source import SourceFile
from datacheck.rules.code import CODE_RULES


@dataclass(frozen=True)
class Snippet:
    expected: str
    title: str
    text: str

    def found(self) -> set[str]:
        source = SourceFile("train.py", self.text)
        return {rule.code for rule in CODE_RULES if rule().places(source)}


def snippets(name: str) -> list[Snippet]:
    parts = (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8").split("### ")[1:]
    heads = [part.partition("\n") for part in parts]
    return [Snippet(head.split(" ")[0].replace("clean", ""), head, body) for head, _, body in heads]
