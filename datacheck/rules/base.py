"""What a rule is, and what it may look at."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.findings import Outcome, Severity
from datacheck.manifest import Listings, Manifest, Task
from datacheck.scanning.measurements import Measurements

if TYPE_CHECKING:
    from datacheck.duplicates.clusters import DuplicateClusters
    from datacheck.fingerprints import Fingerprint
    from datacheck.pairing import Repair
    from datacheck.probing.outputs import ProbeOutputs


@dataclass(frozen=True)
class RuleContext:
    """Everything a rule may look at; what is None was not computed in this audit.

    Attributes
    ----------
    manifest
        The dataset, a row a sample.
    measurements
        Aligned with the manifest; None for tabular data or when nothing was scanned.
    fingerprint
        Statistics per split and class.
    probe
        Out-of-sample predictions, aligned with the manifest.
    reference
        The fingerprint of an earlier or accepted dataset, where the user gave one.
    deployment_shares
        Declared class shares where the model will run, summing to 1.
    seed
        Seed of everything random in a rule.
    """

    manifest: Manifest
    measurements: Measurements | None = None
    fingerprint: Fingerprint | None = None
    probe: ProbeOutputs | None = None
    reference: Fingerprint | None = None
    deployment_shares: Mapping[str, float] | None = None
    seed: int = 0
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE

    @cached_property
    def duplicates(self) -> DuplicateClusters | None:
        """Exact and near duplicate clusters, found once for all rules; None without measurements."""
        if self.measurements is None:
            return None
        from datacheck.duplicates.clusters import find_duplicates

        return find_duplicates(self.measurements, max_distance=self.near_duplicate_distance)

    @cached_property
    def listings(self) -> Listings | None:
        """The two listings as given; of a paired manifest without any, its rows that have both; else None."""
        manifest = self.manifest
        if manifest.listings is not None or manifest.task is not Task.PAIRED or "uri" not in manifest:
            return manifest.listings
        both = manifest.table.select(["uri", "label_uri"]).drop_null()
        return Listings(tuple(both["uri"].to_pylist()), tuple(both["label_uri"].to_pylist()))

    @cached_property
    def pairing(self) -> Repair | None:
        """The right pairing of `listings` by their names, found once for all rules."""
        if self.listings is None:
            return None
        from datacheck.pairing import repair

        return repair(self.listings)


@runtime_checkable
class Rule(Protocol):
    """One thing to check. A rule is a frozen dataclass whose fields are its thresholds.

    Its docstring is its page: a first line, then the sections *What*, *Why it hurts training*, *How it is measured*,
    *How to fix* and *Example*, each a line of that name underlined with hyphens.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        ...


SECTIONS = ("What", "Why it hurts training", "How it is measured", "How to fix", "Example")
"""The sections of a rule's docstring, in order."""


def explanation(rule: type[Rule] | Rule) -> str:
    """Return a rule's docstring as clean text.

    Examples
    --------
    >>> from datacheck.rules import RULES
    >>> explanation(RULES[0]).splitlines()[0].endswith(".")
    True
    """
    return inspect.getdoc(rule if inspect.isclass(rule) else type(rule)) or ""
