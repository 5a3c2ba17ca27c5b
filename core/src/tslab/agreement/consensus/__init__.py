"""One reading out of several."""
