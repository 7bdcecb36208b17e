from __future__ import annotations

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc105_mixed_formats import MixedFormats
from datacheck.testing import measurements_for

from .examples import shown

JPEGS = Manifest.from_columns({"uri": [f"{row}.jpg" for row in range(20)]})


def _check(manifest: Manifest, **columns: object) -> object:
    return MixedFormats().check(RuleContext(manifest, measurements_for(manifest, **columns)))


def test_an_extension_that_lies_is_named_with_the_content() -> None:
    outcome = _check(JPEGS, format=["JPEG"] * 19 + ["PNG"])
    assert isinstance(outcome, Found)
    extension, formats = outcome.findings
    assert (extension.severity, extension.sample_ids) == (Severity.WARNING, ("19.jpg",))
    assert extension.evidence["kinds"] == {"jpg holds PNG": 1}
    assert (formats.severity, formats.evidence["formats"]) == (Severity.INFO, {"JPEG": 19, "PNG": 1})


@pytest.mark.parametrize(
    ("modes", "severity"),
    [
        (["RGB"] * 19 + ["L"], Severity.WARNING),
        (["RGB"] * 12 + ["L"] * 8, Severity.INFO),
        (["L"] * 12 + ["I;16"] * 8, Severity.WARNING),
        (["RGB"] * 18 + ["RGBA", "P"], Severity.WARNING),
    ],
)
def test_a_minority_mode_warns_and_a_known_mixture_informs(modes: list[str], severity: Severity) -> None:
    outcome = _check(JPEGS, mode=modes)
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.severity is severity
    assert list(finding.sample_ids) == [f"{row}.jpg" for row, mode in enumerate(modes) if mode != modes[0]]


@pytest.mark.parametrize("mode", ["RGB", "L", "I;16"])
def test_one_mode_throughout_is_silent(mode: str) -> None:
    assert _check(JPEGS, mode=mode) == Passed("20 images of one mode and format")


def test_unreadable_samples_and_unknown_extensions_are_left_out() -> None:
    odd = Manifest.from_columns({"uri": ["a.dat", "b", "c.JPEG", "d.jpg"]})
    assert isinstance(_check(odd, error=[None, None, None, "truncated"]), Passed)
    assert isinstance(MixedFormats().check(RuleContext(odd)), NotApplicable)


def test_the_example_and_the_edge() -> None:
    outcome = _check(Manifest.from_columns({"uri": ["a.jpg", "b.jpg"]}), format=["JPEG", "PNG"])
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(MixedFormats)
    for n, severity in ((3, Severity.WARNING), (4, Severity.INFO)):
        outcome = _check(JPEGS, mode=["RGB"] * (20 - n) + ["L"] * n)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity
