"""Metrics that come with vsseval: one file per family, numpy only, loaded through entry points."""
