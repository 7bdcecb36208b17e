"""Boxes, regions and masks: one file a format, all read into the columns of `datacheck.manifest.annotations`."""
