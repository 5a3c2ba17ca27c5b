"""What a real editor saved and a real server sent is understood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kit.foreign import config, series, stored

from tslab.label_studio.foreign.axis import TimeAxis
from tslab.label_studio.foreign.config import read_config
from tslab.label_studio.foreign.data import read_series
from tslab.label_studio.foreign.regions import read_regions, write_regions

SHARED = Path(__file__).resolve().parents[4] / "shared" / "label_studio"
LABELS = ("Run", "Walk", "Event", "Noise")
START_MS = 1_767_323_045_000  # 2026-01-02 03:04:05 UTC


def load(*names: str) -> Any:
    path = SHARED.joinpath(*names)
    if not path.exists():
        pytest.skip(f"the recorded {path.name} is not here")
    return json.loads(path.read_text())


def axis_of(kind: str) -> TimeAxis:
    if kind == "rows":
        return series([0] * 500, time="").axis
    if kind == "%Q":
        return series([START_MS + 10 * i for i in range(500)], form=kind).axis
    if kind:
        cells = [f"2026-01-02 03:04:{5 + i // 100:02d}.{i % 100:02d}0000" for i in range(500)]
        return series(cells, form=kind).axis
    return series([i / 100 for i in range(500)]).axis


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("ui_annotation_iso_f", "%Y-%m-%d %H:%M:%S.%f", [(0.1, 0.31), (0.6, 0.6)]),
        ("ui_annotation_ms_Q", "%Q", [(0.1, 0.31), (0.6, 0.6)]),
        ("ui_annotation_nohdr", "", [(0.1, 0.31), (0.6, 0.6)]),
        ("ui_annotation_notime", "rows", [(50, 151), (300, 300)]),
        ("ui_annotation_perregion", "", [(0.1, 0.31), (0.6, 0.6)]),
    ],
)
def test_annotations_that_the_editor_saved(
    name: str, kind: str, expected: list[tuple[float, float]]
) -> None:
    form = kind if kind.startswith("%") else ""
    controls = "".join(
        f'<Choices name="{control}" toName="ts"/>'
        for control in ("quality", "conf", "snr", "note", "overall")
    )
    known = config(labels=LABELS, form=form, time="" if kind == "rows" else "time", more=controls)
    axis = axis_of(kind)
    (annotation,) = load("annotations", f"{name}.json")
    spans, problems = read_regions(annotation["result"], axis, known)
    assert problems == []
    assert [(span.start, span.end) for span in spans] == [pytest.approx(pair) for pair in expected]
    saved = [r["value"] for r in annotation["result"] if r["type"] == "timeserieslabels"]
    assert [r["value"] for r in stored(write_regions(spans, axis, known))] == saved


def test_an_annotation_from_a_prediction_with_the_arrow_key_defect() -> None:
    (annotation,) = load("annotations", "ui_annotation_from_prediction.json")
    known = config(
        labels=LABELS, more='<Rating name="q" toName="ts"/><Rating name="r" toName="ts"/>'
    )
    spans, problems = read_regions(annotation["result"], axis_of(""), known)
    assert [(s.label, s.score) for s in spans] == [("Run", 0.91), ("Walk", 0.13), ("Noise", 0.5)]
    assert spans[1].end == 5.0
    assert len(problems) == 3  # a control, a label, a range that left the series


def test_an_export() -> None:
    (task, *_) = load("annotations", "export_json_sample.json")
    (annotation,) = task["annotations"]
    spans, problems = read_regions(annotation["result"], axis_of(""), config(labels=LABELS))
    assert problems == []
    assert [s.start for s in spans] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert all(s.duration == pytest.approx(0.06) for s in spans)


@pytest.mark.parametrize(
    "name",
    [
        "POST_predict_1tasks", "POST_predict_interactive_1tasks", "POST_setup",
        "POST_webhook_ANNOTATION_CREATED", "POST_webhook_ANNOTATION_UPDATED",
        "POST_webhook_ANNOTATIONS_DELETED", "POST_webhook_PROJECT_UPDATED",
        "POST_webhook_START_TRAINING", "POST_webhook_TASKS_CREATED",
    ],
)  # fmt: skip
def test_configs_that_the_server_sent(name: str) -> None:
    body = load("payloads", f"{name}.json")["body"]
    xml = body.get("label_config") or body.get("schema") or body["project"]["label_config"]
    known = read_config(xml)
    assert known.control_of == {"lab": "lab"}
    assert (known.value_key, known.time_column, known.channels) == ("csv", "time", ("a",))
    assert known.domain.tiers[0].labels[0].name == "Run"


def test_regions_that_the_server_sent() -> None:
    created = load("payloads", "POST_webhook_ANNOTATION_CREATED.json")["body"]
    known = read_config(created["project"]["label_config"])
    axis = read_series(b"time,a\n0,1\n0.1,2\n0.2,3\n0.3,4\n", known).axis
    spans, problems = read_regions(created["annotation"]["result"], axis, known)
    assert problems == []
    assert [(s.label, s.start, s.end) for s in spans] == [("Run", 0.1, pytest.approx(0.3))]
    asked = load("payloads", "POST_predict_interactive_1tasks.json")["body"]
    context, problems = read_regions(asked["params"]["context"]["result"], axis, known)
    assert problems == []
    assert [(s.start, s.end) for s in context] == [(s.start, s.end) for s in spans]
    stored_before, problems = read_regions(
        asked["tasks"][0]["predictions"][0]["result"], axis, known
    )
    assert problems == []
    assert [(s.score, s.end) for s in stored_before] == [(0.5, pytest.approx(0.4))]
