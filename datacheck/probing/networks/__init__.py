"""Torch networks of the probe: training, batches, pretrained backbones."""
