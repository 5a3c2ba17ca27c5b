"""Texts for people: counts that agree, and names of strangers that break out of nothing."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

import tslab
from tslab.commands.output import Output
from tslab.errors import counted
from tslab.pages.markup import data_block, text
from tslab.wording import (
    aligned,
    csv_cell,
    escaped,
    natural,
    on_one_line,
    plain,
    short,
    width,
    without_shared_address,
)

HOSTILE = "\u202eevil\x1b[31mred\x9b0m\x07\ud800\n"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 ground truths that begin are left out"),
        (1, "1 ground truth that begins is left out"),
        (2, "2 ground truths that begin are left out"),
    ],
)
def test_the_words_after_a_count_agree_with_it(number: int, said: str) -> None:
    assert counted(number, "ground truth[|s] that [begins is|begin are] left out") == said


def test_nothing_in_a_name_steers_a_terminal() -> None:
    for clean in (plain(HOSTILE), on_one_line(HOSTILE), short(HOSTILE)):
        assert "evil" in clean
        assert all(letter.isprintable() or letter == "\n" for letter in clean)
    assert on_one_line(HOSTILE) == "evil [31mred 0m"
    assert plain("10\u202f000 größe 温度 👍") == "10\u202f000 größe 温度 👍"


def test_long_names_keep_both_ends() -> None:
    name = f"ward-{'x' * 10_000}@example.org"
    assert short(name, 30) == "ward-xxxxxxxxx...x@example.org"
    assert short("ann@example.org") == "ann@example.org"
    assert width(short("温度" * 100, 30)) <= 30
    assert short("温度" * 100, 30).startswith("温度温度")


def test_an_address_that_all_share_says_nothing() -> None:
    shared = ["rater1@h.example.org", "rater2@h.example.org", "net 7"]
    assert without_shared_address(shared) == ["rater1", "rater2", "net 7"]
    others = ["ann@a.example.org", "ann@b.example.org"]
    assert without_shared_address(others) == others
    model = ["net@h.example.org", "net"]
    assert without_shared_address(model) == model, "they would be one"


def test_numbers_in_names_count() -> None:
    ordered = ["rater", "rater1@h", "rater2@h", "rater10@h", "rater 2 a", "rater@h"]
    ordered.append(f"rates{'9' * 9_999}")
    assert sorted(sorted(ordered), key=natural) == ordered
    assert sorted(["a02", "a2", "a1", "a10"], key=natural) == ["a1", "a02", "a2", "a10"]


def test_wide_letters_and_accents_stay_in_their_column() -> None:
    table = [["name", "n"], ["温度", "1"], ["e\u0301a", "2"], ["a\nb\tc", "3"]]
    lines = aligned(table).splitlines()
    assert lines == ["name   n", "温度   1", "e\u0301a     2", "a b c  3"]
    short_lines = aligned([["name", "n"], ["y" * 99, "1"]], most=20).splitlines()
    assert max(map(len, short_lines)) == 23


def test_json_on_a_terminal_is_the_same_document_in_plain_letters() -> None:
    document = json.dumps({"name": "\u202e\x9b ok \U000e0001"}, ensure_ascii=False, indent=1)
    clean = escaped(document)
    assert all(letter.isprintable() or letter == "\n" for letter in clean)
    assert json.loads(clean) == json.loads(document)
    assert escaped('{"a": "größe"}') == '{"a": "größe"}'


def test_every_message_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.say(HOSTILE)
    output.warn(HOSTILE)
    output.result({}, HOSTILE)
    told = capsys.readouterr()
    for line in (told.out + told.err).splitlines():
        assert line.isprintable()


def test_a_page_cannot_be_turned_around() -> None:
    assert text("<\u202eb>") == "&lt; b&gt;"
    assert "\u202e" not in data_block("data", {"name": "\u202eb"})


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_cell_is_no_formula(cell: str) -> None:
    assert csv_cell(cell) == f"'{cell}"
    assert csv_cell(f"a{cell}") == f"a{cell}"


def test_an_error_with_a_strangers_name_is_one_plain_line(shell: Any) -> None:
    message = shell.fails(2, "consensus", "--method", HOSTILE[:-2])
    assert message.count("\n") <= 1
    assert "\x1b" not in message


def counted_texts() -> set[str]:
    """Texts about what is left out, joined or cut, which stand behind a number."""
    found = set()
    for path in Path(tslab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return {said for said in found if COUNTED.match(said)}


COUNTED = re.compile(r"[a-z][a-z ]*(s|\[\|s\]) .*(left out|joined|cut where|taken as points)[^.]*$")


def test_no_counted_text_is_right_for_many_only() -> None:
    said = counted_texts()
    assert len(said) > 20
    for one in said:
        left = re.sub(r"\[[^][]*\|[^][]*\]", "", one)
        assert not re.search(r"\b(are|were|have been|their)\b", left), one
