"""Models on disk, and which one serves."""
