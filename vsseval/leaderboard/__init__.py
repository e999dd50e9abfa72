"""Accepted records, and the site made of them."""
