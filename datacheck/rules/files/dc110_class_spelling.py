"""DC110: classes whose names differ only in spelling."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_NAMED
from datacheck.rules.requirements import CLASSES
from datacheck.text import listed, plural

Spellings = tuple[str, ...]


@dataclass(frozen=True)
class ClassSpelling(Rule):
    """Two classes have the same name except for case, spaces or the Unicode form.

    What
    ----
    Finds classes whose names are equal if case, outer and repeated spaces, and the Unicode form (NFC or NFD) are
    ignored: ``Cat`` and ``cat``, ``dog`` and ``dog␣``, two spellings of ``café`` that look the same.

    Why it hurts training
    ---------------------
    One class becomes two: each has fewer samples, the model has an output too many, and it is punished for an answer
    that is right. On macOS and Windows the two folders become one.

    How it is measured
    ------------------
    By the names of the classes that have samples, after Unicode normal form C, without outer and repeated spaces, in
    lower case. Names of one letter are not compared by case: ``a`` and ``A`` are classes of handwriting.

    How to fix
    ----------
    Rename the classes to one spelling. For names that look the same, compare ``name.encode("unicode_escape")``.

    Example
    -------
    Two annotators wrote the label in their own way::

        label    rows
        cat       120
        Cat        80

        DC110 1 class has several spellings that differ only in case: 'Cat' (80 samples) and 'cat' (120)
    """

    code: ClassVar[str] = "DC110"
    name: ClassVar[str] = "class-spelling"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (CLASSES,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        sizes = class_sizes(context.manifest)
        groups = same_names([name for name, size in sizes.items() if size])
        by_cause: dict[str, list[Spellings]] = {}
        for group in groups:
            by_cause.setdefault(difference(group), []).append(group)
        if not by_cause:
            return Passed(f"all {plural(len(sizes), 'class name')} differ in more than spelling")
        return Found(tuple(self._finding(cause, found, sizes) for cause, found in by_cause.items()))

    def _finding(self, cause: str, groups: list[Spellings], sizes: dict[str, int]) -> Finding:
        first, *others = groups[0]
        shown = [f"{_spelt(first, cause)} ({plural(sizes[first], 'sample')})"]
        shown += [f"{_spelt(name, cause)} ({sizes[name]:,})" for name in others]
        more = f"; also {listed([group[0] for group in groups[1:]], N_NAMED)}" if len(groups) > 1 else ""
        return self.finding(
            f"{plural(len(groups), 'class has', 'classes have')} several spellings that differ only in {cause}: "
            f"{' and '.join(shown)}{more}",
            "rename the classes to one spelling",
            evidence={
                "difference": cause,
                "groups": [[{"name": name, "samples": sizes[name]} for name in group] for group in groups],
            },
            affected=sum(sizes[name] for group in groups for name in group),
        )


def class_sizes(manifest: Manifest) -> dict[str, int]:
    """Return the number of samples of each class."""
    if manifest.task.lists_classes:
        counts = manifest.label_matrix.sum(axis=0, dtype=np.int64)
    else:
        known = manifest.label_codes >= 0
        counts = np.bincount(manifest.label_codes[known], minlength=len(manifest.classes))
    return {name: int(count) for name, count in zip(manifest.classes, counts, strict=True)}


def same_names(names: Sequence[str]) -> list[Spellings]:
    """Return the groups of names that are equal but for case, spaces or Unicode form, in the order of the names.

    Examples
    --------
    >>> same_names(["Cat", "a", "A", "cat ", "dog", "hot dog", "hotdog"])
    [('Cat', 'cat ')]
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        plain = " ".join(unicodedata.normalize("NFC", name).split())
        groups.setdefault(plain.casefold() if len(plain) > 1 else plain, []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def difference(names: Spellings) -> str:
    r"""Say in what the spellings of a name differ, that which is hardest to see first.

    Examples
    --------
    >>> difference(("Cat", "cat")), difference(("cat", "cat ")), difference(("cafe\u0301", "caf\xe9"))
    ('case', 'spaces', 'Unicode form (NFC and NFD)')
    """
    composed = {unicodedata.normalize("NFC", name) for name in names}
    if len(composed) < len(names):
        return "Unicode form (NFC and NFD)"
    return "spaces" if len({" ".join(name.split()) for name in composed}) < len(names) else "case"


def _spelt(name: str, cause: str) -> str:
    return ascii(name) if cause.startswith("Unicode") else repr(name)
