"""Exact arithmetic on sorted spans: overlaps, runs, sweeps, time that pairs share."""
