"""Which segmenter serves: the one that was asked for, a promoted model, or the domain's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tslab.contracts import PredictRequest, Segmenter, SegmenterSpec, TrainableSegmenter
from tslab.errors import DataError, PluginError, UsageError, did_you_mean
from tslab.segmentation.chain.prior import Prior, guided, own_prior
from tslab.segmentation.models.damage import promoted
from tslab.segmentation.models.store import ModelStore

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.project import Project
    from tslab.recording import Recording
    from tslab.spans import Span

MODELS = "models"
"""Folder of a project folder that holds its models."""

OWN = 0
"""Number of the study's own models in its store."""

TO_TRAIN = "Train one from pulled annotations: tslab train"


@dataclass(frozen=True, slots=True)
class Serving:
    """A segmenter that is ready to segment.

    Attributes:
        name: Name of its spec.
        version: ``"<name> <version>"``, what Label Studio shows as the model version.
        segmenter: Trained if it is trainable.
        why: Why it was chosen, a phrase.
        lost: Labels that a model learned and the project no longer has, ``tier: label``.
        prior: The domain's own segmenter that the model may look at, None where it cannot.
    """

    name: str
    version: str
    segmenter: Segmenter
    why: str
    lost: Sequence[str] = ()
    prior: Prior | None = None


def model_store(project: Project) -> ModelStore:
    """The models of a project folder."""
    return ModelStore(project.root / MODELS)


def find_spec(specs: Sequence[SegmenterSpec], name: str) -> SegmenterSpec:
    """The segmenter of that name.

    Raises:
        UsageError: There is none.
    """
    for spec in specs:
        if spec.name == name:
            return spec
    names = [spec.name for spec in specs]
    hint = did_you_mean(name, names) or f"There are {', '.join(names) or 'none'}."
    raise UsageError(f"no segmenter '{name}'", hint)


def maker(
    spec: SegmenterSpec, domain: Domain, prior: Prior | None = None
) -> Callable[[], TrainableSegmenter]:
    """What makes untrained segmenters of a spec.

    Args:
        spec: What is made.
        domain: The effective domain.
        prior: The domain's own segmenter, for those that want to look at it.

    Raises:
        PluginError: When called: the segmenter cannot be trained after all.
    """

    def create() -> TrainableSegmenter:
        made = spec.create(domain)
        if not isinstance(made, TrainableSegmenter):
            raise PluginError(
                f"segmenter '{spec.name}' says that it is trainable and has no fit, save or load",
                "Report it to the plugin's author.",
            )
        return guided(made, prior)

    return create


def open_model(
    store: ModelStore,
    number: int,
    version: str,
    specs: Sequence[SegmenterSpec],
    domain: Domain,
    prior: Prior | None = None,
) -> TrainableSegmenter:
    """A stored model, checked and loaded, whatever kind it is of.

    Args:
        store: Where it is.
        number: Of the Label Studio project, 0 for the study's own.
        version: Of the model.
        specs: The segmenters that there are.
        domain: The effective domain.
        prior: The domain's own segmenter; the first of `specs` that needs no training unless given.

    Raises:
        DataError: It is not there, damaged, of a kind that is not installed any more, or looks at
            another version of the domain's own segmenter.
    """
    card = store.card(number, version)
    spec = next((s for s in specs if s.name == card.segmenter and s.trainable), None)
    if spec is None:
        raise DataError(
            f"model '{version}' is of the segmenter '{card.segmenter}', which is not installed",
            "Install the plugin that it came with, or promote another: tslab models list",
        )
    known = prior or own_prior(specs, domain)
    return store.open(number, version, maker(spec, domain, known))


def segment_views(project: Project, segmenter: Segmenter, recording: Recording) -> list[Span]:
    """What a segmenter finds in the tiers of all views, each tier once.

    Raises:
        DataError: It cannot read the recording.
        PluginError: It failed.
    """
    found: list[Span] = []
    seen: set[str] = set()
    for view in project.domain.views:
        request = PredictRequest(view=view.name)
        answer = project.plugins.predict(segmenter, recording, project.domain, request)
        found += [span for span in answer if span.tier not in seen]
        seen |= set(view.tiers)
    return found


def own_segmenter(project: Project) -> Serving | None:
    """What predicts without a model: of tslab.yaml if it needs none, else the domain's first.

    Raises:
        PluginError: The plugin failed.
    """
    ready = [s for s in project.plugins.segmenters(project.domain) if not s.trainable]
    named = [spec for spec in ready if spec.name == project.settings.segmenter]
    spec = next(iter([*named, *ready]), None)
    return _own(project, spec, "the domain's own") if spec is not None else None


