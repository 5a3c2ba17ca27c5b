"""The verbs of the command line, one file each; the only place that prints."""
