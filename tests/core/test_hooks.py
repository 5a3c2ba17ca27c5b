"""Every hook of the contract, called for real through `Plugins` on a small plugin module."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab.annotation import Annotation
from tslab.contracts import (
    Exporter,
    Finding,
    PredictRequest,
    ReadOptions,
    SampleRecording,
    SegmenterSpec,
    Source,
)
from tslab.domain import Channel, Domain, Label, Tier
from tslab.errors import DataError, PluginError
from tslab.hooks import DOMAIN_GROUP, hookimpl
from tslab.plugin_manager import BUILTIN, PluginEntry, Plugins
from tslab.recording import Recording, Signal
from tslab.spans import Span
from tslab.task import Task

ENTRY = PluginEntry("lake", DOMAIN_GROUP, "tslab_lake", "tslab-lake", "2.1")
WAVE = Tier(name="wave", kind="intervals", labels=(Label(name="High"), Label(name="Low")))
DOMAIN = Domain(name="lake", title="Lake", tiers=(WAVE,), channels=(Channel(name="level"),))


def module_of(*functions: Callable[..., object], **named: object) -> types.ModuleType:
    """A plugin module that holds the functions, each marked as a hook."""
    module = types.ModuleType(ENTRY.module)
    for function in functions:
        vars(module)[function.__name__] = hookimpl(function)
    vars(module).update(named)
    return module


def plugins_of(*functions: Callable[..., object], builtin: bool = False) -> Plugins:
    plugins = Plugins()
    if builtin:
        plugins.register(BUILTIN, BUILTIN.load())
    plugins.register(ENTRY, module_of(*functions))
    return plugins


@pytest.fixture
def recording() -> Recording:
    signal = Signal.from_array("level", np.sin(np.arange(400) / 10), 10.0)
    return Recording("rec-1", (signal,), 40.0)


def source(tmp_path: Path, name: str = "a.lake", content: str = "LAKE 1 2 3\n") -> Source:
    path = tmp_path / name
    path.write_text(content)
    return Source.open(path)


# --- declaration ----------------------------------------------------------------------------


def test_hook_tslab_domain() -> None:
    def tslab_domain() -> Any:
        return DOMAIN

    assert plugins_of(tslab_domain).domain(ENTRY) == DOMAIN


def test_hook_tslab_domain_is_required() -> None:
    with pytest.raises(PluginError, match=r"tslab-lake 2\.1.*tslab_domain is missing"):
        plugins_of().domain(ENTRY)


# --- loading --------------------------------------------------------------------------------


def test_hook_tslab_read_recording(tmp_path: Path, recording: Recording) -> None:
    def tslab_read_recording(source: Source, options: ReadOptions) -> Any:
        assert options.sampling_rate == 10.0
        return recording if source.head.startswith(b"LAKE") else None

    plugins = plugins_of(tslab_read_recording, builtin=True)
    options = ReadOptions(sampling_rate=10.0)
    assert plugins.read_recording(source(tmp_path), options, DOMAIN) is recording
    table = source(tmp_path, "b.csv", "level\n" + "1.5\n" * 30)
    read = plugins.read_recording(table, options, DOMAIN)
    assert read is not None
    assert read.channel_names == ("level",)  # None passed it on to core


def test_hook_tslab_read_recording_may_refuse_the_file(tmp_path: Path) -> None:
    def tslab_read_recording(source: Source) -> Any:
        raise DataError(f"'{source.path.name}' is truncated")

    with pytest.raises(DataError, match=r"^'a\.lake' is truncated$"):
        plugins_of(tslab_read_recording).read_recording(source(tmp_path), ReadOptions(), DOMAIN)


def test_hook_tslab_read_annotations(tmp_path: Path) -> None:
    made = [Annotation("rec-1", "ann", [Span(1, 2, "High", "wave")])]

    def tslab_read_annotations(source: Source, options: ReadOptions, domain: Domain) -> Any:
        return made if source.suffix == ".lake" else None

    plugins = plugins_of(tslab_read_annotations)
    assert plugins.read_annotations(source(tmp_path), ReadOptions(), DOMAIN) == made
    other = source(tmp_path, "b.txt")
    assert plugins.read_annotations(other, ReadOptions(), DOMAIN) is None


def test_hook_tslab_derived_channels(recording: Recording) -> None:
    def tslab_derived_channels(recording: Recording) -> Any:
        values = np.abs(recording.signal("level").values())
        return [Signal.from_array("size", values, 10.0, derived=True)]

    assert plugins_of().derived_channels(recording, DOMAIN) == []
    (signal,) = plugins_of(tslab_derived_channels).derived_channels(recording, DOMAIN)
    assert (signal.name, signal.derived) == ("size", True)


def test_hook_tslab_make_tasks(recording: Recording) -> None:
    task = Task("rec-1-all-1", "rec-1", "all", 0.0, 40.0, ("level",), 1000)

    def tslab_make_tasks(recording: Recording, domain: Domain) -> Any:
        return [task] if recording.id == "rec-1" else None

    plugins = plugins_of(tslab_make_tasks, builtin=True)
    assert plugins.make_tasks(recording, DOMAIN) == [task]
    other = Recording("rec-2", recording.signals, 40.0)
    assert {made.recording for made in plugins.make_tasks(other, DOMAIN)} == {"rec-2"}
    assert plugins_of().make_tasks(other, DOMAIN) == ()


# --- config ---------------------------------------------------------------------------------


def test_hook_tslab_labeling_config() -> None:
    def tslab_labeling_config(domain: Domain, view: str, channels: tuple[str, ...]) -> Any:
        return f"<View><!-- {view} {','.join(channels)} --></View>" if channels else None

    plugins = plugins_of(tslab_labeling_config, builtin=True)
    assert plugins.labeling_config(DOMAIN, "all", ("level",)) == "<View><!-- all level --></View>"
    assert "TimeSeriesLabels" in plugins.labeling_config(DOMAIN, "all", ())


def test_hook_tslab_edit_labeling_config() -> None:
    from lxml import etree

    def tslab_edit_labeling_config(root: Any, view: str) -> Any:
        root.set("className", view)

    root = etree.fromstring("<View/>")
    plugins_of(tslab_edit_labeling_config).edit_labeling_config(root, DOMAIN, "all")
    assert root.get("className") == "all"


def test_hook_tslab_edit_labeling_config_answers_nothing() -> None:
    def tslab_edit_labeling_config(root: Any) -> Any:
        return root

    with pytest.raises(PluginError, match="instead of nothing"):
        plugins_of(tslab_edit_labeling_config).edit_labeling_config(object(), DOMAIN, "all")  # type: ignore[arg-type]


# --- prediction -----------------------------------------------------------------------------


class Halves:
    version = "halves-1"

    def segment(self, recording: Recording) -> list[Span]:
        half = recording.duration / 2
        return [
            Span(0, half, "High", "wave", 0.5),
            Span(half, recording.duration, "Low", "wave", 0.6),
        ]


def test_hook_tslab_segmenters(recording: Recording) -> None:
    def tslab_segmenters(domain: Domain) -> Any:
        return [SegmenterSpec("halves", "Two halves", lambda _: Halves())]

    (spec,) = plugins_of(tslab_segmenters).segmenters(DOMAIN)
    assert spec.create(DOMAIN).segment(recording)[0].end == 20.0


def test_hook_tslab_predict(recording: Recording) -> None:
    def tslab_predict(
        segmenter: Any, recording: Recording, domain: Domain, request: PredictRequest
    ) -> Any:
        if request.context:
            return [Span(3, 4, request.context[0].label, "wave", 1.0)]
        return None

    plugins = plugins_of(tslab_predict, builtin=True)
    context = PredictRequest(view="all", context=[Span(1, 2, "Low", "wave")])
    assert plugins.predict(Halves(), recording, DOMAIN, context)[0].label == "Low"
    early = PredictRequest(view="all", end=10.0)
    assert [s.label for s in plugins.predict(Halves(), recording, DOMAIN, early)] == ["High"]
    assert plugins_of().predict(Halves(), recording, DOMAIN, early) == ()


# --- agreement and checks -------------------------------------------------------------------


class CountMetric:
    name = "count"
    tier_kinds = ("intervals",)

    def components(
        self, reference: Sequence[Span], hypothesis: Sequence[Span], context: Any
    ) -> Any:
        return {"reference": len(reference), "hypothesis": len(hypothesis)}

    def value(self, components: Any) -> Any:
        return components["hypothesis"] / components["reference"]


def test_hook_tslab_agreement_metrics() -> None:
    def tslab_agreement_metrics(domain: Domain) -> Any:
        return [CountMetric()]

    (metric,) = plugins_of(tslab_agreement_metrics).agreement_metrics(DOMAIN)
    assert metric.name == "count"
    assert plugins_of().agreement_metrics(DOMAIN) == []


def test_hook_tslab_check_annotation(recording: Recording) -> None:
    finding = Finding("LAK001", "warning", "too quiet")

    def tslab_check_annotation(annotation: Annotation, recording: Recording, domain: Domain) -> Any:
        return [finding] if not annotation.spans else []

    plugins = plugins_of(tslab_check_annotation)
    assert plugins.check_annotation(Annotation("r", "a", []), recording, DOMAIN) == [finding]
    marked = Annotation("r", "a", [Span(1, 2, "High", "wave")])
    assert plugins.check_annotation(marked, recording, DOMAIN) == []


# --- export and samples ---------------------------------------------------------------------


class LineExporter:
    name = "lines"
    title = "A line for each span"
    scope = "project"

    def write(
        self, annotations: Sequence[Annotation], recordings: Any, folder: Path, domain: Domain
    ) -> Any:
        path = folder / "lines.txt"
        path.write_text("\n".join(s.label for a in annotations for s in a.spans))
        return [path]

    def read(self, paths: Any, recordings: Any, domain: Domain) -> Any:
        return None


def test_hook_tslab_exporters(tmp_path: Path) -> None:
    def tslab_exporters() -> Any:
        return [LineExporter()]

    found = plugins_of(tslab_exporters, builtin=True).exporters(DOMAIN)
    assert found[0].name == "lines"  # the domain's before core's
    assert {"csv", "parquet", "json"} <= {exporter.name for exporter in found}
    assert isinstance(found[0], Exporter)
    annotation = Annotation("r", "a", [Span(1, 2, "High", "wave")])
    (path,) = found[0].write([annotation], {}, tmp_path, DOMAIN)
    assert path.read_text() == "High"


def test_hook_tslab_sample_recordings(recording: Recording) -> None:
    sample = SampleRecording("calm", recording, ())

    def tslab_sample_recordings(domain: Domain) -> Any:
        return (sample,)

    assert plugins_of(tslab_sample_recordings).sample_recordings(DOMAIN) == [sample]
