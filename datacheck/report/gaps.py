"""What an audit was given or asked, and did not judge: while there is any of it, the result is not green."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from datacheck.findings import NotApplicable
from datacheck.manifest import ItemKind, Manifest, Remedy, Task, Unread
from datacheck.report.outcomes import RuleOutcome
from datacheck.text import listed, plural

NAMES_ONLY = frozenset({"DC102", "DC103", "DC104", "DC106", "DC107", "DC109", "DC110", "DC305", "DC309"})
"""Rules that read names of files and classes, their order, groups and which labels are empty, but no label of a sample
and no pixel.

A dataset of which only these could be judged was not looked at: that they pass does not make an audit green.
"""

MAX_REASONS = 3
"""Reasons that are named of rules that could not be judged: the most frequent ones concern nearly all rules."""

IF_NONE = "if there are none, say so with task='unlabelled'"
"""What to do about labels that were not read where a dataset has none."""

Caller = Literal["shell", "python"]
"""Who reads a remedy: someone at a command line, or someone who writes Python."""


@dataclass(frozen=True)
class Gap:
    """Something that was not judged.

    Attributes
    ----------
    text
        What it is and why, one sentence without the full stop.
    remedy
        How to have it judged; None where nothing can be done about it in the call.
    """

    text: str
    remedy: Remedy | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the gap as plain JSON values."""
        remedy = self.remedy
        how = None if remedy is None else {"command_line": remedy.command_line, "python": remedy.python}
        return {"text": self.text, "remedy": how}


def find_gaps(
    manifest: Manifest, outcomes: Sequence[RuleOutcome], unmet: Sequence[str], *, declared_unlabelled: bool = False
) -> tuple[Gap, ...]:
    """Return what was given or asked and was not judged.

    Parameters
    ----------
    manifest
        The dataset, with its inventory of what was read and what was not.
    outcomes
        What the rules said.
    unmet
        What was asked of the audit and could not be done, a sentence each.
    declared_unlabelled
        Whether the caller said that there are no labels.
    """
    inventory = manifest.inventory
    found = [Gap(sentence) for sentence in unmet]
    found += [Gap(unread_sentence(item), item.remedy) for item in inventory.unread_labels]
    if manifest.task is Task.PAIRED and not inventory.unread_labels:
        found.append(Gap("the label files were not opened: only their names and their order were checked"))
    if manifest.task is Task.UNLABELLED and not declared_unlabelled and inventory.perhaps_labels:
        found.append(_no_labels(inventory.perhaps_labels))
    if not declared_unlabelled:
        found += [
            Gap(f"{question.text}; {IF_NONE}", question.remedy) for question in inventory.questions if question.unjudged
        ]
    return (*found, *_nothing_judged(outcomes))


def unread_sentence(item: Unread) -> str:
    """Return that an item of the inventory was not read, and why.

    Examples
    --------
    >>> from datacheck.manifest import HoldsLabels
    >>> unread_sentence(Unread("boxes/*.txt", ItemKind.FILE, "boxes are not supported", HoldsLabels.YES, count=34))
    "'boxes/*.txt' (34 files) holds labels and was not read: boxes are not supported"
    """
    are_files = item.kind in {ItemKind.FILE, ItemKind.FOLDER}
    many = f" ({plural(item.count, 'file')})" if item.count > 1 and are_files else ""
    holds = {"yes": " holds labels and", "maybe": " may hold labels and", "no": ""}[item.labels.value]
    return f"{item.name!r}{many}{holds} was not read: {item.reason}"


def _no_labels(items: Sequence[Unread]) -> Gap:
    remedy = next((item.remedy for item in items if item.remedy is not None), None)
    names = listed([item.name for item in items])
    return Gap(f"no labels were read, and {names} may hold them; {IF_NONE}", remedy)


def _nothing_judged(outcomes: Sequence[RuleOutcome]) -> tuple[Gap, ...]:
    """Return a gap where rules ran that read labels or pixels, and not one of them could be judged."""
    skipped = [outcome for outcome in outcomes if outcome.status == "not-applicable"]
    reading = [outcome for outcome in outcomes if outcome.code not in NAMES_ONLY] or list(outcomes)
    if not outcomes or any(outcome not in skipped for outcome in reading):
        return ()
    everything = len(skipped) == len(outcomes)
    counts = Counter(one.outcome.reason for one in skipped if isinstance(one.outcome, NotApplicable))
    reasons = "; ".join(f"{plural(count, 'rule')}: {reason}" for reason, count in counts.most_common(MAX_REASONS))
    what = "nothing could be judged" if everything else "only names were judged, no label and no pixel"
    return (Gap(f"{what} ({reasons})"),)
