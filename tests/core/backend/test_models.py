"""Which model serves: loaded once, checked, with something to fall back on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from kit.backend import CONFIG, SPEC, LevelSegmenter, store_level

from tslab.backend.metrics import Metrics
from tslab.backend.models import NOBODY, Model, Models, Subject
from tslab.contracts import SegmenterSpec, TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.label_studio.foreign.config import read_config
from tslab.recording import Recording, Signal
from tslab.segmentation import SPECS
from tslab.segmentation.chain.typicality import Trust
from tslab.segmentation.examples.training_set import TrainingSet, data_hash
from tslab.segmentation.models.store import ModelStore
from tslab.segmentation.models.train_run import Options, Shelf, train
from tslab.spans import Span

DOMAIN = read_config(CONFIG).domain
SUBJECT = Subject("one", DOMAIN, {"learning": SPEC})
READY = SegmenterSpec("rules", "ready-made", lambda domain: LevelSegmenter(domain, 0.0))


@pytest.fixture
def models(tmp_path: Path) -> Models:
    return Models(ModelStore(tmp_path / "models"), 3, Metrics())


def loaded(models: Models) -> float:
    return models._metrics.registry.get_sample_value("tslab_backend_models_loaded") or 0


def refused(models: Models) -> float:
    name = "tslab_backend_models_refused_total"
    return models._metrics.registry.get_sample_value(name) or 0


def test_before_any_model_nobody_serves(models: Models) -> None:
    assert models.serving(24, SUBJECT) is NOBODY
    assert models.version(24, SUBJECT) == "untrained"


def test_before_any_model_the_domains_own_segmenter_serves_and_says_so(models: Models) -> None:
    subject = Subject("two", DOMAIN, {"learning": SPEC, "rules": READY}, READY)
    assert models.serving(24, subject).version == "rules l0-Run"


def test_the_promoted_model_serves_from_that_moment(models: Models) -> None:
    store_level(models.store, 24, DOMAIN, 1.0, promote=False)
    assert models.version(24, SUBJECT) == "untrained"
    version = store_level(models.store, 24, DOMAIN, 1.0)
    assert models.version(24, SUBJECT) == version
    newer = store_level(models.store, 24, DOMAIN, 2.0)
    assert models.version(24, SUBJECT) == newer
    models.store.roll_back(24)
    assert models.version(24, SUBJECT) == version


def test_project_0_serves_projects_without_a_model(models: Models) -> None:
    study = store_level(models.store, 0, DOMAIN, 1.0)
    own = store_level(models.store, 24, DOMAIN, 2.0)
    assert models.version(25, SUBJECT) == study
    assert models.version(24, SUBJECT) == own


def test_projects_share_nothing_else(models: Models) -> None:
    store_level(models.store, 24, DOMAIN, 1.0)
    assert models.version(25, SUBJECT) == "untrained"
    assert models.version(2, SUBJECT) == "untrained"
    assert models.version(240, SUBJECT) == "untrained"


def test_only_so_many_models_stay_loaded(models: Models) -> None:
    for number in range(1, 8):
        store_level(models.store, number, DOMAIN, float(number))
        models.serving(number, SUBJECT)
    assert loaded(models) == 3
    first = models.serving(7, SUBJECT)
    assert models.serving(7, SUBJECT) is first
    models.serving(1, SUBJECT)
    assert loaded(models) == 3


def test_a_model_is_loaded_once_whatever_number_of_threads_asks(models: Models) -> None:
    store_level(models.store, 24, DOMAIN, 1.0)
    made: list[int] = []
    barrier = threading.Barrier(8)

    def create(domain: Domain) -> LevelSegmenter:
        made.append(1)
        return LevelSegmenter(domain)

    subject = Subject("x", DOMAIN, {"learning": SegmenterSpec("learning", "", create, True)})

    def ask(_: int) -> str:
        barrier.wait()
        return models.serving(24, subject).version

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert made == [1]


@pytest.mark.parametrize("harm", ["changed", "added", "removed", "link", "card"])
def test_a_tampered_model_is_refused_and_the_one_before_serves(
    harm: str, models: Models, tmp_path: Path
) -> None:
    good = store_level(models.store, 24, DOMAIN, 1.0)
    bad = store_level(models.store, 24, DOMAIN, 2.0)
    folder = models.store.folder(24, bad)
    if harm == "changed":
        (folder / "level.json").write_text('[7, "Run"]')
    elif harm == "added":
        (folder / "evil.pkl").write_bytes(b"cos\nsystem\n")
    elif harm == "removed":
        (folder / "level.json").unlink()
    elif harm == "link":
        (folder / "level.json").rename(tmp_path / "away.json")
        (folder / "level.json").symlink_to(tmp_path / "away.json")
    else:
        (folder / "card.json").write_text("{}")
    assert models.version(24, SUBJECT) == good
    assert models.version(24, SUBJECT) == good
    assert refused(models) == 1


def test_naming_what_serves_loads_nothing(models: Models) -> None:
    def create(domain: Domain) -> LevelSegmenter:
        raise AssertionError("a model was loaded")

    version = store_level(models.store, 24, DOMAIN, 1.0)
    subject = Subject("x", DOMAIN, {"learning": SegmenterSpec("learning", "", create, True)})
    assert models.version(24, subject) == version
    assert models.version(24, None) == version
    assert models.version(25, None) == "untrained"
    (models.store.folder(24, version) / "level.json").write_text("[7]")
    assert models.version(24, subject) == models.version(24, None) == "untrained"


def test_without_an_earlier_model_the_own_segmenter_serves(models: Models) -> None:
    version = store_level(models.store, 24, DOMAIN, 2.0)
    (models.store.folder(24, version) / "level.json").write_text("[]")
    subject = Subject("two", DOMAIN, {"learning": SPEC, "rules": READY}, READY)
    assert models.version(24, subject) == "rules l0-Run"
    assert models.serving(24, SUBJECT) is NOBODY


def test_a_mended_model_serves_again(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    version = store_level(models.store, 24, DOMAIN, 2.0)
    path = models.store.folder(24, version) / "level.json"
    content = path.read_bytes()
    path.write_text("[]")
    assert models.serving(24, SUBJECT) is NOBODY
    path.write_bytes(content)
    assert models.serving(24, SUBJECT) is NOBODY  # not looked at again at once
    monkeypatch.setattr("tslab.backend.models.REFUSED_SECONDS", 0.0)
    assert models.version(24, SUBJECT) == version


def test_a_model_without_a_label_of_the_project_does_not_serve_it(models: Models) -> None:
    store_level(models.store, 0, DOMAIN, 1.0)
    other = Domain(
        name="label-studio",
        title="other",
        tiers=(Tier(name="lab", kind="intervals", labels=(Label(name="Jump"),)),),
    )
    assert models.serving(24, Subject("other", other, {"learning": SPEC})) is NOBODY


def test_a_model_of_an_unknown_kind_does_not_serve(models: Models) -> None:
    store_level(models.store, 24, DOMAIN, 1.0)
    assert models.serving(24, Subject("x", DOMAIN, {})) is NOBODY


def test_silence_of_a_model_means_as_much_as_the_model_is_good() -> None:
    assert Model("a", LevelSegmenter(DOMAIN, 0.0), 0.8).trust == Trust(1.0, 0.8)
    assert NOBODY.trust == Trust(1.0, 0.0)


# --- models that look at what the domain's own segmenter finds -------------------------------


class Thirds:
    """Calls the middle third of every recording by the domain's first label."""

    def __init__(self, domain: Domain, version: str, fails: bool = False) -> None:
        self._tier, self.version, self._fails = domain.tiers[0], version, fails

    def segment(self, recording: Recording) -> list[Span]:
        if self._fails:
            raise ZeroDivisionError(recording.id)
        third = recording.duration / 3
        return [Span(third, 2 * third, self._tier.labels[0].name, self._tier.name)]


