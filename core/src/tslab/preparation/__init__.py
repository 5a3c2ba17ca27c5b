"""From recordings to what the browser can show, and from its windows back to recordings."""
