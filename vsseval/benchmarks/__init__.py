"""Benchmarks: fixed lists of clips; those that ship, and the user's own folder."""
