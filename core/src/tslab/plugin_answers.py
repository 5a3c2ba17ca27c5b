"""Whether a hook's answer has the type that its specification promises."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from tslab.errors import PluginError
from tslab.plugin_entries import PluginEntry


@dataclass(frozen=True, slots=True)
class Expected:
    """What a hook may answer.

    Attributes:
        kind: The type of the answer, or of its items.
        many: Whether the answer is a sequence of `kind`.
        nothing: Whether None is an answer.
        first: Whether pluggy stops at the first answer.
    """

    kind: type
    many: bool = False
    nothing: bool = False
    first: bool = False

    def fits(self, answer: object) -> bool:
        """Whether the answer is one of those."""
        if answer is None:
            return self.nothing
        if not self.many:
            return isinstance(answer, self.kind)
        if isinstance(answer, (str, bytes)) or not isinstance(answer, Sequence):
            return False
        return all(isinstance(item, self.kind) for item in answer)

    def __str__(self) -> str:
        """The answer in words."""
        if self.kind is type(None):
            return "nothing"
        text = f"a sequence of {self.kind.__name__}" if self.many else self.kind.__name__
        return f"{text} or None" if self.nothing else text


@functools.cache
def expected_answers() -> dict[str, Expected]:
    """What each hook may answer, by its name."""
    from tslab.annotation import Annotation
    from tslab.contracts import (
        AgreementMetric,
        Exporter,
        Finding,
        SampleRecording,
        SegmenterSpec,
    )
    from tslab.domain import Domain
    from tslab.recording import Recording, Signal
    from tslab.spans import Span
    from tslab.task import Task

    return {
        "tslab_domain": Expected(Domain, nothing=True, first=True),
        "tslab_read_recording": Expected(Recording, nothing=True, first=True),
        "tslab_read_annotations": Expected(Annotation, many=True, nothing=True, first=True),
        "tslab_derived_channels": Expected(Signal, many=True),
        "tslab_make_tasks": Expected(Task, many=True, nothing=True, first=True),
        "tslab_labeling_config": Expected(str, nothing=True, first=True),
        "tslab_edit_labeling_config": Expected(type(None), nothing=True),
        "tslab_segmenters": Expected(SegmenterSpec, many=True),
        "tslab_predict": Expected(Span, many=True, nothing=True, first=True),
        "tslab_agreement_metrics": Expected(AgreementMetric, many=True),
        "tslab_check_annotation": Expected(Finding, many=True),
        "tslab_exporters": Expected(Exporter, many=True),
        "tslab_sample_recordings": Expected(SampleRecording, many=True),
    }


def check_answer(entry: PluginEntry, hook: str, answer: object) -> None:
    """Refuses an answer of the wrong type.

    Raises:
        PluginError: Naming the plugin, the hook, what it answered and what it should have.
    """
    expected = expected_answers()[hook]
    if not expected.fits(answer):
        raise PluginError(
            f"{entry}: hook {hook} answered {_describe(answer)} instead of {expected}",
            "Mend the return value as the hook's documentation says.",
        )


def check_wrapped(entry: PluginEntry, hook: str, answer: object) -> None:
    """The same for what a hook wrapper returns: one answer, or the list of all answers.

    Raises:
        PluginError: As `check_answer`.
    """
    if expected_answers()[hook].first:
        check_answer(entry, hook, answer)
        return
    if not isinstance(answer, list):
        raise PluginError(
            f"{entry}: the wrapper of hook {hook} answered {_describe(answer)}",
            "Return the list of answers that 'yield' gave.",
        )
    for one in answer:
        check_answer(entry, hook, one)


def _describe(answer: object) -> str:
    if isinstance(answer, (list, tuple)):
        kinds = sorted({type(item).__name__ for item in answer})
        return f"a {type(answer).__name__} of {', '.join(kinds) or 'nothing'}"
    return "None" if answer is None else f"a {type(answer).__name__}"
