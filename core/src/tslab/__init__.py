"""tslab turns Label Studio into a labeling tool for signals.

Public names are imported on first use, so that ``import tslab`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tslab import stretches
    from tslab.annotation import Annotation, Prediction
    from tslab.contracts import (
        AgreementContext,
        AgreementMetric,
        DetailedMetric,
        Exporter,
        Finding,
        PredictRequest,
        ReadOptions,
        SampleRecording,
        Segmenter,
        SegmenterSpec,
        Source,
        TrainableSegmenter,
        TrainingExample,
    )
    from tslab.domain import (
        Channel,
        Choice,
        Domain,
        Label,
        RegionField,
        TaskField,
        Tier,
        View,
        column_name,
    )
    from tslab.errors import DataError, PluginError, TslabError
    from tslab.hooks import HOOK_API, hookimpl
    from tslab.project import Project, open_project
    from tslab.recording import Recording, Signal
    from tslab.spans import Span
    from tslab.task import Task

__version__ = "0.1.0"

_HOME = {
    "annotation": ("Annotation", "Prediction"),
    "contracts": (
        "AgreementContext",
        "AgreementMetric",
        "DetailedMetric",
        "Exporter",
        "Finding",
        "PredictRequest",
        "ReadOptions",
        "SampleRecording",
        "Segmenter",
        "SegmenterSpec",
        "Source",
        "TrainableSegmenter",
        "TrainingExample",
    ),
    "domain": (
        "Channel",
        "Choice",
        "Domain",
        "Label",
        "RegionField",
        "TaskField",
        "Tier",
        "View",
        "column_name",
    ),
    "errors": ("DataError", "PluginError", "TslabError"),
    "hooks": ("HOOK_API", "hookimpl"),
    "project": ("Project", "open_project"),
    "recording": ("Recording", "Signal"),
    "spans": ("Span",),
    "task": ("Task",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "HOOK_API",
    "AgreementContext",
    "AgreementMetric",
    "Annotation",
    "Channel",
    "Choice",
    "DataError",
    "DetailedMetric",
    "Domain",
    "Exporter",
    "Finding",
    "Label",
    "PluginError",
    "PredictRequest",
    "Prediction",
    "Project",
    "ReadOptions",
    "Recording",
    "RegionField",
    "SampleRecording",
    "Segmenter",
    "SegmenterSpec",
    "Signal",
    "Source",
    "Span",
    "Task",
    "TaskField",
    "Tier",
    "TrainableSegmenter",
    "TrainingExample",
    "TslabError",
    "View",
    "__version__",
    "column_name",
    "hookimpl",
    "open_project",
    "stretches",
]


def __getattr__(name: str) -> object:
    """Imports a public name on first use (PEP 562)."""
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f"tslab.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value
    if name == "stretches":  # public as a module
        return importlib.import_module("tslab.stretches")
    raise AttributeError(f"module 'tslab' has no attribute '{name}'")
