"""What a person or a program gets to see: documents, tables, sentences."""
