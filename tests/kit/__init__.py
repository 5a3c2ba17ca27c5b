"""Shared by tests that need a real Label Studio or a real Chromium."""
