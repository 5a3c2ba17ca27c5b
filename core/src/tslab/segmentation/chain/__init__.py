"""The learning segmenter's model: a chain of labels over rows."""
