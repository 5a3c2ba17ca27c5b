"""Reports as text and as a page: escaped, self-contained, and with reasons for what is missing."""

from __future__ import annotations

import html.parser
import re
from dataclasses import replace

import pytest
from kit.reports import EVIL, HOSTILE, hostile_card, hostile_report
from kit.small_models import example, made

from tslab.contracts import TrainingExample
from tslab.segmentation.evaluation.report_page import page
from tslab.segmentation.evaluation.report_text import duration, report_text
from tslab.segmentation.evaluation.scores import score
from tslab.segmentation.models.card import ModelCard


class Tags(html.parser.HTMLParser):
    """Collects tags with their attributes, and checks that they are closed."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parsed(content: bytes) -> Tags:
    tags = Tags()
    tags.feed(content.decode())
    tags.close()
    assert tags.open == []
    return tags


def test_the_page_escapes_every_name() -> None:
    content = page(hostile_report(), EVIL, hostile_card())
    tags = parsed(content)
    names = {tag for tag, _ in tags.found}
    assert not names & {"script", "img", "iframe", "link", "object", "a", "form"}
    attributes = {name for _, given in tags.found for name in given}
    assert not any(name.startswith("on") for name in attributes)
    assert not attributes & {"src", "href", "style"}
    assert EVIL in "".join(tags.words)
    assert b"<script" not in content.lower()


def test_the_page_loads_nothing() -> None:
    content = page(hostile_report(), "Title", hostile_card()).decode()
    policies = [
        given["content"] or ""
        for tag, given in parsed(content.encode()).found
        if given.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policies[0]
    assert not re.search(r"https?://|url\(|@import", content)


def test_the_page_is_complete_and_the_same_every_time() -> None:
    content = page(hostile_report(), "Title", hostile_card())
    assert content == page(hostile_report(), "Title", card_like(content))
    text = content.decode()
    for words in (
        "Balanced accuracy", "Where the time of each label goes", "Are scores probabilities?",
        "Events found, F1 at IoU 0.5", "Instants found, F1", "Recordings, lowest first",
        "Model card", "data hash", "What the figures mean", "No label was marked or predicted.",
    ):  # fmt: skip
        assert words in text
    assert "Model card" not in page(hostile_report(), "Title").decode()


def card_like(content: bytes) -> ModelCard:
    """The same card, made at the time that the page shows."""
    found = re.search(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", content)
    assert found is not None
    return replace(hostile_card(), created=found[0].decode())


def test_missing_figures_have_their_reasons_in_the_page() -> None:
    empty = score([TrainingExample(made(), [], {"event": [(0, 60)]})], {}, HOSTILE)
    text = page(empty, "Nothing").decode()
    assert "no ranges, neither true nor predicted" in text
    assert "no regions were predicted" in text
    assert "NaN" not in text
    parsed(text.encode())
    parsed(page(score([], {}, HOSTILE), "Nothing"))


def test_the_text_has_what_the_page_has() -> None:
    text = report_text(hostile_report())
    assert text.splitlines()[0].startswith("held out")
    assert "state (states)" in text
    assert "beat (instants, instants within 0.5 s)" in text
    assert "seconds, true in rows and predicted in columns:" in text
    assert f"note: {EVIL}" in text
    assert "no label was marked or predicted" in text
    empty = report_text(score([], {}, HOSTILE))
    assert "nothing was compared" in empty


def test_many_recordings_show_the_lowest() -> None:
    examples = [example(f"r{n:02}") for n in range(14)]
    good = {f"r{n:02}": list(examples[n].spans) for n in range(13)}
    text = report_text(score(examples, good, HOSTILE))
    assert "recordings (the lowest 10 of 14)" in text
    assert text.split("overall\n")[1].split()[0] == "r13"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.5, "0.5 s"), (119, "119 s"), (150, "2.5 min"), (9000, "2.5 h"), (2e5, "2.3 d")],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_settings_are_for_people() -> None:
    settings = {
        "rhythm": {"windows_seconds": [0.29, 0.8699999999999999], "held_out": 0.702144718380437},
        "clock": False,
        "cut": None,
    }
    text = page(hostile_report(), "Title", replace(hostile_card(), settings=settings)).decode()
    for words in (
        "rhythm, windows seconds</td><td>0.29, 0.87<",
        "0.7021",
        "set: clock</td><td>no<",
    ):
        assert words in text
    assert "0.86999" not in text
    assert "&quot;windows" not in text
