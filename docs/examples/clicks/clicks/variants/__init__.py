"""Rows of extractors."""
