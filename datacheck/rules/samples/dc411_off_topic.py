"""DC411: images that look like screenshots, pages or charts among others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import FLAT, flagged, robust_z
from datacheck.scanning.measurements import signature_values
from datacheck.scanning.signature import SIGNATURE_SIDE
from datacheck.text import number

_SPREADS = {
    "entropy": 0.3,
    "colourfulness": 0.2,
    "sharpness": 0.05,
    "contrast": 0.1,
    "brightness": 0.1,
    "brightness_p01": 0.1,
    "brightness_p99": 0.1,
}
"""What is compared, and by how much it varies at least, so that a set of one kind does not make the rest stand out.
Colourfulness, sharpness and contrast are compared on a logarithmic scale."""

_OFFSETS = {"colourfulness": 3.0, "sharpness": 0.1, "contrast": 0.01}
"""Added before the logarithm, about what is not visible: grey, blurred and flat images stay finite."""

_ROWS_SPREAD = 0.05
"""The share of fine rows varies by at least this much."""

_FINE_ROWS = SIGNATURE_SIDE**2 // 2
"""From this coefficient on a signature holds the upper half of the vertical frequencies: lines of text, tiles."""

_KEPT = 0.9
"""Share of the images from which means and covariance are taken, so that a tenth may be anything."""

_ROUNDS = 5
"""After so many rounds of leaving out the furthest tenth, the covariance hardly changes."""

_RIDGE = 0.05
"""Added to the covariance of robust z-scores, so that measures that are nearly the same do not divide by zero."""

_MAD_TO_SD = 1.4826
"""The standard deviation of a normal distribution is this many times its median absolute deviation."""

_BLOCK = 1 << 20
"""Rows (67 MB of scores) whose products are computed at a time."""

_SIGNATURES = 1 << 14
"""Signatures that are numbers of 8 bytes at a time: 19 MB."""


@dataclass(frozen=True)
class OffTopic(Rule):
    """Images differ from all others in several properties at once.

    What
    ----
    Finds images of another kind than the rest, such as a screenshot, a page of text or a chart among photos, from what
    the scan measured. Where the probe ran, DC503 judges what the images show.

    Why it hurts training
    ---------------------
    Such an image teaches nothing about the task, and its label is a guess. Found by a crawler or saved by mistake, it
    seldom comes alone.

    How it is measured
    ------------------
    By the Mahalanobis distance over entropy, colourfulness, sharpness, contrast, brightness, its lowest and highest
    percentile, and the share of fine rows (such as lines of text) in the perceptual signature. Means and covariance
    come from the nearest nine tenths of the images (a trimmed estimate, after Rousseeuw and Van Driessen 1999). An
    image is listed if its distance is ``min_deviations`` robust standard deviations (of the upper half) or more above
    the median, and two properties or more are ``min_z`` robust standard deviations or more from the median: one alone
    has rules of its own. Blank images are left to DC404. It is never more than information: rare but real photos may be
    as far out as a screenshot. Needs ``min_images`` images with a median entropy of ``min_entropy`` bits: among
    drawings, a grey one beside black ones is as far out.

    How to fix
    ----------
    Look at them, and remove what does not belong to the task. Images that are rare but real can stay.

    Example
    -------
    Two screenshots lie among 200 photos::

        DC411 2 of 200 images (1 %) differ from the others in several properties at once, by up to 20 robust
          standard deviations
    """

    code: ClassVar[str] = "DC411"
    name: ClassVar[str] = "off-topic"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (PIXELS,)

    min_deviations: float = 7.0  # 2 of 1,358 photos lie further out
    min_z: float = 2.5  # one of 80 normal values lies so far out
    min_images: int = 50  # fewer give no covariance of eight properties
    min_entropy: float = 4.0  # bits; a photo or a radiograph has 6 to 8, icons and digits of 8 pixels 1 to 3

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        values = _values(context)
        judged = np.isfinite(values).all(axis=1) & (context.measured.values("contrast") >= FLAT)
        n_judged = int(judged.sum())
        if n_judged < self.min_images:
            raise CannotJudge(f"needs {self.min_images} or more measured images that are not blank, found {n_judged}")
        typical = float(np.median(context.measured.values("entropy")[judged]))
        if typical < self.min_entropy:
            raise CannotJudge(
                f"the images are drawings or tiny (median entropy {typical:.1f} bits, and {number(self.min_entropy)} "
                "are needed), whose properties differ without another subject"
            )
        deviations = np.zeros(len(judged))
        values = values if n_judged == len(judged) else values[judged]  # no second copy of many rows
        deviations[judged] = joint_deviations(values, min_z=self.min_z)
        mask = deviations >= self.min_deviations
        largest = float(deviations.max())
        if not mask.any():
            return Passed(f"no image differs in several properties at once by {number(self.min_deviations)} deviations")
        suspicion = 1 - self.min_deviations / (self.min_deviations + np.maximum(deviations, 0.0))
        issues, counted, evidence = flagged(self, context, mask, suspicion, deviations)
        verb = "differs" if mask.sum() == 1 else "differ"
        finding = self.finding(
            f"{counted} {verb} from the others in several properties at once, by up to {largest:.0f} robust standard "
            "deviations",
            "look at them, and remove what does not belong to the task",
            evidence={**evidence, "largest_deviation": largest, "min_deviations": self.min_deviations},
            affected=issues,
        )
        return Found((finding,), issues)


def _values(context: RuleContext) -> NDArray[np.float64]:
    """Return the robust z-scores of the measures, [N, D]; NaN where an image was not measured."""
    measured = context.measured
    values = np.empty((len(measured), len(_SPREADS) + 1))
    for number_, (name, spread) in enumerate(_SPREADS.items()):
        column = measured.values(name)
        values[:, number_] = robust_z(np.log(column + _OFFSETS[name]) if name in _OFFSETS else column, spread)
    fine = np.concatenate([np.empty(0), *(fine_rows(part) for part in measured.parts("perceptual_signature"))])
    values[:, -1] = np.nan_to_num(robust_z(fine, _ROWS_SPREAD))  # without detail an image has no signature
    return values


def fine_rows(signatures: pa.FixedSizeBinaryArray) -> NDArray[np.float64]:
    """Return the share of each signature in fine rows, in [0, 1], shape [N]; NaN for a null.

    Examples
    --------
    >>> text = bytes(142) + bytes([127])
    >>> fine_rows(pa.array([text, text[::-1], None], pa.binary(143))).tolist()
    [1.0, 0.0, nan]
    """
    known = np.asarray(pc.is_valid(signatures).to_numpy(zero_copy_only=False))
    shares = np.full(len(known), np.nan)
    values = signature_values(signatures)
    for start in range(0, len(known), _SIGNATURES):
        square = values[start : start + _SIGNATURES].astype(np.float64) ** 2
        share = np.sqrt(square[:, _FINE_ROWS:].sum(axis=1) / np.maximum(square.sum(axis=1), 1.0))
        shares[start : start + len(share)] = np.where(known[start : start + len(share)], share, np.nan)
    return shares


def joint_deviations(values: NDArray[np.floating[Any]], *, min_z: float) -> NDArray[np.float64]:
    """Return how far each row is out, in robust deviations above the median; 0 where fewer than two columns are; [N].

    Parameters
    ----------
    values
        Robust z-scores, shape [N, D], finite.
    min_z
        How far out two columns must be.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = np.r_[rng.normal(size=(300, 3)), [[25.0, 0.0, 0.0], [12.0, -12.0, 0.0]]]
    >>> (joint_deviations(values, min_z=2.5)[-2:] > 7).tolist()
    [False, True]
    """
    kept = np.ones(len(values), dtype=bool)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(values), _BLOCK)]
    for _ in range(_ROUNDS):
        mean, covariance = _moments(values, kept, blocks)
        precision = np.linalg.inv(covariance + _RIDGE * np.eye(values.shape[1]))
        square = np.concatenate([_squares(values[block] - mean, precision) for block in blocks])
        kept = square <= np.quantile(square, _KEPT)
    distance = np.sqrt(square)
    middle = float(np.median(distance))
    spread = _MAD_TO_SD * float(np.median(distance[distance >= middle] - middle))
    deviations = (distance - middle) / max(spread, np.finfo(np.float64).tiny)
    second = np.concatenate([np.sort(np.abs(values[block]), axis=1)[:, -2] for block in blocks])
    return np.where(second >= min_z, deviations, 0.0)


def _moments(
    values: NDArray[np.floating[Any]], kept: NDArray[np.bool_], blocks: list[slice]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return mean [D] and covariance [D, D] of the rows that are kept."""
    if len(blocks) == 1:
        mean = values[kept].mean(axis=0)
        return mean, np.cov((values - mean)[kept].T)
    n = np.count_nonzero(kept)
    mean = sum(values[block][kept[block]].sum(axis=0) for block in blocks) / n
    products = 0.0
    for block in blocks:
        centred = values[block][kept[block]] - mean
        products = products + centred.T @ centred
    return np.asarray(mean), np.asarray(products / (n - 1))


def _squares(centred: NDArray[Any], precision: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(((centred @ precision) * centred).sum(axis=1))
