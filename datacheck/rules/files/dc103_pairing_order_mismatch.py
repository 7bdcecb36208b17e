"""DC103: two listings that are zipped together in different orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues
from datacheck.manifest import Listings
from datacheck.pairing import Cause, Repair
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, ids_of
from datacheck.text import plural


@dataclass(frozen=True)
class PairingOrderMismatch(Rule):
    """Images and labels stand in different orders, so that images are trained on the labels of others.

    What
    ----
    Compares the pairing that two listings make, position by position, with the pairing that their names call for;
    says how many pairs are wrong, from where on, why, and gives the repaired pairing.

    Why it hurts training
    ---------------------
    Nothing crashes: every image has a label, only not its own. The loss stalls near that of guessing, and the usual
    reaction is to tune the model. A shift of one in a video even trains, to a model that is subtly late.

    How it is measured
    ------------------
    Names are matched without directory and extension, from strict to loose: as they are, without the words that name
    a listing's role (found from the data: in 98 % of one listing, hardly in the other), ignoring case, with digits as
    numbers, with a few words left out. Every name is looked at. The cause comes from the sort orders that each listing
    keeps (text, natural, either ignoring case, a locale's) and from the distances between right and given positions:
    constant (shift), stepping (missing files), falling (reversed), two blocks exchanged, or none (shuffled).

    How to fix
    ----------
    Pair by name, never by position: ``datacheck.pairing.repair(listings).apply(listings)`` returns the listings
    rightly paired. In your own code, key both listings by stem, or sort both with the same key.

    Example
    -------
    >>> from datacheck.manifest import Listings, Manifest
    >>> listings = Listings(("1.jpg", "2.jpg", "10.jpg"), ("1.png", "10.png", "2.png"))
    >>> manifest = Manifest.from_columns({"uri": listings.images, "label_uri": listings.labels}, listings=listings)
    >>> PairingOrderMismatch().check(RuleContext(manifest)).findings[0].evidence["cause"]
    'lexicographic-beside-natural'
    """

    code: ClassVar[str] = "DC103"
    name: ClassVar[str] = "pairing-order-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        listings, repair = context.listings, context.pairing
        if listings is None or repair is None:
            return NotApplicable("there are no two listings to compare: open a pair of listings or a paired manifest")
        if not repair.judged:
            return NotApplicable(names_tell_nothing(listings))
        if repair.cause is None:
            n = len(repair.pairs)
            return Passed(f"{plural(n, 'pair')} stand{'s' if n == 1 else ''} together, by {repair.matched_by}")
        finding = self._finding(context, listings, repair)
        wrong = repair.wrong.tolist()
        right = dict(repair.pairs.tolist())
        issues = sample_issues(
            self.code,
            ids_of(context.manifest, [listings.images[row] for row in wrong]),
            np.ones(len(wrong)),
            value=[float(right[row] - row) for row in wrong],
            note=[f"given {listings.labels[row]}, right {listings.labels[right[row]]}" for row in wrong],
        )
        return Found((finding,), issues)

    def _finding(self, context: RuleContext, listings: Listings, repair: Repair) -> Finding:
        assert repair.cause is not None
        n_judged = int((repair.pairs[:, 0] < len(listings.labels)).sum())
        right = dict(repair.pairs.tolist())
        shown = repair.wrong[:N_EXAMPLES].tolist()
        unsure = repair.cause is Cause.NUMBERING
        evidence: dict[str, Any] = {
            "cause": str(repair.cause),
            "n_wrong": len(repair.wrong),
            "n_pairs": n_judged,
            "first_wrong": repair.from_index,
            "last_wrong": repair.to_index - 1,
            "shift": repair.shift,
            "matched_by": repair.matched_by,
            "examples": [
                {
                    "position": row,
                    "image": listings.images[row],
                    "given_label": listings.labels[row],
                    "right_label": listings.labels[right[row]],
                }
                for row in shown
            ],
        }
        return Finding(
            code=self.code,
            name=self.name,
            severity=Severity.WARNING if unsure else self.severity,
            message=(
                f"{len(repair.wrong):,} of {plural(n_judged, 'image')} {'may ' if unsure else ''}stand beside the "
                f"label of another, from position {repair.from_index} on: {repair.detail}"
            ),
            remedy=REMEDIES[repair.cause],
            evidence=evidence,
            sample_ids=tuple(ids_of(context.manifest, [listings.images[row] for row in repair.wrong[:100]])),
            n_affected=len(repair.wrong),
        )


def names_tell_nothing(listings: Listings) -> str:
    """Say why the names of two listings cannot be matched, and what can judge them instead."""
    if 2 * len(set(listings.labels)) <= len(listings.labels):
        what = "the labels are values that repeat, not one file for each image"
    else:
        what = "the names of the images and of the labels have nothing in common"
    return f"{what}; DC108 can judge the pairing from the data (run the audit with its probe)"


_BY_STEM = "label_of = {Path(p).stem: p for p in labels}; pairs = [(p, label_of[Path(p).stem]) for p in images]"
_REPAIR = "datacheck.pairing.repair(listings).apply(listings)"
_SORT = "images, labels = sorted(images), sorted(labels)"

REMEDIES = {
    Cause.NATURAL_ORDER: f"sort both listings the same way: {_SORT}; or pair by name: {_REPAIR}",
    Cause.CASE: (
        "sort both listings with the same key: "
        f"images, labels = sorted(images, key=str.casefold), sorted(labels, key=str.casefold); or {_REPAIR}"
    ),
    Cause.LOCALE: f"sort both listings in Python, not in a shell: {_SORT} (or LC_ALL=C ls); or pair by name: {_REPAIR}",
    Cause.AFFIX: f"pair by name instead of by position: {_REPAIR}",
    Cause.SHIFT: f"find the row that was added or lost where the shift begins, or pair by name: {_REPAIR}",
    Cause.NUMBERING: (
        "look at three pairs by eye: if the numberings differ on purpose, ignore DC103 here, otherwise pair by name: "
        f"{_REPAIR}"
    ),
    Cause.MISSING_FILES: f"leave out the files without a partner (see DC102) by pairing by name: {_REPAIR}",
    Cause.SWAPPED_BLOCK: f"put the two blocks back in the code that concatenates the listings, or: {_REPAIR}",
    Cause.REVERSED: f"sort both listings in the same direction: {_SORT}; or pair by name: {_REPAIR}",
    Cause.SHUFFLED: f"never shuffle, glob or list the two apart; pair by name: {_BY_STEM}; or {_REPAIR}",
}
"""What to do about each cause, with a line of code."""
