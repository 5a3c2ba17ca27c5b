"""What annotators say together, as examples to learn from."""
