"""DC103: two listings that are zipped together in different orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from datacheck.findings import Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Listings
from datacheck.pairing import Cause, Diagnosis, Repair
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES, ids_of
from datacheck.rules.requirements import LISTINGS
from datacheck.text import plural


@dataclass(frozen=True)
class PairingOrderMismatch(Rule):
    """Images and labels are listed in different orders, so that images are trained with the labels of other images.

    What
    ----
    Compares the pairs that two listings make, position by position, with the pairs that their names make. Reports how
    many pairs are wrong, from which position on, why, and the correct pairs.

    Why it hurts training
    ---------------------
    Nothing crashes: every image has a label, but the label of another image. The loss stays near that of guessing. A
    shift by one frame in a video even trains, to a model that is one frame late.

    How it is measured
    ------------------
    Names are compared without directory and extension, from strict to loose: as they are; without the words that
    describe a whole listing (in at least 98 % of its names and hardly in the other's); ignoring case; with digits as
    numbers; with up to three words left out. Every name is compared. The cause comes from the sort order of each
    listing (text, natural, either of them ignoring case, a locale's) and from the distance between correct and given
    positions: constant (shift), growing in steps (missing files), falling (reversed), two exchanged blocks, or none of
    these (shuffled).

    How to fix
    ----------
    Pair by name, never by position: ``datacheck.pairing.repair_by_name(listings).apply(listings)`` returns both
    listings in matching order. In your own code, look labels up by file stem, or sort both listings with the same key.

    Example
    -------
    A script zips ``sorted(images)`` with labels in natural order::

        image   given label  right label
        1.jpg   1.png        1.png
        10.jpg  2.png        10.png
        2.jpg   10.png       2.png

    which the audit reports as::

        DC103 2 of 3 images have the label of another image, from position 1 on: the images are in lexicographic order
          (10 before 2), the labels in natural order (2 before 10)
    """

    code: ClassVar[str] = "DC103"
    name: ClassVar[str] = "pairing-order-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (LISTINGS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        listings, repair = context.listings, context.pairing
        assert listings is not None and repair is not None, "required above"  # noqa: PT018
        if not repair.judged:
            return NotApplicable(names_do_not_match(listings))
        if repair.diagnosis is None:
            n = int((repair.label_of >= 0).sum())
            return Passed(f"the names of {plural(n, 'pair')} match, compared by {repair.basis}")
        wrong = repair.wrong.tolist()
        right = repair.label_of.tolist()
        issues = self.issues(
            ids_of(context.manifest, [listings.images[row] for row in wrong]),
            value=[float(right[row] - row) for row in wrong],
            note=[f"given {listings.labels[row]}, right {listings.labels[right[row]]}" for row in wrong],
        )
        unsure = repair.diagnosis.cause is Cause.NUMBERING
        diagnosis = repair.diagnosis
        where = "" if "position" in diagnosis.detail else f", from position {diagnosis.first:,} on"
        n_judged = int((repair.label_of[: len(listings.labels)] >= 0).sum())
        finding = self.finding(
            f"{len(wrong):,} of {plural(n_judged, 'image')} {'may ' if unsure else ''}have the label of another image"
            f"{where}: {diagnosis.detail}",
            REMEDIES[diagnosis.cause],
            severity=Severity.WARNING if unsure else self.severity,
            evidence=_evidence(listings, repair, diagnosis, n_judged),
            affected=issues,
        )
        return Found((finding,), issues)


def _evidence(listings: Listings, repair: Repair, diagnosis: Diagnosis, n_judged: int) -> dict[str, Any]:
    return {
        "cause": str(diagnosis.cause),
        "n_wrong": len(repair.wrong),
        "n_pairs": n_judged,
        "first_wrong": diagnosis.first,
        "last_wrong": diagnosis.end - 1,
        "shift": diagnosis.shift,
        "matched_by": repair.basis,
        "examples": [
            {
                "position": row,
                "image": listings.images[row],
                "given_label": listings.labels[row],
                "right_label": listings.labels[repair.label_of[row]],
            }
            for row in repair.wrong[:N_EXAMPLES].tolist()
        ],
    }


def names_do_not_match(listings: Listings) -> str:
    """Say why the names of two listings cannot be matched, and what can judge the pairing instead."""
    if 2 * len(set(listings.labels)) <= len(listings.labels):
        what = "the labels are values that repeat, not one file per image"
    else:
        what = "the names of the images and of the labels have nothing in common"
    return f"{what}; DC108 can judge the pairing from the content of the samples: run the audit with --probe"


_BY_STEM = "label_of = {Path(p).stem: p for p in labels}; pairs = [(p, label_of[Path(p).stem]) for p in images]"
_REPAIR = "datacheck.pairing.repair_by_name(listings).apply(listings)"
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
        f"look at three pairs: if the numbers differ on purpose, ignore DC103 here, otherwise pair by name: {_REPAIR}"
    ),
    Cause.MISSING_FILES: f"leave out the files without a partner (see DC102) by pairing by name: {_REPAIR}",
    Cause.SWAPPED_BLOCK: f"exchange the two blocks in the code that concatenates the listings, or: {_REPAIR}",
    Cause.REVERSED: f"sort both listings in the same direction: {_SORT}; or pair by name: {_REPAIR}",
    Cause.SHUFFLED: f"do not shuffle or list the two separately; pair by name: {_BY_STEM}; or {_REPAIR}",
}
"""What to do about each cause, with a line of code."""
