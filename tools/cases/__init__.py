"""Ordinary files that once ended a run, cut a sound or lost a clip, held to what is right by whole commands."""
