"""Whether the tests that repeat themselves do so as often as they can: ``DATACHECK_THOROUGH=1``, before a release."""

from __future__ import annotations

import os

THOROUGH = os.environ.get("DATACHECK_THOROUGH") == "1"
