"""Agreement between annotators: exact arithmetic on runs of time, events, instants, consensus."""
