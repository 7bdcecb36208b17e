"""What a rule on code says of a snippet."""

from __future__ import annotations

from textwrap import dedent

from datacheck.linting.source import SourceFile
from datacheck.rules.code import CodeRule


def said(rule: CodeRule, text: str, path: str = "train.py") -> list[str]:
    """Return the messages of a rule, in the order of the lines."""
    return [hit.message for hit in rule.places(SourceFile(path, dedent(text)))]


def lines(rule: CodeRule, text: str) -> list[int]:
    """Return the lines that a rule names."""
    return [getattr(hit.node, "lineno", 0) for hit in rule.places(SourceFile("train.py", dedent(text)))]
