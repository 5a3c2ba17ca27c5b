"""The domain's own segmenter, which needs no training, as what a learning one may look at.

Whoever makes a segmenter that learns hands it in by `guided`: `tslab train` and its folds, `tslab
predict` and the backend.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from tslab.contracts import GuidedSegmenter, TrainableSegmenter
from tslab.errors import DataError, PluginError, TslabError
from tslab.segmentation.features.hints import NAMED, USES_PRIOR, Hints

if TYPE_CHECKING:
    from tslab.contracts import Segmenter, SegmenterSpec
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.spans import Span

log = logging.getLogger("tslab.segmentation")

Learner = TypeVar("Learner", bound=TrainableSegmenter)


class Prior:
    """The domain's own segmenter; made when it is needed for the first time.

    Args:
        spec: Of the segmenter.
        domain: The effective domain.
        remember: Whether it keeps what it found, by recording: for a training, in which folds ask
            again and again.
        tell: Called with what people should know of a recording that it failed on.

    Attributes:
        failures: Why it failed, by recording id.
    """

    def __init__(
        self,
        spec: SegmenterSpec,
        domain: Domain,
        *,
        remember: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._spec, self._domain, self._remember, self._tell = spec, domain, remember, tell
        self._made: Segmenter | None = None
        self._known: dict[str, tuple[Recording, Hints | None]] = {}
        self.failures: dict[str, str] = {}

    @property
    def version(self) -> str:
        """Name and version of the segmenter.

        Raises:
            PluginError: It cannot be made.
        """
        return f"{self._spec.name} {self._segmenter().version}"

    def segment(self, recording: Recording) -> Sequence[Span]:
        """What the segmenter finds; remembered spans come back without their fields.

        Raises:
            DataError: It failed on this recording, whatever it raised.
            PluginError: It cannot be made.
        """
        known = self._known.get(recording.id)
        if known is not None and known[0] is recording:
            if known[1] is None:
                raise self._failed(recording)
            return known[1].spans()
        segmenter = self._segmenter()
        try:
            found: Sequence[Span] | None = list(segmenter.segment(recording))
        except Exception as error:
            # A plugin's defect must not take the model with it; people are told.
            self.failures[recording.id] = _reason(error)
            log.debug("'%s' failed on '%s'", self._spec.name, recording.id, exc_info=True)
            if self._tell is not None:
                self._tell(self.note_of(recording.id))
            found = None
        if self._remember:
            self._known[recording.id] = recording, None if found is None else Hints.of(found)
        if found is None:
            raise self._failed(recording)
        return found

    def _failed(self, recording: Recording) -> DataError:
        return DataError(self.note_of(recording.id))

    def note_of(self, recording: str) -> str:
        """What people are told of a recording that it failed on; "" for others."""
        reason = self.failures.get(recording)
        if reason is None:
            return ""
        return (
            f"the domain's own segmenter '{self._spec.name}' failed on '{recording}', and the model"
            f" goes without what it would find: {reason}"
        )

    def notes(self) -> list[str]:
        """One line for each recording that it failed on."""
        return [self.note_of(recording) for recording in sorted(self.failures)]

    def _segmenter(self) -> Segmenter:
        if self._made is None:
            try:
                self._made = self._spec.create(self._domain)
            except TslabError:
                raise
            except Exception as error:
                raise PluginError(
                    f"the domain's own segmenter '{self._spec.name}' cannot be made: "
                    f"{_reason(error)}",
                    "Report it to the plugin's author.",
                ) from error
        return self._made


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, TslabError) else f"{type(error).__name__}: {error}"


def own_prior(
    specs: Sequence[SegmenterSpec],
    domain: Domain,
    *,
    remember: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Prior | None:
    """The first segmenter that needs no training, None where there is none.

    Args:
        specs: All segmenters of the domain, in their order.
        domain: The effective domain.
        remember: See `Prior`.
        tell: See `Prior`.
    """
    own = next((spec for spec in specs if not spec.trainable), None)
    return None if own is None else Prior(own, domain, remember=remember, tell=tell)


def guided(segmenter: Learner, prior: Prior | None) -> Learner:
    """The segmenter, told of the domain's own one if it wants to look at it."""
    if prior is not None and isinstance(segmenter, GuidedSegmenter):
        segmenter.guide(prior)
    return segmenter


def prior_of(notes: Mapping[str, object]) -> str:
    """Name and version of the segmenter that a model looks at, "" where no part of it does.

    Args:
        notes: What `fit` gave, or the settings of a model card.
    """
    parts = [value for value in notes.values() if isinstance(value, Mapping)]
    named = notes.get(NAMED)
    used = any(part.get(USES_PRIOR) is True for part in parts)
    return named if used and isinstance(named, str) else ""


def prior_note(notes: Mapping[str, object]) -> str:
    """What people must know of a model that looks at the domain's own segmenter; "" for others."""
    named = prior_of(notes)
    if not named:
        return ""
    return (
        f"the model looks at what the domain's own segmenter '{named}' finds; when that changes, "
        "it must be trained again"
    )
