"""Answers about whole tasks in exports: as the config asks, or as the answers look."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tslab.agreement.measure import Agreement, measure
from tslab.agreement.settings import AgreementSettings
from tslab.errors import DataError
from tslab.label_studio.exports.fields import read_fields
from tslab.label_studio.exports.intake import export_intake

KEYS = {"choices": "choices", "rating": "rating", "number": "number", "textarea": "text",
        "taxonomy": "taxonomy"}  # fmt: skip
SERIES = '<TimeSeries name="ts" value="$csv"><Channel column="x"/></TimeSeries>'
ASKED = """<Choices name="fit" toName="ts" choice="multiple"><Choice value="a"/><Choice value="b"
 alias="B"/></Choices><Rating name="Stars" toName="ts" maxRating="3"/><Number name="rate"
 toName="ts"/><TextArea name="note" toName="ts"/><Choices name="sure" toName="ts"
 perRegion="true"><Choice value="yes"/><Choice value="no"/></Choices>"""
LABELLED = '<TimeSeriesLabels name="lab" toName="ts"><Label value="x"/></TimeSeriesLabels>'
CONFIG = f"<View>{SERIES}{LABELLED}{ASKED}</View>"
ANSWERS_ONLY = f"<View>{SERIES}{ASKED}</View>"


def answer(kind: str, name: str, value: Any, **more: Any) -> dict[str, Any]:
    given = {KEYS[kind]: value, **more.pop("times", {})}
    return {"id": f"{name}1", "from_name": name, "to_name": "ts", "type": kind, "value": given,
            **more}  # fmt: skip


def region(start: float, end: float) -> dict[str, Any]:
    value = {"start": start, "end": end, "timeserieslabels": ["x"]}
    return {"id": "r1", "from_name": "lab", "to_name": "ts", "type": "timeserieslabels",
            "value": value}  # fmt: skip


def export(*tasks: Sequence[Sequence[dict[str, Any]]], **more: Any) -> bytes:
    """Tasks of annotators of results."""
    documents = [
        {
            "id": number,
            "annotations": [
                {"id": 10 * number + at, "completed_by": {"email": "ab"[at]}, "result": own, **more}
                for at, own in enumerate(task)
            ],
        }
        for number, task in enumerate(tasks, start=1)
    ]
    return json.dumps(documents).encode()


def measured(payload: bytes, config: str | None = None, **settings: Any) -> Agreement:
    return measure(export_intake(payload, "e.json", config),
                   AgreementSettings(**{"draws": 0, **settings}))  # fmt: skip


def value(found: Agreement, metric: str, by: str = "overall", of: Sequence[str] = ()) -> float:
    row = found.row(found.tiers[0].tier.name, metric, by, of)
    assert row is not None, metric
    assert row.value.value is not None, row.value.reason
    return row.value.value


def test_answers_about_tasks_are_measured_beside_the_marks() -> None:
    dice = np.random.default_rng(0)
    said = dice.choice(list("uvw"), (2, 40))
    said[1] = np.where(dice.random(40) < 0.6, said[0], said[1])
    rates = np.round(dice.normal(60, 5, (2, 40)), 1)
    tasks = [
        [
            [region(0, 10 + who), answer("choices", "fit", [str(said[who, t])]),
             answer("number", "rate", float(rates[who, t]))]
            for who in (0, 1)
        ]
        for t in range(40)
    ]  # fmt: skip
    found = measured(export(*tasks))
    assert [tier.tier.name for tier in found.tiers] == ["lab"]
    expected = cohen_kappa_score(*said)
    assert value(found, "task/kappa:fit") == pytest.approx(expected, abs=1e-15)
    assert value(found, "task/percent:fit") == np.mean(said[0] == said[1])
    late = value(found, "task/bias:rate", "pair", "ab")
    assert late == pytest.approx(float(np.mean(rates[1] - rates[0])))
    assert value(found, "event/f1@0.5") == 1
    near = measured(export(*tasks), tolerances={"rate": 5.0})
    assert value(near, "task/within:rate") == np.mean(np.abs(rates[1] - rates[0]) <= 5)
    assert value(found, "task/within:rate") == np.mean(rates[1] == rates[0])


def test_a_config_says_what_is_asked() -> None:
    one = [region(0, 9), answer("choices", "fit", ["a", "B"]), answer("rating", "Stars", 3)]
    other = [region(0, 9), answer("choices", "fit", ["a"]), answer("rating", "Stars", 1),
             answer("textarea", "note", ["kitten"])]  # fmt: skip
    third = [region(0, 9), answer("textarea", "note", ["sitting"])]
    found = measured(export([one, other], [third, other]), CONFIG)
    assert value(found, "task/jaccard:fit") == 0.5
    # On a scale of three, one and three are as far apart as can be.
    assert value(found, "task/percent:Stars") == 0
    assert value(found, "task/similarity:note") == 1 - 3 / 7
    fields = {item.name: item for item in found.tiers[0].tier.task_fields}
    assert (fields["fit"].multiple, fields["Stars"].maximum) == (True, 3)
    assert [choice.value for choice in fields["fit"].choices] == ["a", "B"]
    assert [item.name for item in found.tiers[0].tier.region_fields] == ["sure"]


def test_an_answer_about_a_region_is_none_about_the_task() -> None:
    times = {"start": 0, "end": 9}
    sure = answer("choices", "sure", ["yes"], id="r1", times=times)
    lost = answer("choices", "sure", ["no"], id="gone", times=times)
    found = measured(export([[region(0, 9), sure], [region(0, 9), sure, lost]]))
    metrics = {row.metric for row in found.rows}
    assert "attribute/percent:sure" in metrics
    assert not [metric for metric in metrics if metric.startswith("task/")]


def test_who_submitted_without_an_answer_says_none() -> None:
    yes = answer("choices", "fit", ["a"])
    found = measured(export([[yes], [yes]], [[yes], []]), ANSWERS_ONLY)
    assert value(found, "task/percent:fit") == 1
    assert value(found, "task/percent_joint:fit") == 0.5
    skipped = measured(export([[yes], [yes]], was_cancelled=True), ANSWERS_ONLY)
    assert not list(skipped.rows)


@pytest.mark.parametrize("config", [None, ANSWERS_ONLY])
def test_a_project_without_marks_is_compared_by_its_answers(config: str | None) -> None:
    tasks = [[[answer("rating", "Stars", n % 3 + 1)], [answer("rating", "Stars", 1)]]
             for n in range(6)]  # fmt: skip
    found = measured(export(*tasks), config)
    (tier,) = found.tiers
    assert (tier.tier.name, tier.tier.table.labels) == ("tasks", ())
    assert value(found, "task/percent:Stars") == 1 / 3
    assert value(found, "enterprise/pairwise") == 1 / 3
    assert found.notes == ()
    assert {row.metric.partition("/")[0] for row in found.rows} == {"task", "enterprise"}


def test_models_answer_too() -> None:
    yes = [answer("choices", "fit", ["a"])]
    document = json.loads(export([yes], [yes]))
    for task, said in zip(document, "ab", strict=True):
        task["predictions"] = [
            {"id": 1, "model_version": "m", "result": [answer("choices", "fit", [said])]},
            {"id": 2, "model_version": "mute", "result": []},
        ]
    found = measured(json.dumps(document).encode())
    assert value(found, "task/percent:fit", "model", ("a", "m")) == 0.5
    assert not [row for row in found.rows if "mute" in row.of]


def test_what_no_config_has_is_guessed_beside_it() -> None:
    tasks = [[[answer("choices", "fit", ["a"]), answer("number", "odd", n + 0.5)]] * 2
             for n in range(4)]  # fmt: skip
    (tier,) = measured(export(*tasks), ANSWERS_ONLY).tiers
    assert [(item.name, item.kind) for item in tier.tier.task_fields][-1] == ("odd", "number")


def test_fields_of_configs() -> None:
    found = read_fields(CONFIG)
    assert [(f.name, f.kind) for f in found.tasks] == [
        ("fit", "choice"), ("Stars", "rating"), ("rate", "number"), ("note", "text"),
    ]  # fmt: skip
    assert [(f.name, f.kind, f.multiple) for f in found.regions] == [("sure", "choice", False)]
    tree = (
        '<View><Taxonomy name="t" toName="ts"/><Rating name="r" toName="ts" maxRating="x"/></View>'
    )
    taxonomy, rating = read_fields(tree).tasks
    assert (taxonomy.kind, taxonomy.multiple, rating.maximum) == ("choice", True, 5)
    assert not read_fields("<View>")
    assert not read_fields('<View><Choices toName="ts"/><Rating name="r"/></View>')


def test_a_config_that_asks_nothing_is_refused_as_before() -> None:
    payload = export([[answer("choices", "fit", ["a"])]])
    with pytest.raises(DataError, match="no TimeSeriesLabels"):
        export_intake(payload, "e.json", f"<View>{SERIES}</View>")


def test_the_command_takes_a_tolerance_for_a_field(shell: Any, tmp_path: Path) -> None:
    tasks = [[[answer("number", "rate", n)], [answer("number", "rate", n + 0.4)]]
             for n in range(20, 40)]  # fmt: skip
    path = tmp_path / "e.json"
    path.write_bytes(export(*tasks))
    words = ("agreement", "--from", path, "--draws", 0, "--metric", "task/within:rate")
    for more, expected in (((), 0.0), (("--tolerance", "rate=0.5"), 1.0)):
        (tier,) = shell.json(*words, *more, project=False)["tiers"]
        (row,) = (row for row in tier["rows"] if row["by"] == "overall")
        assert row["value"] == expected
    said = shell.fails(2, *words, "--tolerance", "rat=0.5", project=False)
    assert "names no tier and no number field" in said
    assert "rate" in said
    assert "no number" in shell.fails(2, *words, "--tolerance", "rate=x", project=False)
