"""Rules DC7xx: training code, read and never executed; ``datacheck lint`` judges them."""

from __future__ import annotations

from typing import Any

from datacheck.rules.common import BaseRule

CODE_RULES: tuple[type[BaseRule[Any]], ...] = ()
"""Every rule on training code, in the order of its code."""
