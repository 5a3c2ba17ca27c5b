"""tslab.yaml: every mistake named with its place, every override applied or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.errors import ProjectError
from tslab.overrides import effective_domain
from tslab.settings import Settings, load_settings


@pytest.fixture
def declared(make_domain: Any) -> Domain:
    return make_domain(
        tiers=(
            {"name": "rhythm", "kind": "states",
             "labels": [{"name": "N", "hotkey": "n"}, {"name": "A", "hotkey": "a"}]},
            {"name": "event", "kind": "intervals", "labels": [{"name": "Leak"}]},
        ),
        views=({"name": "rhythm", "tiers": ["rhythm"], "window_seconds": 60},
               {"name": "events", "tiers": ["event"]}),
        channels=({"name": "II", "aliases": ["ecg"]}, {"name": "V5"}),
        fields=({"name": "size", "kind": "number", "per_label": ["Leak"]},
                {"name": "note", "kind": "text"}),
        task_fields=(), open_channels=False, health=True,
    )  # fmt: skip


def refusal(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "tslab.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProjectError) as caught:
        load_settings(path)
    assert "\n" not in str(caught.value)
    assert "tslab.yaml" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("domain: [", "not valid YAML"),
        ("a: b: c", "line 1"),
        (b"domain: \xff\xfe", "not valid YAML"),
        ("", "holds no settings. Start it with: domain: NAME"),
        ("- domain", "holds no settings"),
        ("title: x", "'domain': Field required"),
        ("domain: d\nwindwo: 3", "'windwo' is not a setting; did you mean 'window'?"),
        ("domain: d\nwindow: {second: 3}", "'window.second' is not a setting; did you mean "),
        ("domain: d\nwindow: {page_second: 3}", "did you mean 'page_seconds'"),
        ("domain: d\nlabel_studio: {ulr: x}", "did you mean 'url'"),
        ("domain: d\nlabels: {rhythm: {removed: [N]}}", "did you mean 'remove'"),
        ("domain: d\nwindow: {seconds: 0}", "'window.seconds': Input should be greater than 0"),
        ("domain: d\nprivacy: secret", "'privacy': Input should be 'deidentified'"),
        ("domain: d\nreview: {overlap: 0, percentage: 101}", "'review.percentage'"),
        ("domain: d\nviews: rhythm", "'views'"),
        ("domain: d\nreview: {tolerance_seconds: .inf}", "'review.tolerance_seconds': Input shou"),
        ("domain: d\nreview: {tolerance_seconds: 1.0e+9}", "should be less than 86400"),
        ("domain: d\nreview: {tolerance_seconds: .nan}", "'review.tolerance_seconds'"),
        ("domain: d\nreview: {overlap: true}", "'review.overlap': says true, which is no value"),
        ("domain: d\nreview: {low_agreement: yes}", "'review.low_agreement': says true"),
        ("domain: d\nreview: {blind: 1, raters: 2}", "'review.blind': write true or false"),
        ("domain: d\nwindow: {seconds: .inf}", "'window.seconds'"),
        ("domain: d\nreading: {sampling_rate: on}", "'reading.sampling_rate': says true"),
        ("domain: no", "'domain': says false"),
        ("domain: d\ntitle: " + "x" * 41, "at most 40 characters"),
        ("domain: !!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_mistakes_are_named_with_place_and_hint(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    assert words in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "domain: demo\nreview: {percentage: 20}\nreview: {overlap: 3}\n",
            "'review' twice (line 3)",
        ),
        ("domain: demo\nhotkeys: {N: q, A: w, N: e}\n", "'N' twice (line 2)"),
        ("domain: demo\nlabels:\n  event:\n    add:\n    - {name: x, name: y}\n", "'name' twice"),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """YAML takes the last one and forgets the first without a word."""
    path = tmp_path / "tslab.yaml"
    path.write_text(content)
    with pytest.raises(ProjectError) as refused:
        load_settings(path)
    assert said in str(refused.value)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = refusal(tmp_path, "domain: d\nwindwo: 1\nhotkey: {}\nreview: {overlap: 0}")
    for word in ("'windwo'", "'hotkey'", "'review.overlap'"):
        assert word in text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="No such file"):
        load_settings(tmp_path / "tslab.yaml")


def test_reading_becomes_read_options(tmp_path: Path) -> None:
    path = tmp_path / "tslab.yaml"
    path.write_text("domain: d\nreading: {time_column: 0, ignore: [3, note], sampling_rate: 50}")
    assert load_settings(path).reading.options() == ReadOptions(
        sampling_rate=50, time_column="0", ignore=("3", "note")
    )


def test_without_overrides_the_first_view_is_left(declared: Domain) -> None:
    domain = effective_domain(declared, Settings(domain="demo"))
    assert [view.name for view in domain.views] == ["rhythm"]
    assert domain.model_copy(update={"views": declared.views}) == declared


def settings(**given: Any) -> Settings:
    return Settings.model_validate({"domain": "demo", **given})


def test_overrides_are_applied(declared: Domain) -> None:
    given = settings(
        views=["events", "rhythm", "events"],
        window={"seconds": 30},
        hotkeys={"N": 5},
        labels={"rhythm": {"remove": ["A"], "add": [{"name": "V"}, {"name": "N", "code": "(N"}]}},
        channels={"lead 1": "V5"},
        privacy="open",
    )
    domain = effective_domain(declared, given)
    assert [(v.name, v.window_seconds) for v in domain.views] == [("events", 30), ("rhythm", 30)]
    labels = domain.tier("rhythm").labels
    assert [(x.name, x.hotkey, x.code) for x in labels] == [("N", "5", "(N"), ("V", "", "")]
    found = domain.channel("LEAD_1")
    assert found is not None
    assert found.name == "V5"
    assert domain.health is False


def test_a_mapped_channel_wins_over_the_domains_alias(declared: Domain) -> None:
    found = effective_domain(declared, settings(channels={"ECG": "V5"})).channel("ecg")
    assert found is not None
    assert found.name == "V5"
    assert effective_domain(declared, settings(channels={"II": "II"})).channel("II") is not None


def test_a_field_of_removed_labels_is_asked_no_more(declared: Domain) -> None:
    given = settings(labels={"event": {"remove": ["Leak"], "add": [{"name": "Burst"}]}})
    assert [item.name for item in effective_domain(declared, given).fields] == ["note"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"views": ["rythm"]}, "no view 'rythm'. did you mean 'rhythm'?"),
        ({"hotkeys": {"Leek": "x"}}, "no label 'Leek'. did you mean 'Leak'?"),
        ({"hotkeys": {"N": "a"}}, "hotkey 'a' of label 'A' is taken by label 'N'"),
        ({"hotkeys": {"N": "u"}}, "reserved by Label Studio"),
        ({"labels": {"rythm": {"remove": ["N"]}}}, "no tier 'rythm'. did you mean 'rhythm'?"),
        ({"labels": {"event": {"remove": ["Leek"]}}}, "did you mean 'Leak'?"),
        ({"labels": {"rhythm": {"remove": ["N", "A"]}}}, "tier 'rhythm', 'labels'"),
        ({"labels": {"rhythm": {"add": [{"name": "X", "colour": ""}]}}}, "label 'X', 'colour'"),
        (
            {"labels": {"rhythm": {"add": [{"code": "x"}]}}},
            "a label added to tier 'rhythm' has no name",
        ),
        ({"channels": {"lead": "V6"}}, "no channel 'V6'. It has II, V5."),
        ({"channels": {"II": "V5"}}, "'II' is a channel of the domain itself"),
    ],
)
def test_overrides_that_do_not_fit_are_refused(
    declared: Domain, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProjectError) as caught:
        effective_domain(declared, settings(**given))
    assert words in str(caught.value)
    assert str(caught.value).startswith("tslab.yaml: ")


def test_open_domains_take_any_channel(demo_domain: Domain) -> None:
    given = settings(channels={"Tag 1": "pressure", "Tag 2": "pressure"})
    found = effective_domain(demo_domain, given)
    assert [c.name for c in found.channels] == ["pressure"]
    assert found.channels[0].aliases == ("Tag 1", "Tag 2")
