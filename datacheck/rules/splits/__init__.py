"""Rules DC3xx: splits, duplicates, leakage and drift."""
