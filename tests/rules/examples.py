"""The finding that a rule's page shows as its example, for the test that produces it."""

import re
from typing import Any

from datacheck.rules import BaseRule, explanation


def shown(rule: type[BaseRule[Any]]) -> str:
    """Return the message in the Example section: the lines from the rule's code to the end of the paragraph."""
    example = explanation(rule).partition("\nExample\n-------\n")[2]
    found = re.search(rf"^    {rule.code} (.+(?:\n      .+)*)", example, flags=re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
