"""Scores of Label Studio Enterprise, and functions written for it."""
