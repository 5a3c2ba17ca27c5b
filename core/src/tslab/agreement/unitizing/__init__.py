"""Unitizing alpha and gamma: agreement on cutting and naming at once."""
