"""Extractors that come with vsseval: one file each, loaded through entry points."""
