"""DC105: extensions that lie, and images of several kinds in one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import (
    Finding,
    Found,
    NotApplicable,
    Outcome,
    Passed,
    Severity,
    sample_issues,
)
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import names_are_paths
from datacheck.text import percent, plural

FORMATS_OF: dict[str, frozenset[str]] = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), frozenset({"JPEG", "MPO"})),
    "png": frozenset({"PNG"}),
    "apng": frozenset({"PNG"}),
    "gif": frozenset({"GIF"}),
    "webp": frozenset({"WEBP"}),
    "bmp": frozenset({"BMP", "DIB"}),
    **dict.fromkeys(("tif", "tiff"), frozenset({"TIFF"})),
    **dict.fromkeys(("pgm", "ppm", "pbm", "pnm"), frozenset({"PPM"})),
    "ico": frozenset({"ICO"}),
    "tga": frozenset({"TGA"}),
    "avif": frozenset({"AVIF"}),
}
"""The formats that an extension may hold, in Pillow's names."""


@dataclass(frozen=True)
class MixedFormats(Rule):
    """Extensions do not fit the content, or images have several modes or formats.

    What
    ----
    Finds files whose content is of another format than their extension says, a mode (RGB, L, RGBA, I;16, P …) that a
    minority of the images has, and says when several formats are mixed.

    Why it hurts training
    ---------------------
    A decoder chosen by extension fails on the wrong content. Images of another mode have another number of channels
    or another range: batches fail to stack, a palette is read as grey, 16 bits are cut off at 255. And where format
    or mode goes with the class, the model learns the export, not the object.

    How it is measured
    ------------------
    Format and mode come from each file's content, as Pillow names them. A mode below ``minority`` (0.2) of the images
    that were read is a warning; a larger mixture is taken to be known, and stated. Bit depths beyond 8 beside 8-bit
    images are a warning at any share. One mode throughout is fine, whichever it is.

    How to fix
    ----------
    Convert on loading (``image.convert("RGB")``), or once on disk; rename files by their content.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.testing import measurements_for
    >>> manifest = Manifest.from_columns({"uri": ["a.jpg", "b.jpg"]})
    >>> measured = measurements_for(manifest, format=["JPEG", "PNG"])
    >>> MixedFormats().check(RuleContext(manifest, measured)).findings[0].message
    "1 of 2 files is not what its extension says: 'b.jpg' (PNG)"
    """

    code: ClassVar[str] = "DC105"
    name: ClassVar[str] = "mixed-formats"
    severity: ClassVar[Severity] = Severity.WARNING

    minority: float = 0.2

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.measurements is None:
            return NotApplicable("nothing was scanned: the dataset has no files or pixels that can be reached")
        read = np.flatnonzero(context.measurements.readable)
        modes, formats = context.measurements.strings("mode"), context.measurements.strings("format")
        found: list[tuple[Finding, NDArray[np.int64], list[str]]] = []
        if names_are_paths(context.manifest):
            uris = context.manifest.table["uri"].to_numpy(zero_copy_only=False)
            wrong = read[wrong_extensions(uris[read], formats[read])]
            if len(wrong):
                found.append(self._extension(context, wrong, uris, formats, len(read)))
        found += self._modes(context, read, modes)
        kinds = Counter(kind for kind in formats[read] if kind is not None)
        if len(kinds) > 1:
            found.append(self._formats(context, read, kinds))
        if not found:
            return Passed(f"{plural(len(read), 'image')} of one mode and format")
        ids = context.manifest.sample_ids
        issues = [sample_issues(self.code, ids.take(rows), np.ones(len(rows)), note=notes) for _, rows, notes in found]
        return Found(tuple(finding for finding, _, _ in found), pa.concat_tables(issues))

    def _extension(
        self, context: RuleContext, wrong: NDArray[np.int64], uris: NDArray[Any], formats: NDArray[Any], n: int
    ) -> tuple[Finding, NDArray[np.int64], list[str]]:
        kinds = Counter(f"{uris[row].rpartition('.')[2].lower()} holds {formats[row]}" for row in wrong)
        are = "is not what its extension says" if len(wrong) == 1 else "are not what their extensions say"
        first = f"{uris[wrong[0]]!r} ({formats[wrong[0]]})"
        message = f"{len(wrong):,} of {plural(n, 'file')} {are}: {first}"
        remedy = "rename the files by their content, or use a decoder that looks at the content"
        finding = self._make(context, self.severity, message, remedy, {"kinds": dict(kinds)}, wrong)
        return finding, wrong, [f"content is {formats[row]}" for row in wrong]

    def _modes(
        self, context: RuleContext, read: NDArray[np.int64], modes: NDArray[Any]
    ) -> list[tuple[Finding, NDArray[np.int64], list[str]]]:
        counts = Counter(mode for mode in modes[read] if mode is not None)
        if len(counts) < 2:
            return []
        (usual, _), *others = counts.most_common()
        rows = read[[modes[row] is not None and modes[row] != usual for row in read]]
        share = len(rows) / len(read)
        deep = len({is_deep(mode) for mode in counts}) > 1
        severity = self.severity if deep or any(n < self.minority * len(read) for _, n in others) else Severity.INFO
        listed = ", ".join(f"{n:,} {mode}" for mode, n in others)
        message = f"{percent(share)} of the images do not have the mode {usual} of most: {listed}"
        remedy = 'convert every image on loading: image.convert("RGB")'
        if deep:
            remedy = "bring all images to one bit depth by an explicit scaling; a plain convert() cuts off at 255"
        evidence = {"modes": dict(counts.most_common()), "share": share}
        return [(self._make(context, severity, message, remedy, evidence, rows), rows, [str(m) for m in modes[rows]])]

    def _formats(
        self, context: RuleContext, read: NDArray[np.int64], kinds: Counter[str]
    ) -> tuple[Finding, NDArray[np.int64], list[str]]:
        message = f"the images come in {len(kinds)} formats: " + ", ".join(f"{n:,} {k}" for k, n in kinds.most_common())
        remedy = "harmless to most loaders; make sure that the format does not go with the class or the split"
        evidence = {"formats": dict(kinds.most_common())}
        none = read[:0]
        return self._make(context, Severity.INFO, message, remedy, evidence, none), none, []

    def _make(
        self,
        context: RuleContext,
        severity: Severity,
        message: str,
        remedy: str,
        evidence: dict[str, Any],
        rows: NDArray[np.int64],
    ) -> Finding:
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=message,
            remedy=remedy,
            evidence=evidence,
            sample_ids=tuple(context.manifest.sample_ids.take(rows[:100]).to_pylist()),
            n_affected=len(rows),
        )


def wrong_extensions(uris: Sequence[str] | NDArray[Any], formats: Sequence[str] | NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each file's extension is known and is not that of its format; bool [N].

    Examples
    --------
    >>> wrong_extensions(["a.jpg", "b.jpg", "c", "d.xyz"], ["PNG", "JPEG", "PNG", "PNG"]).tolist()
    [True, False, False, False]
    """

    def wrong(uri: str | None, kind: str | None) -> bool:
        expected = FORMATS_OF.get((uri or "").rpartition(".")[2].lower())
        return kind is not None and expected is not None and kind not in expected

    return np.array([wrong(uri, kind) for uri, kind in zip(uris, formats, strict=True)], dtype=bool)


def is_deep(mode: str) -> bool:
    """Whether a mode holds more than 8 bits a channel."""
    return mode.startswith(("I", "F"))
