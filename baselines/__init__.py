"""One folder per published system: what it is, how it is run, and where its sound lands. Data, not code to import."""
