"""The sounding objects of the mini benchmarks, one maker per event class."""
