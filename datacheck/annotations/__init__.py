"""Boxes and masks: their geometry in pixels of the image, overlaps, coordinates of another convention, mask content."""
