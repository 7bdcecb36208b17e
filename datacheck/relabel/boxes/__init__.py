"""Boxes that people check: questions, answers, and corrected annotation files."""
