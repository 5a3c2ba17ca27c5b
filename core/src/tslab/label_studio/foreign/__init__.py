"""Projects of Label Studio that tslab did not make."""
