"""The ECG domain keeps tslab's contract; every inherited test checks one promise of it."""

from __future__ import annotations

import pytest

from tslab.testing import DomainContract


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb's writer, pandas 3.1
class TestEcg(DomainContract):
    domain = "ecg"
