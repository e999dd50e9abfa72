"""Text of strangers: what is read of it, within bounds, and how it is written, one function for each target."""
