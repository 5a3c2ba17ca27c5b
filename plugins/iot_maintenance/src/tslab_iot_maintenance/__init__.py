"""Predictive maintenance for tslab: machine telemetry, its anomalies and a demo recording."""
