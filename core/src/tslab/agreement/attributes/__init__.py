"""Agreement on what is answered about regions and tasks."""
