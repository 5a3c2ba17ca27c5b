"""The page of agreement in a real browser: it works, asks for nothing and runs nothing foreign."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from kit.agreement_pages import (
    EVIL,
    answered,
    crowded,
    hostile,
    only_answers,
    shown,
    study,
    table,
)

from tslab.agreement.page import grids
from tslab.agreement.page.document import page
from tslab.agreement.page.input import ReviewItem
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Readers

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "agreement.html"
    path.write_bytes(page(study(), shown()))
    return path.as_uri()


def opened(chromium: Any, address: str, said: list[str], **given: Any) -> Any:
    tab = chromium.new_context(**given).new_page()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: said.append(request.url))
    tab.goto(address)
    return tab


def use(tab: Any) -> None:
    """Press everything that can be pressed."""
    for select in tab.locator("select").all():
        for value in [option.get_attribute("value") for option in select.locator("option").all()]:
            select.select_option(value)
        select.select_option(index=0)
    for button in tab.locator(".viewer button").all():
        if button.is_visible() and button.is_enabled():
            button.click()
    tab.locator(".stage").first.hover(position={"x": 60, "y": 90})


def test_the_page_is_drawn_and_quiet(chromium: Any, address: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        said: list[str] = []
        tab = opened(chromium, address, said, color_scheme=scheme)
        use(tab)
        assert said == [address], "an error, a refused style or script, or a request"
        assert tab.locator(".stage svg").count() == 2
        assert tab.locator("svg .cell").count() > 20
        grounds.append(tab.eval_on_selector("body", "e => getComputedStyle(e).backgroundColor"))
        colour = tab.eval_on_selector(".stage path.t0c0", "e => getComputedStyle(e).fill")
        assert colour != "rgb(0, 0, 0)"
    assert grounds == ["rgb(251, 251, 250)", "rgb(20, 23, 28)"]


def test_squares_of_large_tables_are_those_of_small_ones(
    chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has the squares of small tables; the script draws those of large ones."""
    found, drawn = study(crowded()), []
    look = """all => all.map(grid => [...grid.querySelectorAll(".cell, .said")].map(e =>
        [...e.attributes].map(({ name: n, value: v }) =>
            [n, Number(v).toFixed(3), v.match("[a-z].*")])
            .sort() + e.textContent))"""
    for most in (grids.MOST_DRAWN, 0):
        monkeypatch.setattr(grids, "MOST_DRAWN", most)
        content = page(found)
        assert (b'class="cell"' in content) == (most > 0)
        path = tmp_path / f"{most}.html"
        path.write_bytes(content)
        said: list[str] = []
        tab = opened(chromium, path.as_uri(), said)
        assert said == [path.as_uri()]
        drawn.append(tab.eval_on_selector_all(".grid", look))
    assert sum(map(len, drawn[0])) > 400
    assert drawn[0] == drawn[1]


