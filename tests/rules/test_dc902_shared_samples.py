from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc902_shared_samples import SharedSamples

from .examples import shown
from .loader_evidence import context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(SharedSamples().check(context(val=loader("val", found=None))), NotApplicable)


def test_the_example() -> None:
    files = tuple(f"/data/{item:03d}.jpg" for item in range(40))
    both = context(loader(paths=files), val=loader("val", paths=files[:12]))
    outcome = SharedSamples().check(both)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(SharedSamples)
    assert outcome.findings[0].severity is Severity.ERROR
    apart = context(loader(paths=files[:28]), val=loader("val", paths=files[28:]))
    assert isinstance(SharedSamples().check(apart), Passed)


def test_images_that_were_found_again_tell_it_too() -> None:
    outcome = SharedSamples().check(context())
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["n_shared"] == 64
