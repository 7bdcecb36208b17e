"""Tests of what people say about boxes."""
