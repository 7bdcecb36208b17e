"""The probe of masks: what a quick model says of each region of a segmentation dataset, out of sample."""

from __future__ import annotations

from datacheck.probing.segments.outputs import MaskProbe
from datacheck.probing.segments.run import run_mask_probe
from datacheck.probing.segments.storage import load_mask_probe, save_mask_probe

__all__ = ["MaskProbe", "load_mask_probe", "run_mask_probe", "save_mask_probe"]
