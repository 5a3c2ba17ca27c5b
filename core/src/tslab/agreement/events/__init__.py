"""Agreement on events and instants: matching, scores, borders, splits."""
