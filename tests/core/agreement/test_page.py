"""The page of agreement without a browser: nothing leaks, nothing runs, bounds hold."""

from __future__ import annotations

import base64
import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from kit.agreement_pages import (
    EVIL,
    LENGTH,
    SECRETS,
    data_of,
    hostile,
    instants,
    ranges,
    shown,
    study,
)
from kit.agreement_pages import table as table_of

from tslab.agreement.page import review as page_review
from tslab.agreement.page import timelines as page_timelines
from tslab.agreement.page.document import page
from tslab.agreement.page.input import PageInput
from tslab.agreement.page.review import review_items
from tslab.agreement.page.rows import hours
from tslab.agreement.page.signals import COLUMNS, outline
from tslab.agreement.page.timelines import CELLS, STEPS, timelines, with_reader
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Readers
from tslab.recording import Signal


def times(packed: str) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(-1, 3).astype(np.int64)
    return (raw @ [1, 256, 65536]).reshape(-1, 2)


def test_hostile_names_make_no_markup_and_no_link() -> None:
    content = page(*hostile()).decode()
    assert content.count("<script") == 2
    assert content.count("</script>") == 2
    tags = re.findall(r"<[^>]*>", content.split("<script")[0])
    assert not [tag for tag in tags if re.match(r"<(img|iframe|object|link|base|form)", tag)]
    # Names in quoted attributes are text: nothing is left of them once these are cut out.
    assert not [tag for tag in tags if re.search(r"\son\w+=", re.sub(r'"[^"]*"', "", tag))]
    assert "javascript:" not in content
    assert data_of(content.encode())["tiers"][0]["readers"][0] == EVIL


def test_names_of_ten_thousand_letters_are_shortened_and_stay_apart() -> None:
    # Alike at both ends: what the page shows of them is the same, what it counts is not.
    long = [f"{'x' * 5000}{middle}{'y' * 5000}" for middle in "ab"]
    tasks, people = (*long, "t"), (*long, "c")
    content = page(study(ranges(tasks, people, "z" * 9000, (*long, "never"))), PageInput())
    assert max(map(len, re.findall(rb"[xyz]+", content))) < 100
    document = data_of(content)["tiers"][0]
    assert (len(document["labels"]), len(document["readers"])) == (3, 5)
    rows = [label for label, *_ in re.findall(r"<td>(x+[.]{3}y+)</td>", content.decode())]
    assert len(rows) == 4, "both labels and both annotators have lines of their own"


def test_a_private_page_names_nobody_and_shows_no_data() -> None:
    whole, private = (page(study(), shown(private=private)) for private in (False, True))
    for secret in (*SECRETS, "lead I", "127.0.0.1"):
        assert secret.encode() in whole
        assert secret.encode() not in private
    found = data_of(private)
    assert found["tiers"][0]["readers"] == [
        "annotator 1", "annotator 2", "annotator 3", "model 1", "ground truth",
    ]  # fmt: skip
    assert found["tiers"][0]["signals"] == {}
    assert [row[2] for row in found["review"]["rows"]] == ["task 2", "task 1", "task 1"]


def test_the_page_without_data_is_small() -> None:
    content = page(study(), PageInput())
    block = len(json.dumps(data_of(content)))
    assert len(content) - block < 100_000


def test_numbers_of_many_labels_are_in_the_page_once() -> None:
    rng, many = np.random.default_rng(1), 22
    names = ([f"t{n}" for n in range(8)], ("a", "b", "c"), [f"label {n}" for n in range(many)])
    marks = [
        (task, who, int(rng.integers(many)), 10.0 * n + rng.random(), 10.0 * n + 9)
        for task in range(8) for who in range(3) for n in range(many)
    ]  # fmt: skip
    tier = TierTable("x", "intervals", table_of(names, marks), Readers(tuple("abc")), 0.01)
    content = page(study(tier), PageInput())
    (block,) = re.findall(rb'<script type="application/json"[^>]*>(.*?)</script>', content)
    grids = json.loads(block)["tiers"][0]["grids"]
    assert len(grids[0]["places"]) == 3
    assert all(len(grid["places"]) >= many * many for grid in grids[1:])
    assert len(content) - len(block) < 95_000


