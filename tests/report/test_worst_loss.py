from dataclasses import replace

import numpy as np

from datacheck.manifest import Manifest
from datacheck.models.learning_task import Fault
from datacheck.probing.outputs import ProbeOutputs
from datacheck.report.html import render
from datacheck.report.worst_loss import worst_loss

from .conftest import HOSTILE, URIS, Pictures, make_report


def test_the_wrong_predictions_of_each_class_are_shown_with_the_largest_loss_first(
    manifest: Manifest, probe: ProbeOutputs
) -> None:
    assert probe.pred_probs is not None
    probs = probe.pred_probs.copy()
    hostile, cat, owl = (manifest.classes.index(name) for name in (HOSTILE, "cat", "owl"))
    for row, (predicted, sure) in enumerate([(owl, 0.9), (owl, 0.98), (hostile, 0.8), (cat, 0.8), (owl, 0.8)]):
        probs[row] = (1 - sure) / 2
        probs[row, predicted] = sure
    report = make_report(manifest, probe=replace(probe, pred_probs=probs))
    first, second = worst_loss(report)
    assert (first.name, first.n_wrong, first.n) == ("cat", 2, 2)
    assert [tile.sample_id for tile in first.tiles] == [URIS[1], URIS[0]]
    assert [tile.value for tile in first.tiles] == [f"loss {-np.log(0.01):.3g}", f"loss {-np.log(0.05):.3g}"]
    assert first.tiles[0].note == "predicted owl"
    assert (second.name, second.n_wrong, second.n) == (HOSTILE, 1, 2)
    page = render(report, thumbnails=Pictures())
    assert "cat: 2 of 2 predicted wrong" in page
    assert HOSTILE not in page


def test_there_is_no_gallery_where_nothing_is_wrong_or_known(manifest: Manifest, probe: ProbeOutputs) -> None:
    right = np.eye(3, dtype=np.float32)[manifest.label_codes]
    assert worst_loss(make_report(manifest, probe=replace(probe, pred_probs=right))) == ()
    assert worst_loss(make_report(manifest)) == ()
    faulty = replace(probe, faults=(Fault("rows", "they are in another order", "give them by sample id"),))
    assert worst_loss(make_report(manifest, probe=faulty)) == ()
    assert "Largest loss by class" not in render(make_report(manifest))
