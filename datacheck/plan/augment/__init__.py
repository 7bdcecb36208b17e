"""Which augmentations keep the labels of this dataset, and which help to train on it."""
