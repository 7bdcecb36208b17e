"""DC105: wrong extensions, and images of several modes or formats in one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import SCAN, names_are_paths
from datacheck.text import percent, plural

_ROWS = 1 << 17
"""Names that are Python objects at a time: about 10 MB."""

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


Part = tuple[Finding, pa.Table]


@dataclass(frozen=True)
class MixedFormats(Rule):
    """Extensions do not fit the content, or the images have several modes or formats.

    What
    ----
    Finds files whose content has another format than their extension says, and a mode (RGB, L, RGBA, I;16, P …) that
    only a minority of the images has. Says so if several formats are mixed.

    Why it hurts training
    ---------------------
    A decoder that is chosen by extension fails on the wrong content. Images of another mode have another number of
    channels or another range: batches cannot be stacked, palette indices are read as grey, 16-bit values are clipped at
    255. And if format or mode goes with the class, the model learns the export instead of the object.

    How it is measured
    ------------------
    By the format and mode of the content of each file, in Pillow's names. A mode of fewer than ``minority`` of the
    images is a warning; a larger mixture is probably known, and an info. More than 8 bits beside 8-bit images is a
    warning at any share. One mode for all images is fine, whichever it is.

    How to fix
    ----------
    Convert the images in the loader (``image.convert("RGB")``) or once on disk. Rename files by their content.

    Example
    -------
    A PNG was renamed instead of converted::

        a.jpg    JPEG
        b.jpg    PNG

        DC105 1 of 2 files is not what its extension says: 'b.jpg' (PNG)
    """

    code: ClassVar[str] = "DC105"
    name: ClassVar[str] = "mixed-formats"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (SCAN,)

    minority: float = 0.2  # a mode of one image in five is no accident any more

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        read = np.flatnonzero(context.measured.readable)
        parts = [*self._extensions(context, read), *self._modes(context, read), *self._formats(context, read)]
        if not parts:
            return Passed(f"{plural(len(read), 'image')} of one mode and format")
        return Found.of(parts)

    def _extensions(self, context: RuleContext, read: NDArray[np.int64]) -> list[Part]:
        if not names_are_paths(context.manifest):
            return []
        column, kinds_read = context.manifest.table["uri"], context.measured.strings("format")
        found = []
        for start in range(0, len(read), _ROWS):
            rows = read[start : start + _ROWS]
            found.append(rows[wrong_extensions(column.take(pa.array(rows)).to_pylist(), kinds_read[rows])])
        wrong = np.concatenate([read[:0], *found])
        if not len(wrong):
            return []
        uris, formats = column.take(pa.array(wrong)).to_pylist(), kinds_read[wrong]
        kinds = Counter(
            f"{uri.rpartition('.')[2].lower()} holds {kind}" for uri, kind in zip(uris, formats, strict=True)
        )
        are = "is not what its extension says" if len(wrong) == 1 else "are not what their extensions say"
        issues = self.issues(context.ids(wrong), note=[f"content is {kind}" for kind in formats])
        finding = self.finding(
            f"{len(wrong):,} of {plural(len(read), 'file')} {are}: {uris[0]!r} ({formats[0]})",
            "rename the files by their content, or use a decoder that looks at the content",
            evidence={"kinds": dict(kinds)},
            affected=issues,
        )
        return [(finding, issues)]

    def _modes(self, context: RuleContext, read: NDArray[np.int64]) -> list[Part]:
        modes = context.measured.strings("mode")
        modes = np.where(modes == "PA", "P", modes)  # a palette, whether or not one of its colours is transparent
        counts = Counter(mode for mode in modes[read] if mode is not None)
        if len(counts) < 2:
            return []
        (usual, _), *others = counts.most_common()
        rows = read[[modes[row] is not None and modes[row] != usual for row in read]]
        share = len(rows) / len(read)
        deep = len({is_deep(mode) for mode in counts}) > 1
        rare = any(n < self.minority * len(read) for _, n in others)
        issues = self.issues(context.ids(rows), note=[str(mode) for mode in modes[rows]])
        finding = self.finding(
            f"{percent(share)} of the images have another mode than the usual {usual}: "
            + ", ".join(f"{n:,} {mode}" for mode, n in others),
            "bring all images to one bit depth with an explicit scaling; a plain convert() clips at 255"
            if deep
            else 'convert every image in the loader: image.convert("RGB")',
            severity=self.severity if deep or rare else Severity.INFO,
            evidence={"modes": dict(counts.most_common()), "share": share},
            affected=issues,
        )
        return [(finding, issues)]

    def _formats(self, context: RuleContext, read: NDArray[np.int64]) -> list[Part]:
        kinds = Counter(kind for kind in context.measured.strings("format")[read] if kind is not None)
        if len(kinds) < 2:
            return []
        finding = self.finding(
            f"the images have {len(kinds)} formats: " + ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common()),
            "harmless for most loaders; check that the format does not go with the class or the split",
            severity=Severity.INFO,
            evidence={"formats": dict(kinds.most_common())},
        )
        return [(finding, self.issues([]))]


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
