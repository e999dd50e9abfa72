"""Weights: pinned, found on this machine, fetched, verified; those that ship lie in `shipped`."""
