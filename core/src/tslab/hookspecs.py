"""Every hook of the plugin contract, one function each; each docstring answers six questions.

What for; who asks it and when; each argument with shape and unit; what each return means; what an
exception does; since which version. `first` hooks stop at the first answer that is not None, `all`
hooks collect every answer. An implementation may leave out arguments that it does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tslab.hooks import hookspec

if TYPE_CHECKING:
    from lxml import etree

    from tslab.annotation import Annotation
    from tslab.contracts import (
        AgreementMetric,
        Exporter,
        Finding,
        PredictRequest,
        ReadOptions,
        SampleRecording,
        Segmenter,
        SegmenterSpec,
        Source,
    )
    from tslab.domain import Domain
    from tslab.recording import Recording, Signal
    from tslab.spans import Span
    from tslab.task import Task


@hookspec(firstresult=True)
def tslab_domain() -> Domain:
    """Declares the domain: its tiers, labels, channels, fields and views.

    Asked once when the domain is loaded, of the chosen domain module only.

    Returns:
        A `tslab.Domain` whose name equals the entry point's name. None means "not mine" and
        leaves the domain undeclared, which is an error.

    Raises:
        Exception: The domain is not loaded; other domains are not affected.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec(firstresult=True)
def tslab_read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """Reads a native file.

    Asked by `add` and `peek` for each file, the domain before extensions before core; the first
    answer wins.

    Args:
        source: The file, with its first 4096 bytes in `source.head`.
        options: What the user said about files that do not say it themselves (rates in Hz).
        domain: The effective domain.

    Returns:
        A `tslab.Recording` whose signals read samples when asked (float64, NaN for missing, times
        in seconds from the start). None passes the file on to the next reader.

    Raises:
        Exception: A `tslab.DataError` says that the file is this reader's but unusable: the file
            is reported and skipped. Any other exception is blamed on the plugin.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec(firstresult=True)
def tslab_read_annotations(
    source: Source, options: ReadOptions, domain: Domain
) -> Sequence[Annotation] | None:
    """Reads labels that somebody or some model made elsewhere.

    Asked by `add --with-labels` for the label files beside a recording and by `predict --from`.

    Args:
        source: The file.
        options: As for `tslab_read_recording`.
        domain: The effective domain.

    Returns:
        Annotations in seconds from the start of the recording; `Annotation.recording` is the id
        or the file name that the file itself gives, or "" where it gives none. None passes the
        file on.

    Raises:
        Exception: As for `tslab_read_recording`.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_derived_channels(recording: Recording, domain: Domain) -> Sequence[Signal]:
    """Computes channels that are shown but not recorded: heart rate, envelopes, residuals.

    Asked by `add` after channels were mapped to the domain's roles, and whenever a recording is
    opened again.

    Args:
        recording: With its channels under the domain's names.
        domain: The effective domain.

    Returns:
        Signals with `derived=True`, on the recording's time axis (seconds, any rate). An empty
        sequence adds nothing.

    Raises:
        Exception: The recording is reported and skipped; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec(firstresult=True)
def tslab_make_tasks(recording: Recording, domain: Domain) -> Sequence[Task] | None:
    """Cuts a recording into the windows that annotators see.

    Asked by `add` once for each recording.

    Args:
        recording: With mapped and derived channels; its id is set.
        domain: The effective domain.

    Returns:
        Tasks for every view, windows in seconds, unique ids made of the recording's id. None
        leaves it to core: windows of the view's length, split at gaps, within the editor's
        limits.

    Raises:
        Exception: The recording is reported and skipped; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec(firstresult=True)
def tslab_labeling_config(domain: Domain, view: str, channels: Sequence[str]) -> str | None:
    """Writes the whole labeling config itself.

    Asked by `config`, `lint` and `push` for each view and each set of channels.

    Args:
        domain: The effective domain.
        view: Name of one of its views.
        channels: Names of the channels that the tasks have, in order.

    Returns:
        XML as Label Studio takes it. None leaves it to core, which builds it from tiers, fields
        and channels.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_edit_labeling_config(root: etree._Element, domain: Domain, view: str) -> None:
    """Changes the labeling config before it is checked and used.

    Asked right after the config was built, by whichever plugin, of every plugin.

    Args:
        root: The `<View>` element (lxml), changed in place.
        domain: The effective domain.
        view: Name of the view.

    Returns:
        Nothing; a returned value is refused, because it would be lost.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_segmenters(domain: Domain) -> Sequence[SegmenterSpec]:
    """Offers segmenters by name.

    Asked by `predict`, `train` and the ML backend. tslab.yaml picks one by name; the domain's
    first is the default.

    Args:
        domain: The effective domain.

    Returns:
        Specs with names that are unique among all plugins. An empty sequence offers nothing.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec(firstresult=True)
def tslab_predict(
    segmenter: Segmenter, recording: Recording, domain: Domain, request: PredictRequest
) -> Sequence[Span] | None:
    """Turns a segmenter's output into the spans that annotators see.

    Asked by `predict` and the ML backend once for each recording and view.

    Args:
        segmenter: The chosen one.
        recording: The whole recording, never a window; channels are mapped.
        domain: The effective domain.
        request: The view, the stretch in seconds and the regions drawn so far.

    Returns:
        Spans in seconds, inside the recording, with scores from 0 to 1. None leaves it to core:
        `segmenter.segment(recording)`, or what is like the regions of `request.context`, kept to
        the view's tiers.

    Raises:
        Exception: The recording is reported and skipped; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_agreement_metrics(domain: Domain) -> Sequence[AgreementMetric]:
    """Offers agreement metrics of the field.

    Asked by `agreement`.

    Args:
        domain: The effective domain.

    Returns:
        Metrics with unique names. A metric that makes several numbers of the same sums has
        `details`, too (`DetailedMetric`). One with a `title` is called by it, and one that holds a
        detector against a reference says `for_detectors = True`: it then stands beside ground truth
        and models, not among what people have in common. An empty sequence offers nothing beyond
        core's metrics by tier kind.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_check_annotation(
    annotation: Annotation, recording: Recording, domain: Domain
) -> Sequence[Finding]:
    """Says what a person should look at in an annotation.

    Asked by `lint` and `pull` for each annotation of each recording.

    Args:
        annotation: Spans in seconds, tiers and labels as pulled.
        recording: The recording it belongs to.
        domain: The effective domain.

    Returns:
        Findings; severity "error" makes the command exit with 1. An empty sequence finds nothing.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_exporters(domain: Domain) -> Sequence[Exporter]:
    """Offers file formats that labels come out in.

    Asked by `export`.

    Args:
        domain: The effective domain.

    Returns:
        Exporters with unique names. An empty sequence offers nothing.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """


@hookspec
def tslab_sample_recordings(domain: Domain) -> Sequence[SampleRecording]:
    """Generates recordings with exact truth.

    Asked by `demo` and by the contract test.

    Args:
        domain: The effective domain.

    Returns:
        Recordings that are equal on every call, short enough to read in seconds, generated and
        never taken from patients or plants. An empty sequence leaves it to core's synthetic ones.

    Raises:
        Exception: The command stops; the plugin is blamed.

    Since: 0.1.0, HOOK_API 1.
    """
