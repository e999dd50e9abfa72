"""Ordinary files that once ended a run, cut a sound or lost a clip: made, run by whole commands, and held to what is right."""
