"""Regions of masks that people check: questions, answers, and corrected mask files."""
