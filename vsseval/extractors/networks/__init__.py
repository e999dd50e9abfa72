"""Networks that others published, written afresh: modules whose parameters have the names of the original checkpoints."""
