"""Alpha for unitizing against DKPro Statistics and a package for u-alpha.

Their numbers come from tests/oracles/alpha_u.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.event_tables import table_of

from tslab.agreement.kernels.contingency import contingency
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.kernels.stream import all_pairs
from tslab.agreement.unitizing.alpha import alpha_u, coincidence, disagreement, u_alpha
from tslab.span_table import Extents, SpanTable

GOLDEN = json.loads((Path(__file__).parent / "golden" / "unitizing.json").read_text())


def table(study: dict[str, Any]) -> SpanTable:
    raters, begin = study["raters"], study.get("begin", 0)
    ends = [begin + study["length"]] * raters
    seen = Extents.of([0] * raters, range(raters), [begin] * raters, ends)
    rows = [(0, *unit) for unit in study["units"]]
    return table_of(rows, labels=3, annotators=raters, reviewed=seen)


def test_two_hundred_studies_equal_dkpro() -> None:
    studies = GOLDEN["alpha_u"]
    assert len(studies) == 201
    assert {study["raters"] for study in studies} == {2, 3, 4, 5}
    for study in studies:
        found = disagreement(table(study), range(study["raters"]), unit=1)
        observed, expected = found.observed[0], found.expected[0]
        for label, alpha in study["labels"].items():
            assert float(alpha_u(observed[int(label)], expected[int(label)])) == alpha
        # It has the mean over labels where tslab has the sum: equal but for the last places.
        own = [int(label) for label in study["labels"]]
        mean = [sum(part[own].tolist()) / len(own) for part in (observed, expected)]
        assert float(alpha_u(*map(np.array, mean))) == study["alpha"]
        whole = float(alpha_u(observed.sum(), expected.sum()))
        assert whole == pytest.approx(study["alpha"], abs=9e-16)


def test_the_book_is_the_first_of_them() -> None:
    book = GOLDEN["alpha_u"][0]
    assert (book["alpha"], book["labels"]["1"]) == (0.8586654051841702, 1)
    assert book["labels"]["0"] == pytest.approx(0.7285989968, abs=1e-10)


def test_a_hundred_studies_equal_the_package_of_u_alpha() -> None:
    studies = GOLDEN["u_alpha"]
    assert len(studies) == 100
    for study in studies:
        units = table(study)
        shared = contingency(units, all_pairs(units, units.annotators))
        found = coincidence(shared, runs_of(units), range(study["raters"]), 1.0)
        value = float(u_alpha(found.agreed[0], found.spent[0], found.squares[0]))
        assert value == pytest.approx(study["u_alpha"], abs=4.4e-16)
