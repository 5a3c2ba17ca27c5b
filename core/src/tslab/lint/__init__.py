"""Our own checks of configs, tasks and predictions: stable codes, each with a remedy."""
