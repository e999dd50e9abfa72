"""A stranger's folder of baselines: one system, which vsseval has never heard of."""
