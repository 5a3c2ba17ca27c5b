"""The IoT domain keeps tslab's contract; every inherited test checks one promise of it."""

from __future__ import annotations

from tslab.testing import DomainContract


class TestIot(DomainContract):
    domain = "iot"
