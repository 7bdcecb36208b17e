"""With the pytest plugin: data are tested like code. Run where ``data/photos`` and ``contract/`` lie."""

from __future__ import annotations


def test_photos_keep_their_contract(assert_dataset) -> None:  # type: ignore[no-untyped-def]
    assert_dataset("data/photos", contract="contract/")
