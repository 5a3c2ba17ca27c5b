"""What a declaration of a domain refuses, and how channels find their roles."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tslab.domain import (
    RESERVED_HOTKEYS,
    Channel,
    Choice,
    Domain,
    Label,
    RegionField,
    Tier,
    View,
    column_name,
)

TIER = Tier(name="rhythm", kind="states", labels=(Label(name="N", hotkey="n"), Label(name="A")))


def declare(**more: Any) -> Domain:
    return Domain.model_validate({"name": "demo", "title": "Demo", "tiers": (TIER,), **more})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tiers": (TIER, TIER)}, "'rhythm' is declared twice"),
        ({"tiers": ()}, "at least 1 item"),
        ({"name": "Demo"}, "String should match pattern"),
        ({"colour": "x"}, "Extra inputs"),
        ({"views": (View(name="v", tiers=("rythm",)),)}, "unknown tier 'rythm'"),
        ({"views": (View(name="v", tiers=("rhythm",), channels=("II",)),)}, "channel 'II'"),
        ({"views": (View(name="v", tiers=("rhythm",)),) * 2}, "view 'v' is declared twice"),
        ({"channels": (Channel(name="A b"), Channel(name="a-B"))}, "channel 'a_b' is declared"),
        ({"fields": (RegionField(name="rhythm", kind="text"),)}, "'rhythm' is declared twice"),
        ({"fields": (RegionField(name="ts", kind="text"),)}, "'ts' is declared twice"),
        ({"fields": (RegionField(name="score", kind="number"),)}, "'score' has the name of a"),
        ({"fields": (RegionField(name="q", kind="text", per_label=("X",)),)}, "label 'X'"),
        ({"tiers": (TIER.model_copy(update={"labels": (Label(name="N", hotkey="u"),)}),)},
         "reserved by Label Studio"),
        ({"tiers": (TIER.model_copy(update={"labels": (Label(name="N", hotkey="N"),)}),)},
         "one lower-case letter"),
        ({"tiers": (TIER.model_copy(update={"labels": (Label(name="N", hotkey="ctrl+n"),)}),)},
         "one lower-case letter"),
        ({"fields": (RegionField(name="q", kind="choice",
                                 choices=(Choice(value="c", hotkey="n"),)),)},
         "taken by label 'N'"),
    ],
)  # fmt: skip
def test_refusals(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        declare(**more)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (RegionField, {"name": "q", "kind": "choice"}, "a choice needs choices"),
        (RegionField, {"name": "q", "kind": "text", "choices": [{"value": "a"}]}, "only a choice"),
        (RegionField, {"name": "q", "kind": "choice", "choices": [{"value": "a"}] * 2}, "twice"),
        (RegionField, {"name": "q", "kind": "choice", "multiple": True,
                       "choices": [{"value": "a|b"}]}, "separates choices"),
        (Tier, {"name": "t", "kind": "intervals", "labels": [{"name": "x"}], "exhaustive": True},
         "only states can be exhaustive"),
        (Tier, {"name": "t", "kind": "states", "labels": [{"name": "x"}, {"name": "X"}]},
         "declared twice"),
        (Tier, {"name": "T-1", "kind": "states", "labels": [{"name": "x"}]}, "pattern"),
        (Label, {"name": "x", "color": "red"}, "pattern"),
        (Label, {"name": ""}, "should match pattern"),
        (Label, {"name": "bell\x07"}, "should match pattern"),
    ],
)  # fmt: skip
def test_refusals_of_parts(kind: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kind.model_validate(given)


@pytest.mark.parametrize("key", sorted(RESERVED_HOTKEYS))
def test_no_key_of_the_editor_can_be_a_hotkey(key: str) -> None:
    labels = (Label(name="N", hotkey=key),)
    with pytest.raises(ValidationError, match="reserved"):
        declare(tiers=(TIER.model_copy(update={"labels": labels}),))


def test_the_same_key_may_be_used_in_two_views() -> None:
    other = Tier(name="beats", kind="instants", labels=(Label(name="V", hotkey="n"),))
    views = (View(name="a", tiers=("rhythm",)), View(name="b", tiers=("beats",)))
    assert declare(tiers=(TIER, other), views=views).view("b").tiers == ("beats",)
    with pytest.raises(ValidationError, match="taken by label 'N'"):
        declare(tiers=(TIER, other))


def test_without_views_one_shows_all_tiers() -> None:
    (view,) = declare().views
    assert (view.name, view.tiers) == ("all", ("rhythm",))
    assert [tier.name for tier in declare().view_tiers("all")] == ["rhythm"]
    for name in ("view", "tier"):
        with pytest.raises(KeyError, match="strange"):
            getattr(declare(), name)("strange")


@pytest.mark.parametrize("name", ["V 5", "v5", "Ecg_V5", "ECG  v5", "V_5"])
def test_aliases_are_compared_without_case_and_spaces(name: str) -> None:
    domain = declare(channels=(Channel(name="II"), Channel(name="V5", aliases=("ecg v5",))))
    found = domain.channel(name)
    assert found is not None
    assert found.name == "V5"
    assert domain.channel("V50") is None


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("II", "ii"),
        ("Temp A/°C", "temp_a_c"),
        ("__x__", "x"),
        ("温度", "channel"),
        ("A1-A2", "a1_a2"),
    ],
)
def test_columns_are_lower_case_for_the_editor(name: str, column: str) -> None:
    assert column_name(name) == column


def test_a_domain_is_a_value_that_survives_json() -> None:
    domain = declare(channels=(Channel(name="II", value_range=(-1, 1)),), window_seconds=5)
    assert Domain.model_validate_json(domain.model_dump_json()) == domain
    assert Domain.model_validate(domain.model_dump()) == domain
    with pytest.raises(ValidationError):
        domain.title = "x"  # type: ignore[misc]
