"""Small datasets with planted copies, for the rules about splits."""

from __future__ import annotations

from typing import Any

from datacheck.findings import Found, Outcome
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.testing import measurements_for

GREY = {f"{kind}_{name}": 0.3 for kind in ("mean", "std") for name in ("red", "green", "blue")}
A, NEAR_A, B, C = 0b111, 0b110, 2**40 - 1, 0xFFFF << 45


def context(hashes: list[int], content: list[str] | None = None, **columns: Any) -> RuleContext:
    manifest = Manifest.from_columns({"uri": [f"{row}.png" for row in range(len(hashes))], **columns})
    content = content or [f"c{row}" for row in range(len(hashes))]
    return RuleContext(manifest, measurements_for(manifest, perceptual_hash=hashes, content_hash=content, **GREY))


def found(outcome: Outcome) -> Found:
    assert isinstance(outcome, Found), outcome
    return outcome