def blind_note(project: Project) -> str:
    """What raters of a blind study get in place of a promoted model; "" in any other study.

    Raises:
        PluginError: The plugin failed.
    """
    if not project.settings.review.blind:
        return ""
    own = own_segmenter(project)
    served = (
        f"'{own.version}' goes on serving raters" if own is not None else "no model serves raters"
    )
    return f"the study is blind: {served}, and 'tslab push' withholds what a trained model predicts"


def serving(
    project: Project,
    name: str = "",
    model: str = "",
    store: ModelStore | None = None,
    number: int = OWN,
) -> Serving:
    """The segmenter that serves a project folder.

    Args:
        project: The folder.
        name: A segmenter that is wanted; "" takes that of tslab.yaml if it does not learn, else the
            promoted model, else the domain's first.
        model: A stored version that is wanted, promoted or not.
        store: The folder's own store unless given.
        number: Of the Label Studio project; its own promoted model comes before the study's.

    Raises:
        UsageError: There is no segmenter of that name.
        DataError: A model is needed and there is none, or it is damaged.
        PluginError: The plugin failed.
    """
    specs = project.plugins.segmenters(project.domain)
    models = store or model_store(project)
    if model:
        version = models.find(number, model)
        return _stored(project, models, (number, version), specs, "asked for")
    said = find_spec(specs, name or project.settings.segmenter) if _names(project, name) else None
    if name and said is not None and said.trainable:
        return _stored(project, models, _promoted(models, number, name), specs, "asked for")
    if said is not None and not said.trainable:
        return _own(project, said, "asked for" if name else "segmenter of tslab.yaml")
    for holder in dict.fromkeys((number, OWN)):
        if version := promoted(models, holder):
            found = _stored(project, models, (holder, version), specs, "the promoted model")
            return replace(found, why=found.why + _differs(found, said))
    own = own_segmenter(project)
    if own is None:
        raise DataError(
            f"domain '{project.domain.name}' has no segmenter of its own, and no model was trained",
            f"{TO_TRAIN}, or bring predictions in with: tslab predict --from FILE",
        )
    none = f"no model is promoted, of segmenter '{said.name}' or another" if said else NONE
    return replace(own, why=f"the domain's own, {none}")


NONE = "no model is promoted"


def _names(project: Project, name: str) -> bool:
    return bool(name or project.settings.segmenter)


def _differs(found: Serving, said: SegmenterSpec | None) -> str:
    """What to say where tslab.yaml names a segmenter of which no model is promoted."""
    if said is None or said.name == found.name:
        return ""
    return f"; 'segmenter: {said.name}' of tslab.yaml says what 'tslab train' trains"


def _own(project: Project, spec: SegmenterSpec, why: str) -> Serving:
    with project.plugins.calling(spec, f"segmenter '{spec.name}', making"):
        segmenter = spec.create(project.domain)
    return Serving(spec.name, f"{spec.name} {segmenter.version}", segmenter, why)


def _stored(
    project: Project,
    store: ModelStore,
    which: tuple[int, str],
    specs: Sequence[SegmenterSpec],
    why: str,
) -> Serving:
    prior = own_prior(specs, project.domain)
    segmenter = open_model(store, *which, specs, project.domain, prior)
    card = store.card(*which)
    lost = lost_labels(card.labels, project.domain)
    return Serving(card.segmenter, which[1], segmenter, why, lost, prior)


def lost_labels(learned: Mapping[str, Sequence[str]], domain: Domain) -> list[str]:
    """Labels by tier that a domain does not have, each as ``tier: label``."""
    known = {(tier.name, label.name) for tier in domain.tiers for label in tier.labels}
    return [
        f"{t}: {name}" for t, names in learned.items() for name in names if (t, name) not in known
    ]


def _promoted(store: ModelStore, number: int, name: str) -> tuple[int, str]:
    """The model of a kind that serves, or served last."""
    for candidate in dict.fromkeys((number, OWN)):
        kinds = {card.version: card.segmenter for card in store.cards(candidate)}
        latest = [promoted(store, candidate), *reversed(store.history(candidate))]
        for version in latest:
            if kinds.get(version) == name:
                return candidate, version
    raise DataError(f"no model of segmenter '{name}' was promoted", TO_TRAIN)
