"""What a project's people and models said becomes tables; what cannot be used is counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab.agreement.intake import project_intake
from tslab.agreement.measure import measure
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import GROUND_TRUTH, Intake, TierTable, in_windows, unique_names
from tslab.agreement.values import Readers
from tslab.annotation import Annotation
from tslab.domain import Domain, Label, Tier, View
from tslab.errors import DataError
from tslab.files import json_bytes, write_bytes
from tslab.plugin_manager import load_domain
from tslab.project import Project
from tslab.recording_table import RecordingEntry
from tslab.settings import Settings
from tslab.span_table import Extents, SpanTable
from tslab.spans import Span
from tslab.task import Task

DOMAIN = Domain(
    name="study",
    title="Study",
    tiers=(
        Tier(name="state", kind="states", labels=(Label(name="A"), Label(name="B"))),
        Tier(name="peak", kind="instants", labels=(Label(name="P"),)),
    ),
    views=(View(name="states", tiers=("state",)), View(name="peaks", tiers=("peak",))),
    open_channels=True,
)


def project(
    folder: Path,
    said: Sequence[Annotation],
    windows: Sequence[tuple[str, float, float]] = (),
    predicted: dict[str, dict[str, list[Span]]] | None = None,
    domain: Domain = DOMAIN,
) -> Project:
    """A project of recordings r1 and r2 of 100 s at 10 Hz, and what was said about them."""
    plugins, _ = load_domain("ecg")
    found = Project(folder, Settings(domain="ecg"), plugins, domain)
    found.save_entries({
        key: RecordingEntry(key, key, 100.0, ("x",), ("",), (10.0,), {}, f"{key}.csv")
        for key in ("r1", "r2")
    })  # fmt: skip
    write_bytes(folder / "annotations" / "annotations.json", json_bytes(list(said)))
    tasks = [
        Task(f"t{number}", key, "states", start, end, ("x",), 1000, (1, 1))
        for number, (key, start, end) in enumerate(windows, start=1)
    ]
    found.save_tasks(tasks)
    for number, (version, spans) in enumerate((predicted or {}).items()):
        document = {"model_version": version, "recordings": spans}
        write_bytes(folder / "predictions" / f"{number}.json", json_bytes(document))
    return found


def a(start: float, end: float, label: str = "A", **more: Any) -> Span:
    return Span(start, end, label, more.pop("tier", "state"), **more)


def said(who: str, spans: Sequence[Span], recording: str = "r1", **more: Any) -> Annotation:
    given: dict[str, Any] = {"view": "states", "extents": [(0.0, 100.0)], **more}
    return Annotation(recording, who, list(spans), **given)


def only(intake: Intake, name: str = "state") -> TierTable:
    (tier,) = [tier for tier in intake.tiers if tier.name == name]
    return tier


def rows(table: SpanTable) -> list[tuple[str, str, str, float, float]]:
    return [
        (
            table.tasks[table.task[n]],
            table.annotators[table.annotator[n]],
            table.labels[table.label[n]],
            table.start[n] / 1e6,
            table.end[n] / 1e6,
        )
        for n in range(len(table))
    ]


def seen(table: SpanTable) -> list[tuple[str, str, float, float]]:
    part = table.reviewed
    return [
        (
            table.tasks[part.task[n]],
            table.annotators[part.annotator[n]],
            part.start[n] / 1e6,
            part.end[n] / 1e6,
        )
        for n in range(len(part))
    ]


def test_people_truth_and_models_are_readers(tmp_path: Path) -> None:
    found = project_intake(
        project(
            tmp_path,
            [
                said("ben", [a(10, 20)]),
                said("ann", [a(10, 21, "B")]),
                said("ben", [a(10, 22)], ground_truth=True),
            ],
            predicted={"m 1": {"r1": [a(9, 20)]}, "silent 2": {"r1": [a(1, 1, "P", tier="peak")]}},
        )
    )
    tier = only(found)
    assert tier.readers == Readers(("ann", "ben"), GROUND_TRUTH, ("m 1",))
    assert rows(tier.table) == [
        ("r1", "ann", "B", 10, 21),
        ("r1", "ben", "A", 10, 20),
        ("r1", "m 1", "A", 9, 20),
        ("r1", GROUND_TRUTH, "A", 10, 22),
    ]
    assert seen(tier.table) == [("r1", name, 0, 100) for name in tier.table.annotators]
    assert [t.name for t in found.tiers] == ["state"], "nobody reviewed peaks; a model is nobody"
    assert tier.sample == pytest.approx(0.1), "of 10 Hz"
    assert tier.colors == {"A": DOMAIN.tiers[0].labels[0].color, "B": "#3366cc"}
    assert found.findings == ()


def test_numbers_in_names_of_people_count(tmp_path: Path) -> None:
    names = ("rater10@x", "rater2@x", "rater1@x")
    found = project_intake(project(tmp_path, [said(name, [a(10, 20)]) for name in names]))
    assert only(found).readers.annotators == ("rater1@x", "rater2@x", "rater10@x")


def test_extents_are_each_ones_own(tmp_path: Path) -> None:
    found = project_intake(
        project(
            tmp_path,
            [
                said("ann", [a(10, 20)], extents=[(0.0, 30.0), (50.0, 60.0)]),
                said("ben", [], extents=[(20.0, 100.0)]),
                said("ann", [], "r2", extents=[(0.0, 100.0)]),
            ],
        )
    )
    assert seen(only(found).table) == [
        ("r1", "ann", 0, 30), ("r1", "ann", 50, 60), ("r1", "ben", 20, 100), ("r2", "ann", 0, 100),
    ]  # fmt: skip


def test_an_event_over_a_border_of_windows_counts_once(tmp_path: Path) -> None:
    windows = [("r1", 0.0, 50.0), ("r1", 50.0, 100.0)]
    both = [said("ann", [a(40, 60)]), said("ben", [a(41, 60)])]
    intake = project_intake(project(tmp_path, both, windows))
    tier = only(intake)
    assert tier.windows is not None
    assert rows(tier.windows) == [
        ("t1", "ann", "A", 40, 50),
        ("t1", "ben", "A", 41, 50),
        ("t2", "ann", "A", 50, 60),
        ("t2", "ben", "A", 50, 60),
    ]
    found = measure(intake, AgreementSettings(draws=0))
    f1 = found.row("state", "event/f1@0.5")
    assert f1 is not None
    assert (f1.value.value, f1.events, f1.tasks) == (1.0, 2, 1)
    by_window = {
        row.of: row.value.value
        for row in found.rows
        if row.by == "window" and row.metric == "time/iou"
    }
    assert by_window == {("t1",): 0.9, ("t2",): 1.0}
    whole = found.row("state", "time/iou_pooled")
    assert whole is not None
    assert whole.value.value == pytest.approx(19 / 20)


def test_time_of_windows_adds_up_to_that_of_recordings(tmp_path: Path) -> None:
    dice = np.random.default_rng(3)
    readings = []
    for who in ("ann", "ben", "cid"):
        cuts = np.sort(dice.uniform(0, 100, 12)).round(3)
        spans = [a(s, e, str(dice.choice(["A", "B"]))) for s, e in cuts.reshape(-1, 2).tolist()]
        readings.append(said(who, spans))
    windows = [("r1", float(start), float(start + 10)) for start in range(0, 100, 10)]
    tier = only(project_intake(project(tmp_path, readings, windows)))
    assert tier.windows is not None
    for table in (tier.table, tier.windows):
        assert len(table.tasks) in (1, 10)
    assert int((tier.windows.end - tier.windows.start).sum()) == int(
        (tier.table.end - tier.table.start).sum()
    )


def test_what_cannot_be_used_is_counted_and_left_out(tmp_path: Path) -> None:
    strange = [
        a(1, 2),
        a(3, 4, "Gone"),
        a(5, 6, tier="other"),
        a(7, 7, "P", tier="peak"),
        a(100, 110),
        a(90, 105),
        a(55, 56),
    ]
    found = project_intake(
        project(
            tmp_path,
            [
                said("ann", strange, extents=[(0.0, 50.0), (60.0, 200.0)]),
                said("ann", [a(1, 2)], "r9"),
                said("ben", [a(1, 3)]),
                said("ben", [a(1, 2)]),
                said("cid", [a(1, 2)], view="gone"),
            ],
            predicted={"m": {"r8": [a(1, 2)], "r1": [a(1, 2)]}},
        )
    )
    tier = only(found)
    assert rows(tier.table) == [
        ("r1", "ann", "A", 1, 2),
        ("r1", "ann", "A", 90, 100),
        ("r1", "ben", "A", 1, 2),
        ("r1", "m", "A", 1, 2),
    ]
    assert seen(tier.table)[:2] == [("r1", "ann", 0, 50), ("r1", "ann", 60, 100)]
    assert found.counts == {
        "TSL082": 3,  # other tier, other view's tier, unknown view
        "TSL083": 1,
        "TSL084": 2,
        "TSL085": 1,
        "TSL089": 1,
        "TSL091": 2,
    }
    assert all(finding.remedy and finding.place for finding in found.findings)
    assert sum(found.counts.values()) == sum(
        int(finding.message.split()[0]) for finding in found.findings
    )


def test_who_marked_only_what_cannot_be_used_did_not_read(tmp_path: Path) -> None:
    unknown, outside = a(1, 2, "gone"), a(150, 160)
    said_ = [
        said("ann", [a(1, 2)]), said("ben", [unknown, outside]), said("cem", [a(1, 2), unknown]),
        said("dan", []),
    ]  # fmt: skip
    found = project_intake(project(tmp_path, said_))
    tier = only(found)
    assert tier.table.annotators == ("ann", "cem", "dan")
    assert found.counts == {"TSL083": 2, "TSL085": 1, "TSL117": 1}


def test_of_two_ground_truths_each_moment_has_one(tmp_path: Path) -> None:
    found = project_intake(
        project(
            tmp_path,
            [
                said("ann", [a(10, 20)], ground_truth=True, extents=[(0.0, 15.0), (15.0, 40.0)]),
                said("ben", [a(30, 50), a(60, 60.5)], ground_truth=True, extents=[(20.0, 80.0)]),
            ],
        )
    )
    tier = only(found)
    assert rows(tier.table) == [
        ("r1", GROUND_TRUTH, "A", 10, 20),
        ("r1", GROUND_TRUTH, "A", 40, 50),
        ("r1", GROUND_TRUTH, "A", 60, 60.5),
    ]
    assert seen(tier.table) == [("r1", GROUND_TRUTH, 0, 80)]
    assert found.counts == {"TSL090": 1}


def test_a_truth_that_was_shown_a_tier_says_that_nothing_is_there(tmp_path: Path) -> None:
    people = [said("ann", [a(1, 5)]), said("ben", [a(1, 5)])]
    truth = said("cid", [], ground_truth=True)
    intake = project_intake(project(tmp_path, [*people, truth]))
    assert only(intake).readers.reference == GROUND_TRUTH
    assert intake.notes == (
        "the ground truth marks nothing in 'state', which it was shown: it says that nothing is "
        "there",
    )
    found = measure(intake, AgreementSettings(draws=0))
    row = found.row("state", "event/f1@0.5", "reference", ("ann",))
    assert row is not None
    assert row.value.value == 0.0


def test_nobody_is_held_against_a_truth_that_does_not_speak_of_a_tier(tmp_path: Path) -> None:
    peak = Span(3, 3, "P", "peak")
    people = [said(who, [a(1, 5), peak], view="") for who in ("ann", "ben")]
    truth = said("cid", [a(1, 5)], view="", ground_truth=True)
    intake = project_intake(project(tmp_path, [*people, truth]))
    assert only(intake).readers.reference == GROUND_TRUTH
    silent = only(intake, "peak")
    assert silent.readers == Readers(("ann", "ben"))
    assert GROUND_TRUTH not in {who for _, who, *_ in seen(silent.table)}
    (note,) = intake.notes
    assert note.startswith("the ground truth marks nothing in 'peak', and nobody knows")
    found = measure(intake, AgreementSettings(draws=0))
    assert not [row for row in found.rows if row.tier == "peak" and row.by == "reference"]
    assert [row for row in found.rows if row.tier == "state" and row.by == "reference"]
    # One word of it anywhere, and it speaks.
    spoken = said("cid", [a(1, 5), peak], view="", ground_truth=True)
    intake = project_intake(project(tmp_path, [*people, spoken]))
    assert intake.notes == ()
    assert only(intake, "peak").readers.reference == GROUND_TRUTH


def test_a_region_with_two_labels_is_one_event(tmp_path: Path) -> None:
    both = [a(1, 5, "A", id="x"), a(1, 5, "B", id="x")]
    apart = [a(1, 5, "A", id="x"), a(1, 5, "B", id="y", fields={"cause": "valve"})]
    tier = only(project_intake(project(tmp_path, [said("ann", both), said("ben", apart)])))
    regions = tier.table.region.tolist()
    assert regions[0] == regions[1]
    assert regions[2] != regions[3]
    assert tier.fields == {regions[3]: {"cause": "valve"}}


def test_one_tier_in_two_views_is_compared_within_each(tmp_path: Path) -> None:
    views = (View(name="states", tiers=("state",)), View(name="all", tiers=("state", "peak")))
    domain = DOMAIN.model_copy(update={"views": views})
    readings = [
        said("ann", [a(1, 2)]),
        said("ben", [a(1, 2)]),
        said("ann", [a(1, 3)], view="all"),
    ]
    intake = project_intake(
        project(tmp_path, readings, predicted={"m": {"r1": [a(1, 2)]}}, domain=domain)
    )
    assert rows(only(intake).table) == [
        ("r1 (all)", "ann", "A", 1, 3),
        ("r1 (all)", "m", "A", 1, 2),
        ("r1 (states)", "ann", "A", 1, 2),
        ("r1 (states)", "ben", "A", 1, 2),
        ("r1 (states)", "m", "A", 1, 2),
    ]


def test_names_of_people_and_models_never_meet() -> None:
    found = unique_names(["m", GROUND_TRUTH, ""], ["m", "m (model)"])
    assert len(set(found.values())) == 5
    assert GROUND_TRUTH not in found.values()
    assert found["person", "m"] == "m"


def test_what_the_last_pull_left_out_is_counted(tmp_path: Path) -> None:
    found = project(tmp_path, [said("ann", [a(1, 2)]), said("ben", [a(1, 2)])])
    write_bytes(found.state / "pulled.json", json_bytes({"TSL061": 2, "TSL080": 1, "TSL092": 3}))
    intake = project_intake(found)
    assert intake.counts == {"TSL061": 2, "TSL080": 1, "TSL092": 3}
    assert intake.findings[0].message == "2 things were left out or mended"
    assert str(intake.findings[2]) == (
        "TSL092 warning: in the last pull: 3 annotations were left out: skipped, or a draft that "
        "nobody submitted. Submit it, if it should count."
    )
    write_bytes(found.state / "pulled.json", b'{"TSL061": "many"}')
    with pytest.raises(DataError, match="tslab pull"):
        project_intake(found)


def test_no_annotations(tmp_path: Path) -> None:
    assert project_intake(project(tmp_path, [])).tiers == ()


def test_an_instant_on_a_border_belongs_to_the_later_window() -> None:
    table = SpanTable.of(
        (["r"], ["a"], ["l"]),
        {"task": [0] * 3, "annotator": [0] * 3, "label": [0] * 3, "start": [0, 5, 10],
         "end": [0, 5, 10]},
        Extents.of([0], [0], [0], [10]),
    )  # fmt: skip
    cut = in_windows(table, {"r": [(0, 5, "w1"), (5, 10, "w2")]})
    assert cut is not None
    assert [(cut.tasks[t], s) for t, s in zip(cut.task, cut.start.tolist(), strict=True)] == [
        ("w1", 0), ("w2", 5),
    ]  # fmt: skip
    assert in_windows(table, {}) is None