def guided_subject(version: str, fails: bool = False) -> Subject:
    rules = SegmenterSpec("rules", "", lambda domain: Thirds(domain, version, fails))
    specs = {spec.name: spec for spec in (rules, *SPECS)}
    return Subject(f"rules {version} {fails}", DOMAIN, specs, rules)


def noise(number: int) -> Recording:
    values = np.random.default_rng(number).standard_normal(600)
    return Recording(f"patient {number}", (Signal.from_array("a", values, 10.0),), 60.0)


@pytest.fixture
def looks(models: Models) -> str:
    """A promoted model that looks at version 1 of the rules."""
    subject, tier = guided_subject("1"), DOMAIN.tiers[0]
    spans = Thirds(DOMAIN, "1").segment(noise(0))
    examples = [TrainingExample(noise(0), spans, {tier.name: ((0.0, 60.0),)})]
    shelf = Shelf(models.store, 24, DOMAIN, list(subject.specs.values()))
    data = TrainingSet(examples, [], data_hash(examples))
    card = train(data, SPECS[0], shelf, Options(folds=0), lambda *_: None).card
    assert subject.has_prior_of(card)
    assert not guided_subject("2").has_prior_of(card)
    assert not SUBJECT.has_prior_of(card)
    models.store.promote(24, card.version)
    return card.version


def test_a_model_serves_with_the_segmenter_that_it_learned_with(models: Models, looks: str) -> None:
    model = models.serving(24, guided_subject("1"))
    assert model.version == looks
    assert model.segmenter is not None
    (span,) = model.segmenter.segment(noise(5))
    assert (span.start, span.end) == pytest.approx((20, 40), abs=1)


def test_a_model_is_refused_beside_another_version_of_that_segmenter(
    models: Models, looks: str, caplog: pytest.LogCaptureFixture
) -> None:
    subject = guided_subject("2")
    assert models.version(24, subject) == models.serving(24, subject).version == "rules 2"
    assert refused(models) == 1
    assert "'rules 1' finds, and 'rules 2' is installed. Train again" in caplog.text


def test_versions_agree_before_anything_is_loaded(models: Models, looks: str) -> None:
    assert models.version(24, guided_subject("1")) == looks
    assert loaded(models) == 0
    assert models.version(24, guided_subject("2")) == "rules 2"


def test_a_failing_segmenter_is_told_without_naming_anybody(
    models: Models, looks: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = models.serving(24, guided_subject("1", fails=True))
    assert model.segmenter is not None
    model.segmenter.segment(noise(5))
    (record,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert "it failed there" in record.getMessage()
    assert "patient" not in record.getMessage()
