"""Makers of the mini benchmarks: they draw a picture and compute the sound that belongs to it."""
