"""datacheck: a linter for datasets, run before the expensive training job."""

__version__ = "0.1.0"
