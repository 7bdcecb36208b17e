"""Data contracts for datasets, on Great Expectations."""
