"""Snippets of real shapes, half of them right but looking wrong: what the rules name, and what they leave alone."""

from __future__ import annotations

import pytest

from datacheck.rules.code import CODE_RULES

from .corpus import Snippet, snippets

FIRST = snippets("first")
"""The rules were written with these in view."""

SECOND = snippets("second")
"""Written after the rules; nothing was changed for them."""

NOT_SEEN = {"DC714 training data that are not shuffled", "DC712 OpenCV's order into ImageNet weights"}
"""Snippets of the second part that no rule names."""


@pytest.mark.parametrize("snippet", [*FIRST, *SECOND], ids=lambda snippet: snippet.title)
def test_a_snippet_is_named_by_its_rule_alone(snippet: Snippet) -> None:
    expected = {snippet.expected} - {""} if snippet.title not in NOT_SEEN else set()
    assert snippet.found() == expected


def test_the_corpus_is_large_and_half_of_it_is_right() -> None:
    both = [*FIRST, *SECOND]
    right = [snippet for snippet in both if not snippet.expected]
    assert len(both) >= 60
    assert 0.4 <= len(right) / len(both) <= 0.65
    assert {snippet.expected for snippet in both} - {""} == {rule.code for rule in CODE_RULES}


def test_precision_and_recall() -> None:
    both = [*FIRST, *SECOND]
    named = [(snippet, code) for snippet in both for code in snippet.found()]
    right = sum(snippet.expected == code for snippet, code in named)
    assert right / len(named) >= 0.95
    assert right / sum(bool(snippet.expected) for snippet in both) >= 0.9
