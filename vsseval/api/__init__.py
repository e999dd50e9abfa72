"""What a script or a notebook calls: score, table, compare, gate, export; what comes back shows itself."""
