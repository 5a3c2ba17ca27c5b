"""Agreement on time: overlap, percent, kappa, alpha, confusion in hours."""