def test_hostile_names_are_only_text(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_bytes(page(*hostile()))
    said: list[str] = []
    tab = opened(chromium, path.as_uri(), said)
    use(tab)
    assert said == [path.as_uri()]
    assert tab.title() == EVIL
    assert tab.locator("img").count() == 0
    assert tab.locator("a[href^=javascript]").count() == 0
    assert EVIL in tab.locator(".stage").first.inner_text()
    assert tab.locator(".review tbody tr").count() == 1


def test_a_phone_scrolls_in_one_direction(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [], viewport={"width": 390, "height": 800})
    use(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    cells = "cells => cells.map(c => { const r = c.getBoundingClientRect(); return r.right; })"
    rights = tab.locator(".review td").evaluate_all(cells)
    assert len(rights) >= 8
    assert max(rights) <= 390, "what is disputed and what was said is hidden beside the screen"


@pytest.mark.parametrize("wide", [390, 1440, 1920])
def test_many_labels_fit_their_frames(chromium: Any, tmp_path: Path, wide: int) -> None:
    path = tmp_path / "crowded.html"
    path.write_bytes(page(study(crowded())))
    said: list[str] = []
    tab = opened(chromium, path.as_uri(), said, viewport={"width": wide, "height": 900})
    use(tab)
    assert said == [path.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") == wide
    over = "e => e.filter(x => x.scrollWidth > x.clientWidth + 1).length"
    if wide > 1000:
        assert tab.eval_on_selector_all(".panel", over) == 0
        assert tab.eval_on_selector("main", "e => e.clientWidth") > 0.9 * wide


@pytest.mark.parametrize("wide", [390, 1280])
def test_thirty_annotators_can_be_told_apart(chromium: Any, tmp_path: Path, wide: int) -> None:
    people = [f"rater.number{n}@hospital.example.org" for n in range(30)]
    marks = [(task, who, 0, 10.0 + who / 9, 20.0) for task in range(2) for who in range(30)]
    made = table((("ward-1", "ward-2"), people, ("rest",)), marks)
    tier = TierTable("activity", "intervals", made, Readers(tuple(people)), 0.01)
    path = tmp_path / "many.html"
    path.write_bytes(page(study(tier)))
    tab = opened(chromium, path.as_uri(), [], viewport={"width": wide, "height": 900})
    grid = tab.locator(".grid").first
    seen = "all => all.map(name => name.firstChild.textContent)"
    names = grid.locator("svg > text.ink:not(.said)").evaluate_all(seen)
    assert names == 2 * [f"rater.number{n}" for n in range(30)], "of rows and of columns"
    assert tab.evaluate("document.documentElement.scrollWidth") == wide
    if wide > 1000:
        card = tab.locator(".panel.wide").first
        assert card.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_colours_are_those_of_the_labels_and_alike_ones_have_patterns(
    chromium: Any, tmp_path: Path
) -> None:
    path = tmp_path / "crowded.html"
    path.write_bytes(page(study(crowded())))
    tab = opened(chromium, path.as_uri(), [], color_scheme="light")
    fill = "e => getComputedStyle(e).fill"
    assert tab.eval_on_selector(".stage path.t0c0", fill) == "rgb(211, 47, 47)"
    assert tab.eval_on_selector(".stage path.t0c1", fill) == "rgb(46, 125, 50)"
    woven = "e => e.nextElementSibling.getAttribute('fill')"
    assert tab.eval_on_selector(".stage path.t0c2", woven) == "url(#weave1)"
    assert tab.eval_on_selector(".stage path.t0c1", woven) is None
    differ = tab.eval_on_selector(".legend rect.dispute", fill)
    assert differ not in ("rgb(211, 47, 47)", "rgb(183, 28, 28)", "rgb(245, 124, 0)")


def test_choosing_changes_the_numbers_and_going_back_restores_them(
    chromium: Any, address: str
) -> None:
    tab = opened(chromium, address, [])
    grid = tab.locator(".grid").first
    words = "e => [...e.querySelectorAll('.said')].map(x => x.textContent)"
    looks = "e => [...e.querySelectorAll('.cell')].map(x => x.getAttribute('fill-opacity'))"
    before = grid.evaluate(words), grid.evaluate(looks)
    metric = grid.locator("select").first
    metric.select_option(label="time with the same label")
    assert any(word.endswith("%") for word in grid.evaluate(words))
    labels = grid.locator("select").last
    assert labels.locator("option").all_inner_texts() == ["all labels", "rest", "walk"]
    labels.select_option(label="walk")
    assert grid.evaluate(words) != before[0]
    metric.select_option(label="onsets apart (median)")
    titles = grid.evaluate("e => [...e.querySelectorAll('.cell title')].map(x => x.textContent)")
    assert any("no matched pair of events" in title for title in titles)
    metric.select_option(index=0)
    grid.locator("select").last.select_option(index=0)
    assert (grid.evaluate(words), grid.evaluate(looks)) == before


def test_timelines_say_where_people_differ(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [], viewport={"width": 1100, "height": 900})
    ranges, instants = tab.locator(".viewer").all()
    # ward-2 has most to review: rest or walk for 10 s, and 5 s that only one marks.
    assert ranges.locator(".pick option").all_inner_texts() == ["ward-2", "ward-1", "ward-3"]
    assert "people differ for 15 s" in ranges.locator(".stage").text_content()
    ranges.locator("[data-do=after]").click()
    # ward-1: borders 3 s apart, 10 s that carl left out, and 10 s that bert did, too.
    assert "people differ for 23 s" in ranges.locator(".stage").text_content()
    wide = ranges.locator(".stage").bounding_box()["width"]
    ranges.locator(".stage").hover(position={"x": wide * 0.55, "y": 60})
    read = ranges.locator(".readout").inner_text()
    for words in ("anna: walk", "bert: nothing", "carl: not reviewed", "net 7: nothing"):
        assert words in read
    assert "1 instant without a partner" in instants.locator(".stage").text_content()


def test_the_signal_comes_on_demand(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [])
    viewer = tab.locator(".viewer").first
    assert viewer.locator("path.signal").count() == 0
    viewer.locator("[data-do=signal]").click()
    assert viewer.locator("path.signal").count() == 1
    assert "lead I, -1 to 1 mV" in viewer.locator(".stage").text_content()


def test_zoom_and_back(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [])
    viewer = tab.locator(".viewer").first
    whole = viewer.locator("path.t0c0").first.get_attribute("d")
    viewer.locator("[data-do=in]").click()
    assert viewer.locator("path.t0c0").first.get_attribute("d") != whole
    viewer.locator("[data-do=all]").click()
    assert viewer.locator("path.t0c0").first.get_attribute("d") == whole


FIVE = ((0.0, 15.0), (27.0, 28.0), (41.0, 42.0), (45.25, 46.0), (47.0, 100.0))
"""Long disputes at both ends of a recording, and short ones between them."""


def disputed(tmp_path: Path) -> str:
    found = [ReviewItem("activity", "ward-1", *at, "label conflict", 1.0) for at in FIVE]
    path = tmp_path / "disputed.html"
    path.write_bytes(page(study(), shown(review=found[::-1])))
    return path.as_uri()


def test_each_dispute_is_visited_in_turn(chromium: Any, tmp_path: Path) -> None:
    address, said = disputed(tmp_path), list[str]()
    tab = opened(chromium, address, said)
    viewer = tab.locator(".viewer").first
    where, more = viewer.locator(".where"), viewer.locator("[data-do=dispute]")
    assert where.inner_text() == "5 disputes"
    assert viewer.locator(".here").count() == 0
    told, seen = [], []
    for _ in range(6):
        more.click()
        told.append(where.inner_text())
        seen.append(middle_of_highlight(viewer))
    assert told == [
        "dispute 1 of 5: label conflict, 0:00 to 0:15",
        "dispute 2 of 5: label conflict, 0:27 to 0:28",
        "dispute 3 of 5: label conflict, 0:41 to 0:42",
        "dispute 4 of 5: label conflict, 0:45.25 to 0:46.00",
        "dispute 5 of 5: label conflict, 0:47 to 1:40",
        "dispute 1 of 5: label conflict, 0:00 to 0:15",
    ]
    # What is short stands in the middle, with something before and after it.
    for middle, share in seen[1:4]:
        assert middle == pytest.approx(0.5, abs=0.01)
        assert 0.1 < share < 0.4
    assert seen[0] == seen[5] != seen[4]
    viewer.locator("[data-do=all]").click()
    more.click()
    assert where.inner_text().startswith("dispute 2 of 5"), "looking elsewhere loses no place"
    for key, at in (("n", 3), ("p", 2), ("p", 1), ("p", 5), ("n", 1)):
        more.press(key)
        assert where.inner_text().startswith(f"dispute {at} of 5")
    assert said == [address]


def middle_of_highlight(viewer: Any) -> tuple[float, float]:
    """Middle and width of what is highlighted, as shares of the picture's width."""
    wide = viewer.locator(".stage").bounding_box()["width"]
    here = viewer.locator(".here")
    assert here.count() == 1
    x, size = (float(here.get_attribute(name)) for name in ("x", "width"))
    return (x + size / 2) / wide, size / wide


def test_a_dispute_of_the_list_is_where_the_next_one_goes_on(chromium: Any, tmp_path: Path) -> None:
    tab = opened(chromium, disputed(tmp_path), [])
    viewer = tab.locator(".viewer").first
    row = tab.locator(".review tbody tr").filter(has_text="0:41").first
    row.locator("button").click()
    assert viewer.locator(".where").inner_text().startswith("dispute 3 of 5")
    assert viewer.locator(".here").count() == 1
    assert viewer.locator(".open a").get_attribute("href").endswith("task=ward-1&at=41-42")
    viewer.locator("[data-do=dispute]").click()
    assert viewer.locator(".where").inner_text().startswith("dispute 4 of 5")


def test_without_a_list_all_differences_are_visited(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(page(study()))
    tab = opened(chromium, path.as_uri(), [])
    viewer = tab.locator(".viewer").first
    viewer.locator(".pick").select_option(label="ward-1")
    where, more = viewer.locator(".where"), viewer.locator("[data-do=dispute]")
    assert where.inner_text() == "3 differences"
    more.click()
    assert where.inner_text() == "difference 1 of 3: 0:10.00 to 0:12.00"
    viewer.locator(".pick").select_option(label="ward-3")
    assert where.inner_text() == "no differences"
    assert more.is_disabled()


def test_the_list_leads_to_the_place_and_to_label_studio(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [])
    rows = tab.locator(".review tbody tr")
    assert rows.count() == 3
    assert rows.first.locator("a").get_attribute("href").endswith("task=ward-2&at=5-15")
    rows.nth(1).locator("button").click()
    assert tab.locator(".viewer").first.locator(".pick").input_value() == "0"


def test_the_list_is_saved_as_it_is_chosen(chromium: Any, address: str) -> None:
    tab = opened(chromium, address, [])
    with tab.expect_download() as whole:
        tab.get_by_role("button", name="Download CSV").click()
    lines = list(csv.reader(io.StringIO(Path(whole.value.path()).read_text())))
    assert lines[0] == ["tier", "task", "start", "end", "kind", "cost", "said", "url"]
    # What a spreadsheet would take for a formula is text.
    assert lines[1][:6] == ["activity", "ward-2", "5", "15", "'=label", "10"]
    assert lines[1][7].endswith("task=ward-2&at=5-15")
    tab.locator(".review input").last.check()
    with tab.expect_download() as some:
        tab.get_by_role("button", name="Download JSON").click()
    document = json.loads(Path(some.value.path()).read_text())
    assert [item["kind"] for item in document] == ["missed"]
    assert document[0]["said"] == {"anna": "beat", "bert": "nothing"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_answers_are_a_table_by_field(
    chromium: Any, tmp_path: Path, scheme: str, width: int
) -> None:
    path = tmp_path / "answers.html"
    path.write_bytes(page(study(answered(), only_answers())))
    assert path.stat().st_size < 100_000
    said: list[str] = []
    given = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    tab = opened(chromium, path.as_uri(), said, **given)
    assert said == [path.as_uri()]
    first, second = tab.locator("section.tier").all()
    names = first.locator(".fields table th:first-child").all_inner_texts()
    assert [name.split()[0] for name in names] == ["certainty", "height", "quality", "same"]
    # Nothing can be marked in the second one: there is no picture of it, and nothing breaks.
    assert second.locator(".viewer").count() == 0
    assert second.locator(".fields table").count() == 2
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    row = first.locator(".fields tbody tr").first
    assert row.locator("td").count() == 5
    assert row.locator("td").nth(1).bounding_box()["x"] + 40 < width
