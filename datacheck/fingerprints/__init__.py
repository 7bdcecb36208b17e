"""What is in a dataset, in a few kB: mergeable statistics per split and class, and what changed between two of them."""

from datacheck.fingerprints.build import fingerprint
from datacheck.fingerprints.diff import Change, FingerprintDiff
from datacheck.fingerprints.fingerprint import Fingerprint, TargetState

__all__ = ["Change", "Fingerprint", "FingerprintDiff", "TargetState", "fingerprint"]
