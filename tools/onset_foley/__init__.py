"""Trains the recogniser of `onset_foley` and cuts its sounds, from the rendered training split."""
