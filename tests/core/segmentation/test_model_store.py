"""Stored models: whole or not there, checked before they are read, promoted and rolled back."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from kit.small_models import DOMAIN, LevelSegmenter, example

from tslab.errors import DataError, ProjectError
from tslab.segmentation.models.card import ModelCard, describe
from tslab.segmentation.models.damage import damaged_models, promoted
from tslab.segmentation.models.store import ModelStore, folder_name


def trained(level: float = 1.0) -> LevelSegmenter:
    segmenter = LevelSegmenter(DOMAIN)
    segmenter.levels = {"Up": level}
    return segmenter


def card_of(segmenter: LevelSegmenter, **changes: object) -> ModelCard:
    card = describe(
        ("level", segmenter.version),
        [example()],
        ("toy", "abc", ["1 thing"]),
        {"levels": 1, "nested": {"a": [1, None]}},
        {"overall": 0.5, "ece": None},
        1.234,
    )
    return dataclasses.replace(card, **changes)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def saved(store: ModelStore, level: float = 1.0, project: int = 0, **changes: object) -> str:
    segmenter = trained(level)
    return store.save(project, segmenter, card_of(segmenter, **changes)).version


def opened(store: ModelStore, version: str, project: int = 0) -> LevelSegmenter:
    found = store.open(project, version, lambda: LevelSegmenter(DOMAIN))
    assert isinstance(found, LevelSegmenter)
    return found


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_is_saved_can_be_opened(store: ModelStore) -> None:
    segmenter = trained()
    card = store.save(0, segmenter, card_of(segmenter), {"report.json": b"{}"})
    assert card.version == "level Up1000"
    assert sorted(card.files) == ["levels.json", "report.json"]
    assert opened(store, card.version).levels == {"Up": 1.0}
    assert store.cards(0) == [card]
    assert store.projects() == [0]
    assert store.current(0) == ""
    assert card.labels == {"state": ["Down", "Up"]}
    assert (card.channels, card.reviewed_seconds, card.spans) == (["x"], 60, 2)
    assert card.versions["python"].startswith("3.")
    assert "numpy" in card.versions


def test_a_store_that_does_not_exist_is_empty(store: ModelStore) -> None:
    assert (store.projects(), store.cards(3), store.current(3)) == ([], [], "")
    assert store.serving(3) is None
    assert not store.root.exists()


def test_saving_the_same_version_twice_leaves_the_first_alone(store: ModelStore) -> None:
    version = saved(store)
    before = files_below(store.root)
    assert saved(store, created="2999-01-01T00:00:00+00:00") == version
    assert files_below(store.root) == before


def test_a_damaged_model_is_replaced_by_a_new_one_of_that_version(store: ModelStore) -> None:
    version = saved(store)
    (store.folder(0, version) / "levels.json").write_text("{}")
    saved(store)
    assert opened(store, version).levels == {"Up": 1.0}


def test_promotion_and_the_way_back(store: ModelStore) -> None:
    one, two, three = (saved(store, level) for level in (1, 2, 3))
    for version in (one, two, two, three):
        store.promote(0, version)
        assert store.current(0) == version
    assert store.history(0) == [one, two, three]
    assert store.roll_back(0) == two
    assert store.roll_back(0) == one
    assert store.current(0) == one
    with pytest.raises(DataError, match="no earlier model"):
        store.roll_back(0)
    store.promote(0, three)
    assert store.history(0) == [one, three]


def test_the_way_back_passes_over_damaged_models(store: ModelStore) -> None:
    one, two, three = (saved(store, level) for level in (1, 2, 3))
    for version in (one, two, three):
        store.promote(0, version)
    (store.folder(0, two) / "levels.json").unlink()
    assert store.roll_back(0) == one


@pytest.mark.parametrize("crash", ["promote", "roll back"])
def test_a_crash_between_the_two_files_harms_nothing(store: ModelStore, crash: str) -> None:
    one, two, three = (saved(store, level) for level in (1, 2, 3))
    for version in (one, two):
        store.promote(0, version)
    history, current = store.root / "project_0" / "HISTORY", store.root / "project_0" / "CURRENT"
    if crash == "promote":
        history.write_text(f"{one}\n{two}\n{three}\n")
    else:
        current.write_text(f"{one}\n")
    expected = two if crash == "promote" else one
    assert store.current(0) == expected
    if crash == "promote":
        assert store.roll_back(0) == one
    else:
        store.promote(0, three)
        assert store.roll_back(0) == one


@pytest.mark.parametrize("act", ["promote", "roll_back"])
def test_a_project_without_models_is_named_and_leaves_no_folder(
    act: str, store: ModelStore
) -> None:
    with pytest.raises(DataError, match="project 77 has no model"):
        store.promote(77, "learning 1a2b") if act == "promote" else store.roll_back(77)
    assert store.projects() == []
    assert not (store.root / "project_77").exists()


def test_projects_do_not_share_and_fall_back_to_the_study(store: ModelStore) -> None:
    study, own = saved(store), saved(store, 2, project=7)
    assert store.serving(7) is None
    store.promote(0, study)
    assert store.serving(7) == (0, study)
    store.promote(7, own)
    assert store.serving(7) == (7, own)
    assert store.serving(8) == (0, study)
    with pytest.raises(DataError, match="project 7 has no model 'level Up1000'"):
        store.card(7, study)


def test_leftovers_of_a_crash_are_removed_and_never_seen(store: ModelStore) -> None:
    saved(store)
    left = store.root / "project_0" / ".part-abc"
    left.mkdir()
    (left / "card.json").write_bytes((store.folder(0, "level Up1000") / "card.json").read_bytes())
    assert len(store.cards(0)) == 1
    saved(store, 2)
    assert not left.exists()


def test_cleaning_removes_leftovers_of_all_projects(store: ModelStore) -> None:
    versions = [saved(store, 1, project=number) for number in (0, 7)]
    for number in (0, 7):
        (store.root / f"project_{number}" / ".part-abc").mkdir()
    store.clean()
    assert list(store.root.glob("*/.part-*")) == []
    assert [store.cards(number)[0].version for number in (0, 7)] == versions


def test_a_failed_save_leaves_nothing(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = trained()

    def fails(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segmenter, "save", fails)
    with pytest.raises(ProjectError, match="No space left"):
        store.save(0, segmenter, card_of(segmenter))
    assert [p.name for p in (store.root / "project_0").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda f: (f / "levels.json").write_text('{"Up": 2.0}'), "was changed after it"),
        (lambda f: (f / "levels.json").unlink(), "no file 'levels.json'"),
        (
            lambda f: (f / "more.bin").write_text(""),
            "a file that its card does not know 'more.bin'",
        ),
        (lambda f: (f / "card.json").write_text("{"), "is no model card"),
        (lambda f: (f / "card.json").write_text("[]"), "is no model card"),
        (lambda f: (f / "card.json").unlink(), "has no model"),
        (lambda f: linked(f / "levels.json"), "no ordinary file"),
        (lambda f: linked(f / "card.json"), "no ordinary file"),
        (lambda f: edited(f, files={"../../x": "0"}), "an impossible file '../../x'"),
        (lambda f: edited(f, files={"/etc/passwd": "0"}), "an impossible file"),
        (lambda f: edited(f, version="../x y"), "an impossible version '../x y'"),
        (lambda f: edited(f, version="level other"), "is that of 'level other'"),
        (lambda f: edited(f, spans="many"), "is no model card"),
    ],
)
def test_models_that_were_tampered_with_are_not_read(store, harm, words: str, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    version = saved(store)
    harm(store.folder(0, version))
    monkeypatch.setattr(LevelSegmenter, "load", lambda *_: pytest.fail("it was read"))
    with pytest.raises(DataError, match=words.replace(".", r"\.")):
        opened(store, version)
    with pytest.raises(DataError):
        store.promote(0, version)
    assert all(card.version == version for card in store.cards(0))
    (damaged,) = damaged_models(store, 0)
    assert damaged.version in (version, "level-Up1000/")
    assert "\n" not in damaged.reason
    assert damaged.reason.endswith("Delete the model's folder and train again: tslab train")


def test_whole_models_and_what_is_no_folder_are_not_damaged(store: ModelStore) -> None:
    assert damaged_models(store, 0) == []
    store.promote(0, saved(store))
    (store.root / "project_0" / "notes.txt").write_text("ours")
    (store.root / "project_0" / ".part-abc").mkdir()
    assert damaged_models(store, 0) == []


def test_a_folder_with_the_name_of_a_version_does_not_blame_the_whole_model(
    store: ModelStore,
) -> None:
    version = saved(store)
    (store.root / "project_0" / version).mkdir()
    (store.root / "project_0" / "a\x1b[2J\nb").mkdir()
    names = [item.version for item in damaged_models(store, 0)]
    assert names == ["a\\x1b[2J\\nb/", "level Up1000/"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("../../etc\n", "names no model version: '../../etc'. Run 'tslab models promote VERSION';"),
        ("level gone\n", "names a model that is not there: 'level gone'"),
        ("", "names no model version: ''"),
        ("\x1b[2J", r"names no model version: '\x1b[2J'"),
    ],
)
def test_a_current_that_names_no_model_is_an_error_for_people_only(
    store: ModelStore, content: str, words: str
) -> None:
    assert promoted(store, 0) == ""
    version = saved(store)
    assert promoted(store, 0) == ""
    store.promote(0, version)
    assert promoted(store, 0) == version
    path = store.root / "project_0" / "CURRENT"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        promoted(store, 0)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert f"the latest: '{version}'." in str(caught.value)
    assert (store.current(0), store.history(0)) == ("", [version])
    store.promote(0, version)
    assert promoted(store, 0) == version


def linked(path: Path) -> None:
    content = path.read_bytes()
    elsewhere = path.parents[3] / "elsewhere"
    elsewhere.write_bytes(content)
    path.unlink()
    path.symlink_to(elsewhere)


def edited(folder: Path, **changes: object) -> None:
    document = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**document, **changes}))


def test_a_model_that_is_another_one_after_loading_is_refused(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = saved(store)
    monkeypatch.setattr(LevelSegmenter, "load", lambda self, _: self.levels.update(Up=5.0))
    with pytest.raises(DataError, match="calls itself 'Up5000' after loading"):
        opened(store, version)


@pytest.mark.parametrize(
    "name", ["", "..", "level ../x", "a b/c", "level .x", "../../etc x", "a\nb"]
)
def test_names_never_leave_the_root(store: ModelStore, name: str) -> None:
    saved(store)
    for act in (store.promote, store.card, store.check, store.folder):
        with pytest.raises(DataError, match="is no model version"):
            act(0, name)
    (store.root / "project_0" / "CURRENT").write_text(f"{name}\n")
    assert store.current(0) == ""


@pytest.mark.parametrize("number", [-1, 10**18])
def test_project_numbers_are_numbers(store: ModelStore, number: int) -> None:
    with pytest.raises(DataError, match="no project number"):
        store.current(number)


def test_strange_folders_are_no_projects(store: ModelStore) -> None:
    for name in ("project_x", "project_-1", "project_1", "other"):
        (store.root / name / "junk").mkdir(parents=True)
    assert store.projects() == [1]
    assert store.cards(1) == []


def test_segmenters_may_not_write_strange_files(store: ModelStore) -> None:
    segmenter = trained()
    segmenter.save = lambda folder: (folder / ".hidden").write_text("")  # type: ignore[method-assign, assignment, misc]
    with pytest.raises(DataError, match=r"cannot be called '\.hidden'"):
        store.save(0, segmenter, card_of(segmenter))
    with pytest.raises(DataError, match=r"wrote a file 'levels\.json'"):
        store.save(0, trained(), card_of(trained()), {"levels.json": b""})


def test_versions_can_be_named_in_short(store: ModelStore) -> None:
    version = saved(store)
    for text in (version, folder_name(version), "Up1000"):
        assert store.find(0, text) == version
    with pytest.raises(DataError, match="did you mean 'level Up1000'"):
        store.find(0, "level Up100")
    saved(store, version="other Up1000")
    with pytest.raises(DataError, match="fits level Up1000, other Up1000"):
        store.find(0, "Up1000")


def test_old_models_are_pruned_but_never_those_in_use(store: ModelStore) -> None:
    versions = [
        saved(store, level, created=f"2026-01-0{level}T00:00:00+00:00") for level in range(1, 7)
    ]
    for number in (0, 1):
        store.promote(0, versions[number])
    assert store.prune(0, 2) == [versions[2], versions[3]]
    assert [c.version for c in store.cards(0)] == [*versions[:2], *versions[4:]]
    assert store.prune(0, 2) == []
    assert list((store.root / "project_0").glob(".part-*")) == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights_is_one_line(store: ModelStore) -> None:
    store.root.mkdir()
    store.root.chmod(0o500)
    with pytest.raises(ProjectError, match="cannot make"):
        saved(store)


def test_a_file_in_the_place_of_the_root_is_one_line(store: ModelStore) -> None:
    store.root.write_text("")
    with pytest.raises(ProjectError, match="cannot make"):
        saved(store)
