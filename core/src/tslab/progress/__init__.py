"""How a study goes: who did what, how long it takes, what models get wrong, what is left."""
