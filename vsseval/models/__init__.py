"""Models: requests in, sound out; the bounds, finished audio, and the baselines that ship."""
