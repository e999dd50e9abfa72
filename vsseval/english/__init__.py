"""English as people write it, read out: "25", "$5", "3:30", "3rd" and "10%" become the words that are spoken."""

from vsseval.english.reading import read_out
from vsseval.english.writing import plain

__all__ = ["plain", "read_out"]
