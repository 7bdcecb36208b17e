"""CVAT's XML for images: shapes, damaged ones, and images that it does not list."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import datacheck
from datacheck.manifest import Task
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc801_unreadable_annotation import UnreadableAnnotation
from datacheck.rules.boxes.dc802_images_without_objects import ImagesWithoutObjects

XML = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><labels>
<label><name>cup</name></label><label><name>jar</name></label></labels></task></meta>
<image id="0" name="a.jpg" width="64" height="48">
  <box label="cup" occluded="0" xtl="1.5" ytl="2" xbr="30" ybr="40"><attribute name="x">1</attribute></box>
  <polygon label="jar" points="10.0,10.0;20.0,10.0;15.0,25.0"/>
  <tag label="blurred"/>
</image>
<image id="1" name="sub/b.jpg" width="64" height="48"><box label="cup" xtl="1" ytl="oops" xbr="3" ybr="4"/></image>
<image id="2" name="c.jpg" width="64" height="48"/>
</annotations>"""


def test_shapes_problems_and_unlisted_images(tmp_path: Path) -> None:
    for name in ("a", "sub/b", "c", "d"):
        path = tmp_path / "images" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((64, 48), 50).save(path)
    (tmp_path / "annotations.xml").write_text(XML)
    manifest = datacheck.open(tmp_path)
    assert manifest.task is Task.DETECTION
    assert manifest.classes == ("cup", "jar")
    assert manifest.objects is not None
    assert manifest.objects.boxes.tolist() == [[1.5, 2, 30, 40], [10, 10, 20, 25]]
    labels = dict(zip(manifest.table["uri"].to_pylist(), manifest.table["labels"].to_pylist(), strict=True))
    assert labels == {
        "images/a.jpg": ["cup", "jar"],
        "images/c.jpg": [],
        "images/d.jpg": None,
        "images/sub/b.jpg": [],
    }
    assert np.asarray(manifest.table["annotated_width"].to_pylist()[0]) == 64
    context = RuleContext(manifest)
    assert "shape 1 ('images/sub/b.jpg')" in UnreadableAnnotation().check(context).findings[0].message
    assert ImagesWithoutObjects().check(context).findings[0].n_affected == 1
