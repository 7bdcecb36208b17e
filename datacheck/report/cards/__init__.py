"""The data card: what a dataset is, and what is known to be wrong with it, for people who get it."""

from datacheck.report.cards.card import Card, make_card
from datacheck.report.cards.provenance import Provenance

__all__ = ["Card", "Provenance", "make_card"]
