"""Where the probe fails: metrics by column, group, property and cluster, the weak slices among them, challenge sets."""

from datacheck.slices.attributes import Attribute, slice_attributes
from datacheck.slices.challenge import CHALLENGES, ChallengeSet, challenge_set
from datacheck.slices.export import export_challenge
from datacheck.slices.find import Slice, Slices, find_slices

__all__ = [
    "CHALLENGES",
    "Attribute",
    "ChallengeSet",
    "Slice",
    "Slices",
    "challenge_set",
    "export_challenge",
    "find_slices",
    "slice_attributes",
]
