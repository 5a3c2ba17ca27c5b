"""The page of agreement, one file without network."""
