"""Two listings that code zips together: is each image beside its own label, and if not, why, and how is it repaired?"""

from __future__ import annotations

from datacheck.pairing.causes import Cause, Diagnosis, pairing_cause
from datacheck.pairing.repair import Repair, repair

__all__ = ["Cause", "Diagnosis", "Repair", "pairing_cause", "repair"]
