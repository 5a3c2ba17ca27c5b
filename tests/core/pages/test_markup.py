"""Nothing that a page shows can become part of its markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from tslab.pages.markup import data_block, distinct, document, element, text

EVIL = "</script><!--<img src=x onerror='alert(1)'>\"&\u2028"


def test_text_is_the_same_in_a_quoted_attribute() -> None:
    assert not set("<>'\"") & set(text(EVIL))
    assert element("p", class_=EVIL).count('"') == 2


def test_json_ends_no_script_and_is_read_back() -> None:
    block = data_block("data", {"name": [EVIL]})
    assert block.count("<") == 2
    inside = block.partition(">")[2].rpartition("<")[0]
    assert json.loads(inside) == {"name": [EVIL.replace("\u2028", " ")]}


def test_the_policy_allows_this_script_and_this_style_alone() -> None:
    page = document("t", "", "p{}", "let a = 'ä';", kind="k").decode()
    policy = re.search(r'Policy" content="([^"]*)"', page)
    assert policy is not None
    digests = [
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in ("p{}", "let a = 'ä';")
    ]
    assert policy[1].replace("&#x27;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "script-src" not in document("t", "", "p{}", kind="k").decode()


def test_a_name_of_half_a_letter_does_not_stop_the_page() -> None:
    assert b"<title>a b</title>" in document("a\ud800b", "", "", kind="k")


ALIKE = f"\u2026{{}}{'x' * 9}\u2026{'x' * 12}"


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["anna@x.org", "ben@x.org"], ["anna@x.org", "ben@x.org"]),
        (
            ["rater.number2@hospital.example.org", "rater.number10@hospital.example.org", "net 7"],
            ["rater.number2", "rater.number10", "net 7"],
        ),
        (
            [f"department.of.heart.{n}.in.the.clinic.of.a.city" for n in "12"],
            ["\u20261.in.the.c\u2026ic.of.a.city", "\u20262.in.the.c\u2026ic.of.a.city"],
        ),
        (
            [f"{'x' * 30}{n}{'x' * 30}{m}{'x' * 30}" for n, m in ("12", "11", "21")],
            [ALIKE.format(1), f"{ALIKE.format(1)} (2)", ALIKE.format(2)],
        ),
    ],
)
def test_names_beside_a_plot_differ(names: list[str], shown: list[str]) -> None:
    assert distinct(names) == shown
