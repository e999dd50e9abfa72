"""A model, an extractor and a metric for vsseval, whole."""
