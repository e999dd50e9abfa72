"""Networks that others published, written afresh: parameters have the names of the original checkpoints."""
