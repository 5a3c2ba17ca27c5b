"""The neural net."""
