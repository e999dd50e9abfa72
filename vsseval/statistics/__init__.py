"""Intervals and paired comparisons: what may be said about a number, and about the difference of two."""
