"""Programs that this one starts, and the end of all that comes of them."""
