"""Listening tests: a page for raters that opens from disk, and scores with intervals out of what they answer."""
