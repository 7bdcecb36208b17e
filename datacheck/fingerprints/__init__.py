"""What is in a dataset, in a few kB: mergeable statistics per split and class, and what changed between two of them."""

from datacheck.fingerprints.build import fingerprint
from datacheck.fingerprints.change import Change
from datacheck.fingerprints.columns import ColumnKind, ColumnState
from datacheck.fingerprints.diff import FingerprintDiff
from datacheck.fingerprints.states import TargetState
from datacheck.fingerprints.summary import Fingerprint

__all__ = ["Change", "ColumnKind", "ColumnState", "Fingerprint", "FingerprintDiff", "TargetState", "fingerprint"]
