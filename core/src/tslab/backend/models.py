"""Which model serves a project: loaded once, kept while there is room, refused when damaged."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.errors import TslabError
from tslab.segmentation import UNTRAINED
from tslab.segmentation.chain.prior import Prior, own_prior, prior_of
from tslab.segmentation.chain.typicality import Trust
from tslab.segmentation.models.choosing import open_model

if TYPE_CHECKING:
    from tslab.backend.metrics import Metrics
    from tslab.contracts import Segmenter, SegmenterSpec
    from tslab.domain import Domain
    from tslab.segmentation.models.card import ModelCard
    from tslab.segmentation.models.store import ModelStore

log = logging.getLogger("tslab.backend")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is predicted for: a domain, and who can do it.

    Attributes:
        key: Tells apart domains, and states of one domain.
        domain: Its tiers and labels.
        specs: Segmenters by name.
        own: The domain's own segmenter that needs no training, None where it has none.
        learns: Whether models that learned from annotations may serve. Not in a blind study: they
            would tell a rater what others said.
    """

    key: str
    domain: Domain
    specs: Mapping[str, SegmenterSpec]
    own: SegmenterSpec | None = None
    learns: bool = True

    def prior(self) -> Prior | None:
        """The domain's own segmenter as a model may look at it; who reads the log is told."""
        specs = list(self.specs.values())
        return own_prior(specs, self.domain, tell=_tell)

    def has_prior_of(self, card: ModelCard) -> bool:
        """Whether a model would look at the segmenter that it learned with.

        Raises:
            PluginError: That segmenter cannot be made.
        """
        looked, prior = prior_of(card.settings), self.prior()
        return not looked or (prior is not None and prior.version == looked)


@dataclass(frozen=True, slots=True)
class Model:
    """Who predicts.

    Attributes:
        version: What Label Studio shows as the model version.
        segmenter: None where nobody has learned anything yet.
        silence: How much it means that it finds nothing, 0 to 1: a trained model's held-out score.
    """

    version: str
    segmenter: Segmenter | None
    silence: float = 0.5

    @property
    def trust(self) -> Trust:
        """What makes a task's score of its regions' scores, as long as no pool is known."""
        return Trust(silence=self.silence)


REFUSED_SECONDS = 60.0
"""How long a model that was refused is not looked at again."""

NOBODY = Model(UNTRAINED, None, silence=0.0)


class Models:
    """The models of all projects, by what is promoted on disk at the moment of asking.

    Args:
        store: The models on disk.
        room: How many stay loaded.
        metrics: Counts what is loaded and refused.
    """

    def __init__(self, store: ModelStore, room: int, metrics: Metrics) -> None:
        self.store = store
        self._room = room
        self._metrics = metrics
        self._lock = threading.Lock()
        self._loading: dict[tuple[str, ...], threading.Lock] = {}
        self._loaded: OrderedDict[tuple[str, ...], Model] = OrderedDict()
        self._refused: dict[tuple[str, ...], float] = {}

    def serving(self, project: int, subject: Subject) -> Model:
        """The model that answers for a project.

        Its promoted version; where that is damaged, the version before it; the study's own model
        (project 0) where it has none; the domain's own segmenter where nothing was trained, and
        in a blind study.
        """
        for holder, version in self._candidates(project) if subject.learns else ():
            model = self._get((str(holder), version, subject.key), holder, subject)
            if model is not None:
                return model
        if subject.own is None:
            return NOBODY
        return self._get(("own", subject.own.name, subject.key), -1, subject) or NOBODY

    def version(self, project: int, subject: Subject | None) -> str:
        """What `serving` would call itself; models are compared with their cards, not loaded.

        Args:
            project: Label Studio's id.
            subject: What is predicted for, None where that is not known.
        """
        learns = subject is None or subject.learns
        for holder, version in self._candidates(project) if learns else ():
            if self._would_serve(holder, version, subject):
                return version
        if subject is None or subject.own is None:
            return UNTRAINED
        own = self._get(("own", subject.own.name, subject.key), -1, subject)
        return (own or NOBODY).version

    def versions(self, project: int) -> list[str]:
        """All stored versions of a project, the newest last."""
        return [card.version for card in self.store.cards(project)]

    def _candidates(self, project: int) -> Iterator[tuple[int, str]]:
        for holder in dict.fromkeys((project, 0)):
            current = self.store.current(holder)
            versions = [current, *reversed(self.store.history(holder))]
            for version in dict.fromkeys(version for version in versions if version):
                if self.store.folder(holder, version).is_dir():  # old ones are deleted
                    yield holder, version

    def _would_serve(self, holder: int, version: str, subject: Subject | None) -> bool:
        key = (str(holder), version, subject.key if subject is not None else "")
        with self._lock:
            if key in self._loaded or self._is_refused(key):
                return key in self._loaded
        try:
            card = self.store.check(holder, version)
            # What it looks at is compared when it is loaded, too; that refuses it aloud.
            return subject is None or (_fits(card, subject) and subject.has_prior_of(card))
        except (TslabError, OSError) as error:
            self._refuse(holder, version, error)
            with self._lock:
                self._refused[key] = time.monotonic()
            return False

    def _is_refused(self, key: tuple[str, ...]) -> bool:
        return time.monotonic() < self._refused.get(key, float("-inf")) + REFUSED_SECONDS

    def _refuse(self, holder: int, version: str, error: Exception) -> None:
        # What served before goes on serving; a person learns of it here and in the metrics.
        self._metrics.models_refused.inc()
        log.error("model '%s' of project %d is refused: %s", version, holder, error)

    def _get(self, key: tuple[str, ...], holder: int, subject: Subject) -> Model | None:
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
            if self._is_refused(key):
                return None
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:  # one thread loads, the others wait for it
            with self._lock:
                if key in self._loaded:
                    return self._loaded[key]
            model = self._load(key, holder, subject)
            with self._lock:
                self._loading.pop(key, None)
                if model is None:
                    self._refused[key] = time.monotonic()
                else:
                    self._loaded[key] = model
                while len(self._loaded) > self._room:
                    self._loaded.popitem(last=False)
                self._metrics.models.set(len(self._loaded))
        return model

    def _load(self, key: tuple[str, ...], holder: int, subject: Subject) -> Model | None:
        _, version, _ = key
        try:
            if holder < 0:
                return _own(subject)
            card = self.store.card(holder, version)
            if not _fits(card, subject):
                return None
            silence = card.scores.get("overall")
            prior, specs = subject.prior(), list(subject.specs.values())
            model = open_model(self.store, holder, version, specs, subject.domain, prior)
            return Model(version, model, 0.5 if silence is None else silence)
        except (TslabError, OSError) as error:
            self._refuse(holder, version, error)
            return None


def _tell(text: str) -> None:
    # The whole text may name files, and those may name people: only who asks for it gets it.
    log.warning("what the domain's own segmenter finds is missing for a recording: it failed there")
    log.debug("%s", text)


def _own(subject: Subject) -> Model | None:
    if subject.own is None:
        return None
    segmenter = subject.own.create(subject.domain)
    return Model(f"{subject.own.name} {segmenter.version}", segmenter)


def _fits(card: ModelCard, subject: Subject) -> bool:
    """Whether a model knows a label that may be used here, and somebody can load it."""
    known = {(tier.name, label.name) for tier in subject.domain.tiers for label in tier.labels}
    learned = {(tier, label) for tier, labels in card.labels.items() for label in labels}
    return card.segmenter in subject.specs and bool(known & learned)
