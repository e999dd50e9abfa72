"""The verbs of the `vssflow` command line, one file each; every file has a click command named `command`."""