@pytest.mark.parametrize(("windows", "unit"), [(True, "recording"), (False, "task")])
def test_a_page_calls_recordings_by_their_name(windows: bool, unit: str) -> None:
    """A project compares recordings; each of them may be several tasks of Label Studio."""
    tier = ranges()
    content = page(study(replace(tier, windows=tier.table) if windows else tier), PageInput())
    markup = content.split(b"<script")[0].decode()
    for said in (
        f"{unit.capitalize()}s by agreement", f"Above: {unit}s that both reviewed.",
        f"How many {unit}s have which agreement", f'aria-label="next {unit}"',
        f"{unit.capitalize()}s, those first that have most to look at",
    ):  # fmt: skip
        assert said in markup
    assert data_of(content)["tiers"][0]["unit"] == unit


def test_undefined_numbers_say_why() -> None:
    content = re.sub("sha256-[^;]*", "", page(study(), shown()).decode())
    assert "nobody marked anything" in content
    assert "NaN" not in content
    assert "None" not in content


def test_one_reader_alone_has_a_page() -> None:
    made = table_of((("t",), ("anna",), ("x",)), [(0, 0, 0, 1, 2)])
    alone = TierTable("activity", "intervals", made, Readers(("anna",)), 0.01)
    content = page(study(alone)).decode()
    assert "nothing that two people reviewed" in content


def test_nobody_marked_anything() -> None:
    made = table_of((("t",), ("anna", "bert"), ("x",)), [])
    silent = TierTable("activity", "intervals", made, Readers(("anna", "bert")), 0.01)
    assert "nobody marked anything" in page(study(silent)).decode()


def test_times_survive_the_packing() -> None:
    tier = ranges()
    found = timelines(tier.table, [1, 0, 2], 10**6)
    start, end, counts, marks, stretches, seen = found.tasks[0]
    assert (start, end) == (0.0, LENGTH)
    lanes = np.array(counts).reshape(-1, 3).tolist()
    assert lanes[:2] == [[0, 0, 1], [0, 1, 1]]
    seconds = times(marks) * LENGTH / STEPS
    assert seconds[:2] == pytest.approx(np.array([[10, 20], [40, 60]]), abs=LENGTH / STEPS)
    assert stretches == [0, 1, 1, 1, 2, 1, 3, 1, 4, 1]
    assert times(seen)[2] * LENGTH / STEPS == pytest.approx([0, 50], abs=LENGTH / STEPS)


def test_tasks_are_left_out_where_there_is_no_room() -> None:
    table = ranges().table
    assert list(timelines(table, [2, 0, 1], 1).tasks) == [2]
    some = timelines(table, [2, 0, 1], 2 * page_timelines.BYTES_OF_TASK + 8 * 10)
    assert list(some.tasks) == [2, 0]
    assert some.left_out == 1


def test_crowded_lanes_show_what_fills_most_of_each_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_timelines, "MOST_MARKS", 50)
    edges = np.linspace(0, LENGTH, 201)
    marks = [(0, 0, 0 if a < 50 else 1, a, a + 0.9 * (b - a)) for a, b in itertools.pairwise(edges)]
    marks += [(0, 0, 2, 99.0, 99.0)]
    table = table_of((("t",), ("a",), ("x", "y", "z")), marks)
    found = timelines(table, [0], 10**6)
    assert found.coarse == 1
    counts = np.array(found.tasks[0][2]).reshape(-1, 3)
    packed = times(found.tasks[0][3])
    first, second, point = np.split(packed, np.cumsum(counts[:, 2])[:-1])
    assert first.max() <= STEPS / 2 + STEPS / CELLS
    assert second.min() >= STEPS / 2 - STEPS / CELLS
    covered = (packed[:, 1] - packed[:, 0]).sum() / STEPS
    assert covered == pytest.approx(0.9, abs=0.02)
    assert point[0] * LENGTH / STEPS == pytest.approx([99, 99], abs=LENGTH / CELLS)


