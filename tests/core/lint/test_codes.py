"""The catalogue: complete, without leftovers, every code of the checks under test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tslab.lint.codes import CODES, finding

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"TSL\d{3}")
CALLED = re.compile(r"(?:finding|add|cells)\(\s*[^()]*?\"(TSL\d{3})\"")


def _texts(*folders: str) -> str:
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return "\n".join(path.read_text() for path in files if path.name != "codes.py")


def test_every_code_in_the_source_is_in_the_catalogue() -> None:
    used = set(CODE.findall(_texts("core/src", "plugins")))
    assert used <= set(CODES)


def test_every_code_of_the_catalogue_is_used() -> None:
    used = set(CODE.findall(_texts("core/src", "plugins")))
    assert set(CODES) <= used


def test_every_code_of_the_checks_has_a_test() -> None:
    called = set(CALLED.findall(_texts("core/src/tslab/lint")))
    assert len(called) > 50
    tested = set(CODE.findall(_texts("tests/core/lint")))
    assert called - tested == set()


@pytest.mark.parametrize("code", CODES)
def test_entries_are_short_and_say_what_to_do(code: str) -> None:
    meaning, remedy = CODES[code]
    assert CODE.fullmatch(code)
    assert 10 < len(meaning) <= 80
    assert not meaning.endswith(".")
    assert 5 < len(remedy) <= 100
    assert remedy.endswith(".")
    assert "\n" not in meaning + remedy


def test_catalogue_is_sorted_by_family() -> None:
    families = [int(code[3:]) // 10 for code in CODES]
    assert len(set(CODES)) == len(families)
    assert {family for family in families if family < 5} == {0, 1, 2, 3, 4}


def test_a_finding_takes_the_catalogue_s_remedy_unless_it_has_a_better_one() -> None:
    assert finding("TSL001", "x").remedy == CODES["TSL001"].remedy
    assert finding("TSL001", "x", "there", "Do that.").remedy == "Do that."
    assert finding("TSL001", "x", severity="warning").severity == "warning"
    with pytest.raises(KeyError):
        finding("TSL999", "x")
