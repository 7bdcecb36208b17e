from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datacheck.annotations.mask_files import measure_masks
from datacheck.errors import ProbeError
from datacheck.probing.budget import Clock
from datacheck.probing.options import Options
from datacheck.probing.segments import MaskProbe, load_mask_probe, run_mask_probe, save_mask_probe
from datacheck.probing.segments.grids import GRID
from datacheck.probing.segments.planting import plant
from datacheck.probing.segments.regions import LEAST, Picture, given_regions, missing_regions
from datacheck.probing.segments.storage import suspects_table
from datacheck.probing.segments.suspicion import judge
from datacheck.probing.weights import default_weights_installed
from datacheck.rules import RuleContext
from tests.annotations.drawn_masks import write_masks


def predicted(context: RuleContext, root: Path) -> dict[str, NDArray[np.float32]]:
    """Return what a good model would say of the images as they were drawn: blurred, and a little unsure."""
    rng = np.random.default_rng(0)
    found = {}
    for sample_id in context.manifest.sample_ids.to_pylist():
        right = np.array(Image.open(root.parent / "right" / sample_id.rpartition("/")[2]))
        one_hot = np.eye(3, dtype=np.float32)[right]
        soft = cv2.GaussianBlur(one_hot, (0, 0), 1.0) + 0.05 * rng.random(one_hot.shape, dtype=np.float32)
        found[sample_id] = soft / soft.sum(axis=2, keepdims=True)
    return found


def wrong(root: Path) -> None:
    """Keep the right masks elsewhere, and spoil three: another class, a region left out, a region moved."""
    (root.parent / "right").mkdir()
    for path in sorted((root / "masks").iterdir()):
        (root.parent / "right" / path.name).write_bytes(path.read_bytes())
    first, second, third = (np.array(Image.open(root / f"masks/{name}.png")) for name in ("03", "11", "20"))
    first[first == 2] = 1
    second[second == 1] = 0
    third = np.where(third == 2, 0, third) + 2 * (np.roll(third, 5, axis=0) == 2).astype(np.uint8)
    for name, values in (("03", first), ("11", second), ("20", np.minimum(third, 2))):
        Image.fromarray(values.astype(np.uint8)).save(root / f"masks/{name}.png")


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> tuple[RuleContext, MaskProbe]:
    root = tmp_path_factory.mktemp("masks") / "data"
    context = write_masks(root, wrong)
    masks = measure_masks(context.manifest)
    given = predicted(context, root)
    return context, run_mask_probe(context.manifest, masks, Options(), Clock(600.0), pred_probs=given)


def test_the_spoiled_masks_lead_the_lists(probed: tuple[RuleContext, MaskProbe]) -> None:
    _, probe = probed
    assert probe.rows.tolist() == list(range(36))
    assert probe.left_out == ()
    assert probe.accuracy > 0.95
    for name, row in (("class", 3), ("missing", 11), ("border", 20)):
        kind = probe.kinds[name]
        assert row in kind.row[np.argsort(-kind.suspicion)[:4]], name
    kind = probe.kinds["class"]
    worst = kind.suspicion.argmax()
    assert (kind.label[worst], kind.suggested[worst]) == (1, 2)
    assert set(np.argsort(probe.pixel_quality)[:3].tolist()) <= {3, 11, 20}


def test_the_table_and_the_round_trip(probed: tuple[RuleContext, MaskProbe], tmp_path: Path) -> None:
    context, probe = probed
    table = suspects_table(probe, context.manifest)
    missing = [each for each in table.to_pylist() if each["kind"] == "missing"]
    found = {each["sample_id"]: (each["given"], each["suggested"]) for each in missing}
    assert found["images/11.png"] == ("0", "1")
    save_mask_probe(probe, context.manifest, tmp_path)
    back = load_mask_probe(tmp_path, context.manifest)
    assert back.classes == probe.classes
    for name, kind in probe.kinds.items():
        assert np.array_equal(back.kinds[name].suspicion, kind.suspicion)
        assert np.array_equal(back.kinds[name].row, kind.row)