def test_a_consensus_is_one_more_reader() -> None:
    tier = ranges()
    other = table_of((("ward-2", "elsewhere"), ("all",), ("walk", "new")),
                     [(0, 0, 0, 5, 15), (0, 0, 1, 6, 7), (1, 0, 0, 1, 2)])  # fmt: skip
    both = with_reader(tier.table, other)
    own = both.annotator == len(tier.table.annotators)
    assert both.task[own].tolist() == [1]
    assert both.label[own].tolist() == [1]
    assert both.start[own].tolist() == [5_000_000]
    content = page(study(tier), shown(consensus={"activity": other}))
    assert data_of(content)["tiers"][0]["roles"][-1] == "consensus"


def test_outlines_hold_every_peak_and_every_gap() -> None:
    values = np.zeros(10_000)
    values[7_777], values[100] = 5.0, -3.0
    values[2_000:4_000] = np.nan
    low, high = outline(Signal.from_array("x", values, 100.0, ""), 0.0, 100.0)
    assert np.nanmax(high) == 5.0
    assert np.nanmin(low) == -3.0
    assert int(np.nanargmax(high)) == 7_777 * COLUMNS // 10_000
    assert np.isnan(low[2_000 * COLUMNS // 10_000 + 1 : 4_000 * COLUMNS // 10_000 - 1]).all()
    assert np.isfinite(low[: 2_000 * COLUMNS // 10_000]).all()


def test_signals_stay_within_their_room() -> None:
    assert data_of(page(study(), shown(signal_tasks=1)))["tiers"][0]["signals"].keys() == {"1"}
    assert data_of(page(study(), shown(signal_bytes=100)))["tiers"][0]["signals"] == {}


def test_tasks_with_most_to_review_come_first() -> None:
    content = data_of(page(study(ranges(), instants()), shown()))
    assert content["tiers"][0]["order"] == [1, 0, 2]
    without = data_of(page(study(ranges(), instants()), replace(shown(), review=())))
    assert without["tiers"][0]["order"][0] == 1
    assert without["review"] == {"rows": [], "all": 0, "note": ""}


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.001, "3.6 s"), (0.05, "3 min"), (0.5, "30 min"), (2.34, "2.3 h")],
)
def test_hours_are_said_in_the_unit_that_fits(value: float, said: str) -> None:
    assert hours(value) == said


def test_disputes_are_what_is_listed() -> None:
    found = study(ranges(), instants())
    items, note = review_items(found.tiers, found.settings)
    assert note == ""
    told = {(i.tier, i.task, i.start, i.end): i for i in items}
    missed = told["beats", "ward-1", 2.95, 3.05]
    assert missed.said == {"anna": "beat", "bert": "nothing"}
    assert missed.kind == "missing instant"
    onset = told["activity", "ward-1", 10.0, 12.0]
    assert onset.kind == "onset shift"
    assert onset.said["bert"] == "rest 12.00 to 20.00 s"
    assert [i.cost for i in items] == sorted((i.cost for i in items), reverse=True)
    assert not {i.task for i in items} & {"ward-3"}


def test_only_the_tasks_with_the_lowest_agreement_are_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_review, "MOST_MARKS", 4)
    found = study(ranges())
    items, note = review_items(found.tiers, found.settings)
    assert {i.task for i in items} == {"ward-2"}
    assert note == "Searched: 1 task with the lowest agreement."


def test_a_tier_whose_labels_cover_all_time_has_no_column_of_nothing() -> None:
    marks = [(0, a, n, 50.0 * n, 50.0 * n + 50) for a in range(2) for n in range(2)]
    made = table_of((("t",), ("a", "b"), ("x", "y")), marks)
    full = study(TierTable("s", "states", made, Readers(("a", "b")), 0.01))
    grid = data_of(page(full))["tiers"][0]["grids"][1]
    assert grid["columns"] == ["x", "y"]
    partly = data_of(page(study(ranges())))["tiers"][0]["grids"][1]
    assert partly["columns"][0] == "(nothing)"


def test_a_table_of_readers_says_how_many_it_has_not() -> None:
    people = [f"rater {n}" for n in range(43)]
    made = table_of((("ward-1",), people, ("rest",)), [(0, who, 0, 10, 20) for who in range(43)])
    tier = TierTable("activity", "intervals", made, Readers(tuple(people)), 0.01)
    content = page(study(tier))
    assert len(data_of(content)["tiers"][0]["grids"][0]["rows"]) == 40
    assert b"3 more are in matrix.csv of --csv." in content
    assert b"more are in matrix.csv" not in page(study(ranges()))
