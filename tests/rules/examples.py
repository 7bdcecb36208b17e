"""The finding that a rule's page shows as its example, for the test that produces it."""

import re

from datacheck.rules import Rule, explanation


def shown(rule: type[Rule]) -> str:
    """Return the message in the Example section: the lines from the rule's code to the end of the paragraph."""
    example = explanation(rule).partition("\nExample\n-------\n")[2]
    found = re.search(rf"^    {rule.code} (.+(?:\n      .+)*)", example, flags=re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
