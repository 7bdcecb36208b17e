"""Rules DC9xx: the user's loader, model and loss, before the first step; ``datacheck.preflight`` judges them."""

from __future__ import annotations

from typing import Any

from datacheck.rules.common import BaseRule

LOADER_RULES: tuple[type[BaseRule[Any]], ...] = ()
"""Every rule on loader, model and loss, in the order of its code."""
