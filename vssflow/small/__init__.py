"""The small configuration: encoders, codec and phones of its own around the same transformer."""
