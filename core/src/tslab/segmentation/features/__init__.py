"""From samples to one row of numbers for each moment."""
