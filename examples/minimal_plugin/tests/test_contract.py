"""The plugin keeps tslab's contract; every inherited test checks one promise of it."""

from tslab.testing import DomainContract


class TestRoomClimate(DomainContract):
    """All checks, on the installed plugin."""

    domain = "room-climate"
