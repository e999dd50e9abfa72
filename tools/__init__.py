"""Makers of the shipped benchmarks and trainers of the shipped networks; not part of an installation."""
