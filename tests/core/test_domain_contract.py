"""Each mistake of a plugin is found by the check that names it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.plugin_mistakes import MISTAKES, SOURCE

from tslab.hooks import DOMAIN_GROUP
from tslab.plugin_entries import PluginEntry
from tslab.testing import DomainContract
from tslab.testing.checking import CheckResult, check_entry

numbers = itertools.count()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("tslab_contract_")]:
        del sys.modules[name]


def entry_of(folder: Path, source: str) -> PluginEntry:
    module = f"tslab_contract_{next(numbers)}"
    (folder / f"{module}.py").write_text(source)
    return PluginEntry("lake", DOMAIN_GROUP, module, "tslab-lake", "1.0")


def failed(results: list[CheckResult]) -> dict[str, str]:
    return {result.name: result.message for result in results if result.status == "failed"}


def test_the_plugin_without_mistakes_passes(folder: Path) -> None:
    results = check_entry(entry_of(folder, SOURCE))
    assert failed(results) == {}
    assert len(results) >= 20
    assert {result.name for result in results if result.status == "-"} <= {
        "labeling_config_passes_the_sdk"
    }


WITH_CONSEQUENCES = {
    *("comma in a label", "config without labels", "truth outside the recording"),
    *("derived name taken", "tasks leave out a part", "segmenter overlaps states"),
    *("learner does not say so", "says that it learns and cannot"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(mistake: str, folder: Path) -> None:
    (old, new), check, words = MISTAKES[mistake]
    assert SOURCE.count(old) >= 1
    found = failed(check_entry(entry_of(folder, SOURCE.replace(old, new))))
    assert words in found.get(check, "")
    assert list(found) == [check] or mistake in WITH_CONSEQUENCES


def test_a_subclass_has_its_own_subject(folder: Path) -> None:
    class First(DomainContract):
        domain = "lake"
        entry = entry_of(folder, SOURCE)

    class Second(DomainContract):
        domain = "lake"
        entry = entry_of(folder, SOURCE.replace('title="Lake"', 'title="Second"'))

    assert First.subject() is First.subject()
    assert First.subject().domain.title == "Lake"
    assert Second.subject().domain.title == "Second"


def test_own_checks_of_a_subclass_run_too() -> None:
    class Mine(DomainContract):
        def test_my_own(self) -> None: ...

    names = Mine.check_names()
    assert names[-1] == "test_my_own"
    assert len(names) == len(set(names))
    assert 20 < len(names) < 40


def test_every_check_says_what_it_checks() -> None:
    for name in DomainContract.check_names():
        assert (getattr(DomainContract, name).__doc__ or "").strip().endswith(".")
