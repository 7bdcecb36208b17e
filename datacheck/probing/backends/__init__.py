"""The models that a probe can use, one file each."""
