"""For plugin authors: the contract test, generated recordings, a fake Label Studio.

Names are imported on first use: pytest loads this package in every session, through the plugin.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tslab.testing.annotators import noisy_annotator
    from tslab.testing.contract import DomainContract
    from tslab.testing.fake_label_studio import FakeLabelStudio
    from tslab.testing.synthetic import synthetic_recording

__all__ = ["DomainContract", "FakeLabelStudio", "noisy_annotator", "synthetic_recording"]

_MODULE_OF = {
    "DomainContract": "contract",
    "FakeLabelStudio": "fake_label_studio",
    "noisy_annotator": "annotators",
    "synthetic_recording": "synthetic",
}


def __getattr__(name: str) -> object:
    """Imports a public name on first use (PEP 562)."""
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f"tslab.testing.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'tslab.testing' has no attribute '{name}'")
