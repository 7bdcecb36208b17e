"""Does each sample stand beside its own label? Checked from the names, and from the content of the samples.

*From names* (`repair_by_name`): where images and labels are both files, their names say which belong together. This is
exact and needs no samples to be read; it says nothing where too few names match, or where labels are values.

*From content* (`check_content`): labels that belong to their samples can be predicted from them out of sample; labels
of a neighbour in the listing cannot. Shifts, reversals and other sort orders are tried as hypotheses.

*Both*: names that match decide (rule DC103). Content decides where names do not match or labels have none (rule DC108);
there, irregular file names are a prior for the rows at which a shift begins (`listing_hints.change_prior`), and sort
orders of the names are hypotheses that the content must confirm. Both return a `Repair`.
"""

from __future__ import annotations

from datacheck.pairing.by_content import ContentCheck, Samples, check_content
from datacheck.pairing.by_name import repair_by_name
from datacheck.pairing.label_codes import LabelCodes
from datacheck.pairing.name_groups import NameGroups, infer_groups
from datacheck.pairing.order_causes import pairing_cause
from datacheck.pairing.repairs import Cause, ChangePoint, Diagnosis, Repair

__all__ = [
    "Cause",
    "ChangePoint",
    "ContentCheck",
    "Diagnosis",
    "LabelCodes",
    "NameGroups",
    "Repair",
    "Samples",
    "check_content",
    "infer_groups",
    "pairing_cause",
    "repair_by_name",
]
