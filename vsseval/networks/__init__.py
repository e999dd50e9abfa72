"""Networks that extractors and models share, and the reading of their weight files."""
