"""Exact and near duplicates."""

from datacheck.duplicates.clusters import DuplicateClusters, find_duplicates

__all__ = ["DuplicateClusters", "find_duplicates"]
