"""A clean copy of a dataset, or a small one: which samples stay and why, and their files in a new place."""

from datacheck.exporting.choice import DUPLICATES, Choice, Wanted, choose
from datacheck.exporting.write import FORMS, Export

__all__ = ["DUPLICATES", "FORMS", "Choice", "Export", "Wanted", "choose"]