def test_predictions_of_another_shape_are_refused(probed: tuple[RuleContext, MaskProbe]) -> None:
    context, _ = probed
    masks = measure_masks(context.manifest)
    ids = context.manifest.sample_ids.to_pylist()
    with pytest.raises(ProbeError, match=r"expected \[h, w, 3\] for the classes 0, 1, 2"):
        run_mask_probe(
            context.manifest, masks, Options(), Clock(60.0), pred_probs={one: np.zeros((4, 4, 7)) for one in ids}
        )
    with pytest.raises(ProbeError, match="expected arrays by sample id"):
        run_mask_probe(context.manifest, masks, Options(), Clock(60.0), pred_probs={"x": np.zeros((4, 4))})


def test_without_weights_it_says_why(probed: tuple[RuleContext, MaskProbe]) -> None:
    context, _ = probed
    options = Options(packaged=False)
    found = run_mask_probe(context.manifest, measure_masks(context.manifest), options, Clock(60.0))
    assert found.kinds == {}
    assert found.why_not == "needs a pretrained network, and weights='none' was given"


def test_planted_faults_change_what_they_say() -> None:
    labels = np.zeros((40, 40), dtype=np.int16)
    labels[10:20, 10:22] = 1
    labels[30:36, 5:30] = 2
    rng = np.random.default_rng(0)
    faults = {kind: plant(labels, kind, 3, rng) for kind in ("class", "missing", "border")}
    assert all(fault is not None and (fault.labels != labels).sum() >= LEAST for fault in faults.values())
    missing = faults["missing"]
    assert missing is not None
    assert (missing.labels[missing.place] == 0).all()


def test_of_two_classes_a_region_is_put_where_none_is() -> None:
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(15):
        labels = np.zeros((GRID, GRID), dtype=np.int16)
        for left, top in rng.integers(4, 70, (3, 2)):
            labels[top : top + 9, left : left + 12] = 1
        seen = cv2.GaussianBlur(np.eye(2, dtype=np.float32)[labels], (0, 0), 1.0) + 0.05 * rng.random((GRID, GRID, 1))
        if number == 7:
            labels[86:94, 80:92] = 1
        fault = plant(labels, "class", 2, rng)
        assert fault is not None
        assert fault.shown == fault.labels[fault.place].max() == 1
        assert not labels[cv2.dilate(fault.place.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0].any()
        probs = seen / seen.sum(axis=2, keepdims=True)
        pictures.append(Picture(labels, probs, np.zeros((GRID, GRID), dtype=np.float32)))
    _, found = judge(pictures, np.arange(15) % 5, 2, 0)
    kind = found["class"]
    worst, second = np.argsort(-kind.suspicion)[:2]
    assert (kind.row[worst], kind.box[worst].tolist()) == (7, [80, 86, 92, 94])
    assert kind.suspicion[worst] > 0.9 > 0.5 > kind.suspicion[second]
    assert kind.n_planted == 75
    assert plant(1 - np.pad(np.zeros((6, 6), np.int16), 6), "class", 2, rng) is None


def test_regions_and_missing_ones() -> None:
    labels = np.zeros((40, 40), dtype=np.int16)
    labels[10:20, 10:22] = 1
    true = labels.copy()
    true[25:35, 25:35] = 1
    probs = np.eye(2, dtype=np.float32)[true]
    picture = Picture(labels, probs, np.zeros((40, 40), dtype=np.float32))
    assert [(one.label, one.size) for one in given_regions(picture)] == [(0, 1480), (1, 120)]
    found = list(missing_regions(picture))
    assert [(one.label, one.suggested, one.size, one.box) for one in found] == [(0, 1, 100, (25, 25, 35, 35))]


@pytest.mark.slow
@pytest.mark.skipif(not default_weights_installed(), reason="needs torch and the packaged weights")
def test_the_network_predicts_the_drawn_masks(tmp_path: Path) -> None:
    context = write_masks(tmp_path / "data")
    probe = run_mask_probe(context.manifest, measure_masks(context.manifest), Options(), Clock(300.0))
    assert probe.accuracy > probe.baseline + 0.2 * (1 - probe.baseline)
    assert len(probe.kinds["class"]) >= 72
