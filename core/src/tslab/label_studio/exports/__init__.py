"""Exports of any Label Studio project, a million regions at a time."""
