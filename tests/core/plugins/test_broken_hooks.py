"""Hooks that raise or answer wrongly: the plugin is blamed, and nobody else."""

from __future__ import annotations

import inspect

import pytest
from kit.distributions import Distributions

from tslab.errors import PluginError
from tslab.plugin_manager import load_domain

RAISING = {
    "tslab_read_recording": "source",
    "tslab_read_annotations": "source",
    "tslab_derived_channels": "recording",
    "tslab_make_tasks": "recording",
    "tslab_labeling_config": "view",
    "tslab_edit_labeling_config": "root",
    "tslab_segmenters": "domain",
    "tslab_predict": "segmenter",
    "tslab_agreement_metrics": "domain",
    "tslab_check_annotation": "annotation",
    "tslab_exporters": "domain",
    "tslab_sample_recordings": "domain",
}


def call(hook: str) -> None:
    """Loads the domain 'lake' and calls one hook through its method."""
    plugins, domain = load_domain("lake")
    method = getattr(plugins, hook.removeprefix("tslab_"))
    names = inspect.signature(method).parameters
    method(**{name: domain if name == "domain" else object() for name in names})


@pytest.mark.parametrize("hook", RAISING)
@pytest.mark.parametrize("error", ["ZeroDivisionError('by zero')", "SystemExit('bye')"])
def test_a_raising_hook_is_blamed(hook: str, error: str, dists: Distributions) -> None:
    dists.lake(f"@hookimpl\ndef {hook}({RAISING[hook]}):\n    raise {error}\n")
    with pytest.raises(PluginError) as caught:
        call(hook)
    text = str(caught.value)
    kind, _, words = error.partition("(")
    assert text.startswith("plugin 'lake' (tslab-lake 1.2.3, module tslab_lake): ")
    assert f"hook {hook} raised {kind}: {words.strip(chr(39) + ')')} (tslab_lake.py line " in text
    assert text.endswith("Report it to the plugin's author; --debug shows the traceback.")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("hook", RAISING)
def test_a_wrong_answer_is_blamed(hook: str, dists: Distributions) -> None:
    answer = RAISING[hook] if hook == "tslab_edit_labeling_config" else "42"
    dists.lake(f"@hookimpl\ndef {hook}({RAISING[hook]}):\n    return {answer}\n")
    with pytest.raises(PluginError, match=rf"tslab-lake 1\.2\.3.*hook {hook} answered a .*instead"):
        call(hook)


@pytest.mark.parametrize("hook", ["tslab_segmenters", "tslab_exporters", "tslab_sample_recordings"])
def test_none_and_generators_are_no_sequences(hook: str, dists: Distributions) -> None:
    dists.lake(f"@hookimpl\ndef {hook}(domain):\n    yield 1\n")
    with pytest.raises(PluginError, match="answered a generator instead of a sequence of"):
        call(hook)


def test_a_data_error_about_a_file_is_no_blame(dists: Distributions) -> None:
    from tslab.errors import DataError

    dists.lake("""
        import tslab
        @hookimpl
        def tslab_read_recording(source):
            raise tslab.DataError("file is truncated")
    """)
    with pytest.raises(DataError, match=r"^file is truncated$"):
        call("tslab_read_recording")


@pytest.mark.parametrize(
    ("hook", "body"),
    [
        ("tslab_check_annotation(annotation)", "Span(3, 1, 'High', 'wave')"),
        ("tslab_segmenters(domain)", "raise __import__('tslab').DataError('odd')"),
        ("tslab_predict(segmenter)", "raise __import__('tslab').errors.UsageError('odd')"),
    ],
)
def test_a_plugin_cannot_blame_the_data_or_the_user_for_its_own_mistake(
    hook: str, body: str, dists: Distributions
) -> None:
    dists.lake(f"@hookimpl\ndef {hook}:\n    {body}\n")
    with pytest.raises(PluginError, match=r"tslab-lake 1\.2\.3"):
        call(hook.partition("(")[0])


def test_a_segmenter_that_core_calls_is_blamed_on_its_plugin(dists: Distributions) -> None:
    dists.lake("""
        from tslab import SegmenterSpec
        class Broken:
            version = "1"
            def segment(self, recording):
                raise IndexError("row 7")
        @hookimpl
        def tslab_segmenters(domain):
            return [SegmenterSpec("broken", "Broken", lambda domain: Broken())]
    """)
    from tslab.contracts import PredictRequest
    from tslab.recording import Recording

    plugins, domain = load_domain("lake")
    segmenter = plugins.segmenters(domain)[0].create(domain)
    with pytest.raises(PluginError) as caught:
        plugins.predict(segmenter, Recording("r", (), 1.0), domain, PredictRequest())
    text = str(caught.value)
    assert "tslab-lake 1.2.3" in text
    assert "hook tslab_predict raised IndexError: row 7 (tslab_lake.py line " in text


def test_core_default_that_fails_is_a_defect_of_tslab(dists: Distributions) -> None:
    dists.lake()
    with pytest.raises(PluginError, match=r"plugin 'builtin' \(tslab 0\..*defect of tslab"):
        call("tslab_check_annotation")
