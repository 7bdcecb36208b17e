"""Real photos are the clean twin that no generator replaces."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from datacheck.findings import Found, Severity
from datacheck.rules import RULES
from datacheck.rules.base import RuleContext
from datacheck.scanning import scan
from datacheck.sources import open_source

from .quality_tables import found_ids

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trashnet(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RuleContext:
    folder = tmp_path_factory.mktemp("photos")
    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        archive.extractall(folder, filter="data")
    manifest = open_source(folder / "trashnet")
    return RuleContext(manifest, scan(manifest, thumbnails=False).measurements)


def test_photos_in_order_raise_no_warning_of_quality(trashnet: RuleContext) -> None:
    flagged: set[str] = set()
    for rule in RULES:
        if rule.code.startswith("DC4"):
            outcome = rule().check(trashnet)
            if isinstance(outcome, Found):
                assert {finding.severity for finding in outcome.findings} == {Severity.INFO}, rule.code
                flagged.update(found_ids(outcome))
    assert len(flagged) <= 10


def test_its_imbalance_is_stated(trashnet: RuleContext) -> None:
    rule = next(rule for rule in RULES if rule.code == "DC203")
    outcome = rule().check(trashnet)
    assert isinstance(outcome, Found)
    sizes = np.bincount(trashnet.manifest.label_codes)
    assert outcome.findings[0].evidence["ratio"] == pytest.approx(sizes.max() / sizes.min())
