from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc908_channels_exchanged import ChannelsExchanged

from .examples import shown
from .loader_evidence import context, found


def test_a_clean_look_is_silent() -> None:
    assert isinstance(ChannelsExchanged().check(context()), Passed)


def test_the_example_and_the_edge() -> None:
    outcome = ChannelsExchanged().check(context(found(swapped=93.0)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ChannelsExchanged)
    assert outcome.findings[0].severity is Severity.ERROR
    assert isinstance(ChannelsExchanged().check(context(found(swapped=19.9))), Passed)
    grey = context(found(swapped=float("nan")), val=None)
    assert isinstance(ChannelsExchanged().check(grey), NotApplicable)
