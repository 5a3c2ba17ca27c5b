"""The ML backend: web service, training queue, serving."""
