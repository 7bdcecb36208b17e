"""The probe of boxes: what a quick model says of each box of a detection dataset, out of sample."""

from __future__ import annotations

from datacheck.probing.objects.outputs import BoxProbe
from datacheck.probing.objects.run import run_box_probe
from datacheck.probing.objects.storage import load_box_probe, save_box_probe

__all__ = ["BoxProbe", "load_box_probe", "run_box_probe", "save_box_probe"]
