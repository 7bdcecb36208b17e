"""What the rules about files and pairing share."""

from __future__ import annotations

from collections.abc import Sequence

from datacheck.manifest import Manifest

N_EXAMPLES = 10
"""A finding's evidence shows at most this many examples; the issues name every sample."""

N_NAMED = 3
"""A message names at most this many files."""


def ids_of(manifest: Manifest, uris: Sequence[str]) -> list[str]:
    """Return the sample id of each uri; the uri itself if no sample has it, such as a label file without an image."""
    known: dict[str, str] = {}
    if "uri" in manifest:
        known = dict(zip(manifest.table["uri"].to_pylist(), manifest.sample_ids.to_pylist(), strict=True))
    return [known.get(uri, uri) for uri in uris]
