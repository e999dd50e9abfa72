"""Records of runs in the layouts of other tools, as offline files; each is a plugin of the group `vsseval.exports`."""
