from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import datacheck
from datacheck.exporting.choice import Wanted, choose
from datacheck.exporting.write import Export
from datacheck.report.annotated import AnnotatedThumbnails
from datacheck.report.pictures import ThumbnailStore
from tests.annotations.drawn_instances import object_mask, write_instances


def test_masks_of_one_object_each_go_through_audit_report_and_export(tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"

    def blank(root: Path) -> None:
        Image.new("L", (80, 60)).save(root / "04/masks/1.png")

    write_instances(data, blank)
    report = datacheck.audit(data, out=run, select=["DC102", "DC82"])
    assert [finding.message for finding in report.findings] == [
        "1 mask of 15 has one value everywhere: '04/masks/1.png' (0)"
    ]
    name = "02/images/02.png"
    store = ThumbnailStore.open(run)
    drawn, plain = (
        cv2.imdecode(np.frombuffer(each.get([name])[name], np.uint8), cv2.IMREAD_COLOR)
        for each in (AnnotatedThumbnails(store, report.manifest), store)
    )
    size = drawn.shape[1::-1]
    covered = np.any([cv2.resize(np.array(object_mask(2, k)), size) > 128 for k in range(3)], axis=0)
    change = np.abs(drawn.astype(int) - cv2.resize(plain, size).astype(int)).sum(axis=2)
    assert np.median(change[covered]) > 4 * np.median(change[~covered]) + 10
    Export.plan(choose(report, Wanted(drop=("DC823",))), "copies").write(tmp_path / "clean")
    copy = datacheck.open(tmp_path / "clean")
    assert len(copy) == 5
    assert not copy.inventory.unread
    for files in copy.table["mask_files"].to_pylist():
        for file in files:
            assert (tmp_path / "clean/data" / file).read_bytes() == (data / file).read_bytes()
