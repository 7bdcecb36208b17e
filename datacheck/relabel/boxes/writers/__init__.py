"""Corrected annotation files, a module a format: only what is corrected changes, all other bytes stay."""
