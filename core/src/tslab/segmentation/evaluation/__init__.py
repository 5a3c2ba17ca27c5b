"""How good a model is on recordings that it has not seen."""
