"""The adjudication project."""
