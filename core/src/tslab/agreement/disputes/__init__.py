"""Where readings differ, what that costs, and what a reviewer says."""
