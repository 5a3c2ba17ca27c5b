"""Our table of tags against what was measured in the editor, and its small languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tslab.lint import editor_tags, time_formats
from tslab.lint.colors import is_color
from tslab.lint.config_check import check_config
from tslab.lint.config_hotkeys import is_reserved


def codes(xml: str | bytes) -> list[str]:
    return [finding.code for finding in check_config(xml)]


SHARED = Path(__file__).parents[4] / "shared" / "label_studio"


def _shared(name: str) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the measured list of attributes is not beside this checkout")
    loaded: dict[str, dict[str, dict[str, dict[str, object]]]] = json.loads(path.read_text())
    return loaded


def test_table_knows_every_measured_tag_and_attribute() -> None:
    measured = _shared("tag_attributes_1.23.2.json")
    ours = editor_tags.tags()
    assert set(measured) <= set(ours)
    for tag, entry in measured.items():
        for raw, facts in entry["attributes"].items():
            name = raw.rstrip("=").lower()
            if tag == "Style":
                continue
            attribute = ours[tag].attributes[name]
            kinds = facts["type"]
            if isinstance(kinds, list) and set(kinds) == {"true", "false"}:
                assert attribute.type == "bool", (tag, name)
            elif isinstance(kinds, list) and "number" not in kinds:
                assert set(kinds) <= set(attribute.choices), (tag, name)


def test_every_measured_tag_is_accepted_with_its_attributes() -> None:
    """A config that uses a tag with all its attributes never meets unknown names."""
    for tag, entry in _shared("tag_attributes_1.23.2.json").items():
        names = [] if tag == "Style" else [name.rstrip("=") for name in entry["attributes"]]
        written = " ".join(f'{name}="x"' for name in names if name.lower() not in ("toname",))
        assert not {"TSL001", "TSL002"} & set(codes(f"<View><{tag} {written}/></View>")), tag


def test_measured_hotkeys_are_reserved() -> None:
    """Single letters and brackets belong to image tools and are free on a time series."""
    for action, entry in _shared("builtin_hotkeys_1.23.2.json").items():
        key = str(entry["key"])
        if action.split(":")[0] in ("annotation", "region", "segment", "ts", "audio", "phrases"):
            assert is_reserved(key), action


@pytest.mark.parametrize(
    "color",
    [
        "#fff",
        "#FFF8",
        "#12345678",
        "RebeccaPurple",
        "hsl(120, 50%, 50%)",
        "rgba(1,2,3,.5)",
        "rgb(1 2 3 / 50%)",
        "var(--a-b)",
        "transparent",
    ],
)
def test_colors(color: str) -> None:
    assert is_color(color)


@pytest.mark.parametrize("color", ["", "#12345", "#ggg", "redd", "rgb(1)", "url(x)", "rgb(a,b,c)"])
def test_no_colors(color: str) -> None:
    assert not is_color(color)


@pytest.mark.parametrize("pattern", [".2f", ".1%", ",.0f", "+.3e", "~s", "05d", "$,.2f", "", ".0f"])
def test_number_formats(pattern: str) -> None:
    assert time_formats.is_number_format(pattern)


@pytest.mark.parametrize("pattern", ["%Y-%m-%d", "%H:%M", "two", "date", "%Q", ".2ff"])
def test_no_number_formats(pattern: str) -> None:
    assert not time_formats.is_number_format(pattern)
