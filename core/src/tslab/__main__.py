"""``python -m tslab``: the command line."""

from __future__ import annotations

from tslab.cli import main

main()
