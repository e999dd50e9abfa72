"""Who carries out the shards of a run."""
