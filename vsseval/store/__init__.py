"""What lies on disk: run directories, and the feature store that all runs share."""
