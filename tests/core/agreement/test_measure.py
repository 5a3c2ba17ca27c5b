"""All measures in one value, in words, in JSON, in files, and without names."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.span_tables import random_table, study

from tslab.agreement.domain_metrics import DomainMetrics
from tslab.agreement.events.histograms import BINS
from tslab.agreement.events.metrics import event_metrics
from tslab.agreement.intervals import believed
from tslab.agreement.measure import ALONE, UNASKED, Agreement, measure
from tslab.agreement.report.headline import columns, headline, judged
from tslab.agreement.report.privacy import private, project_key
from tslab.agreement.report.result_document import document
from tslab.agreement.report.result_files import HEADERS, write_files
from tslab.agreement.report.result_text import agreement_text, rows_text
from tslab.agreement.report.words import chosen, seconds
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.time.metrics import time_metrics
from tslab.agreement.values import NOT_ITS_MARKS, NOTHING_MARKED, Readers
from tslab.contracts import AgreementContext, AgreementMetric
from tslab.domain import Domain, Label, Tier
from tslab.errors import DataError, UsageError
from tslab.span_table import Extents, SpanTable
from tslab.spans import Span

FEW = AgreementSettings(draws=50)
DOMAIN = Domain(
    name="d", title="D", tiers=(Tier(name="t", kind="intervals", labels=(Label(name="l0"),)),)
)


def intake(table: SpanTable, kind: str = "intervals", readers: Readers | None = None) -> Intake:
    tier = TierTable("t", kind, table, readers or Readers(table.annotators), 0.1)
    return Intake((tier,))


def instants(*times: Sequence[float]) -> SpanTable:
    """One task of 100 s; each annotator's instants in seconds."""
    rows = [(who, round(at * 1e6)) for who, own in enumerate(times) for at in own]
    who, at = np.array(rows, np.int64).reshape(-1, 2).T
    nothing = np.zeros(len(at), np.int64)
    names = [f"a{number}" for number in range(len(times))]
    columns = {"task": nothing, "annotator": who, "label": nothing, "start": at, "end": at}
    many = len(times)
    seen = Extents.of([0] * many, range(many), [0] * many, [100_000_000] * many)
    return SpanTable.of((["r"], names, ["P"]), columns, seen)


def value(
    found: Agreement, metric: str, by: str = "overall", of: Sequence[str] = ()
) -> float | None:
    row = found.row("t", metric, by, of)
    assert row is not None, metric
    return row.value.value


def test_it_is_what_its_parts_say() -> None:
    """One stream for time and events gives what each gives alone."""
    for overlapping in (False, True):
        table = random_table(5, overlapping=overlapping, tasks=4)
        found = measure(intake(table), FEW)
        readers = Readers(table.annotators)
        alone = [
            *time_metrics("t", table, readers, FEW.time).rows,
            *event_metrics("t", table, readers, FEW.events).rows,
        ]
        rows = [row for row in found.rows if row.metric.split("/")[0] in ("time", "event")]
        # The parts give every interval; which of them can be believed is known here only.
        assert believed(intake(table).tiers[0], alone)[0] == rows


def test_pair_scores_are_those_of_the_pair_in_the_task() -> None:
    table = random_table(7, ragged=True, tasks=4)
    (tier,) = measure(intake(table), FEW).tiers
    assert len(tier.pair_scores) == 3
    for scores in tier.pair_scores:
        for at, task in enumerate(scores.task.tolist()):
            lone = SpanTable.of(
                (table.tasks, table.annotators, table.labels),
                {name: getattr(table, name)[table.task == task]
                 for name in ("task", "annotator", "label", "start", "end", "region")},
                Extents.of(*(getattr(table.reviewed, name)[table.reviewed.task == task]
                             for name in ("task", "annotator", "start", "end"))),
            )  # fmt: skip
            alone = measure(intake(lone), AgreementSettings(draws=0))
            for metric, own in (("time/iou_pooled", scores.iou), ("event/f1@0.5", scores.f1)):
                expected = value(alone, metric, "pair", scores.pair)
                if expected is None:
                    assert np.isnan(own[at])
                else:
                    assert own[at] == pytest.approx(expected, abs=1e-12)


def test_headline_is_events_and_borders_before_kappa() -> None:
    (tier,) = measure(intake(study(1)), FEW).tiers
    names = [row.metric for row in headline(tier, FEW)]
    assert names[:4] == [
        "event/f1@0.5", "event/onset_median_error", "event/offset_median_error", "time/iou",
    ]  # fmt: skip
    assert names.index("time/cohen_kappa") > 3


def test_one_annotator_alone_is_said_to_be() -> None:
    (tier,) = measure(intake(random_table(1, annotators=1)), FEW).tiers
    assert tier.rows == []
    assert tier.notes == [ALONE]
    assert ALONE in agreement_text(measure(intake(random_table(1, annotators=1)), FEW))


def test_instants_within_one_sample_or_what_is_asked() -> None:
    table = instants([1, 5, 9], [1.05, 5.2, 50])
    found = measure(intake(table, "instants"), FEW)
    assert value(found, "instant/f1") == pytest.approx(1 / 3)
    wide = measure(intake(table, "instants"), replace(FEW, tolerances={"t": 0.2}))
    assert value(wide, "instant/f1") == pytest.approx(2 / 3)
    assert not any(row.metric.startswith("time/") for row in wide.rows)
    (histogram,) = wide.tiers[0].histograms
    assert (histogram.side, histogram.counts.sum()) == ("instant", 2)


def test_nothing_marked_by_anybody() -> None:
    for kind, metric in (("intervals", "event/f1@0.5"), ("instants", "instant/f1")):
        row = measure(intake(instants([], []), kind), FEW).row("t", metric)
        assert row is not None
        assert row.value.value is None
        assert row.value.reason == NOTHING_MARKED


def test_histograms_hold_every_match_once() -> None:
    table = study(3)
    (tier,) = measure(intake(table), FEW).tiers
    assert tier.matches is not None
    onset, offset = (h for h in tier.histograms if not h.label)
    assert (onset.side, offset.side) == ("onset", "offset")
    labels = [h for h in tier.histograms if h.side == "onset" and h.label]
    for histogram in (onset, offset):
        assert len(histogram.counts) == BINS == len(histogram.edges) - 1
        assert histogram.errors == len(tier.matches.iou)
        assert histogram.edges[BINS // 2] == -histogram.edges[BINS // 2 + 1]
    assert np.sum([h.counts for h in labels], axis=0).tolist() == onset.counts.tolist()
    expected, _ = np.histogram(tier.matches.onset / 1e6, onset.edges)
    assert expected.tolist() == onset.counts.tolist()


def test_one_border_far_out_does_not_stretch_the_histogram() -> None:
    """Fifty onsets are up to half a second apart, one is 150 s too early."""
    late = [*range(10_000, 510_000, 10_000), -150_000_000]
    marks = [
        (task, who, 0, 200_000_000 + who * late[task], 800_000_000)
        for task in range(51)
        for who in range(2)
    ]
    table = table_of(marks, tasks=51, until=1_000_000_000)
    (tier,) = measure(intake(table), FEW).tiers
    onset = next(h for h in tier.histograms if h.side == "onset")
    assert 0.45 < onset.edges[-1] < 0.7
    assert (onset.errors, onset.beyond[0]) == (51, 1)
    assert np.count_nonzero(onset.counts) > 15


def test_unitizing_alpha_of_many_spans_is_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tslab.agreement.measure.MOST_UNITS", 10)
    table = study(2)
    quiet = measure(intake(table), FEW)
    assert quiet.tiers[0].notes[0] == f"{UNASKED}: {len(table)} spans"
    assert quiet.row("t", "unitizing/alpha_u") is None
    assert measure(intake(table), replace(FEW, unitizing=True)).row("t", "unitizing/alpha_u")


class Common:
    """Seconds that both mark over those that either marks; asks who is the reference."""

    name = "common"
    tier_kinds = ("intervals",)

    def __init__(self) -> None:
        self.seen: list[AgreementContext] = []

    def components(
        self, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Mapping[str, float]:
        self.seen.append(context)
        both = sum(
            max(0.0, min(a.end, b.end) - max(a.start, b.start))
            for a in reference
            for b in hypothesis
            if a.label == b.label
        )
        return {"both": both, "first": sum(a.duration for a in reference)}

    def value(self, components: Mapping[str, float]) -> float | None:
        return components["both"] / components["first"] if components["first"] else None


def test_metrics_of_the_domain_are_made_of_sums_over_tasks() -> None:
    table = random_table(11, overlapping=False, labels=1, tasks=12)
    metric = Common()
    assert isinstance(metric, AgreementMetric)
    names = table.annotators
    readers = Readers((names[0], names[1]), reference=None, models=(names[2],))
    offered = DomainMetrics(DOMAIN, [metric], lambda thing, doing: nullcontext())
    found = measure(intake(table, readers=readers), FEW, offered)
    for by, of in (("pair", names[:2]), ("model", (names[0], names[2]))):
        assert value(found, "domain/common", by, of) == pytest.approx(
            value(found, "time/coverage_first", by, of)
        )
    row = found.row("t", "domain/common")
    assert row is not None
    assert row.value.low is not None
    assert row.value.high is not None
    assert row.value.low <= (row.value.value or 0) <= row.value.high
    both = [
        value(found, f"time/coverage_{side}", "pair", names[:2]) for side in ("first", "second")
    ]
    assert min(b or 0 for b in both) <= (row.value.value or 0) <= max(b or 0 for b in both)
    assert row.tasks == 12
    assert all(context.extents for context in metric.seen)
    only = DomainMetrics(DOMAIN, [metric], lambda thing, doing: nullcontext())
    states = measure(intake(table, "states"), FEW, only)
    assert not any(row.metric == "domain/common" for row in states.rows)


def test_measures_for_detectors_stand_where_there_is_a_reference() -> None:
    class Against(Common):
        for_detectors = True

    table = random_table(11, overlapping=False, labels=1, tasks=12)
    names = table.annotators
    readers = Readers((names[0], names[1]), reference=None, models=(names[2],))
    shown = {}
    for metric in (Common(), Against()):
        offered = DomainMetrics(DOMAIN, [metric], lambda thing, doing: nullcontext())
        (tier,) = measure(intake(table, readers=readers), FEW, offered).tiers
        assert "domain/common" in {row.metric for row in tier.rows if row.by == "overall"}
        shown[type(metric)] = [
            "domain/common" in names
            for names in (
                [row.metric for row in headline(tier, FEW)],
                columns(tier, FEW, "pair"),
                columns(tier, FEW, "model"),
            )
        ]
    assert shown == {Common: [True, False, False], Against: [False, False, True]}


def test_a_metric_of_marks_that_nobody_made_says_so_and_is_no_figure() -> None:
    class Rare(Common):
        name, title = "rare", "Episodes of what nobody has"

        def components(
            self, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
        ) -> Mapping[str, float]:
            return {"both": 0.0, "first": 0.0}

    offered = DomainMetrics(DOMAIN, [Rare()], lambda thing, doing: nullcontext())
    found = measure(intake(random_table(11)), FEW, offered)
    row = found.row("t", "domain/rare")
    assert row is not None
    assert (row.value.value, row.value.reason) == (None, NOT_ITS_MARKS)
    (tier,) = found.tiers
    assert row not in headline(tier, found.settings)
    assert row in headline(tier, found.settings, everything=True)


def test_metrics_see_the_time_that_both_reviewed_alone() -> None:
    seen = Extents.of([0, 0], [0, 1], [0, 4_000_000], [6_000_000, 9_000_000])
    columns = {"task": [0, 0], "annotator": [0, 1], "label": [0, 0], "start": [0, 5_000_000],
               "end": [6_000_000, 9_000_000]}  # fmt: skip
    table = SpanTable.of((["r"], ["a", "b"], ["l0"]), columns, seen)
    metric = Common()
    offered = DomainMetrics(DOMAIN, [metric], lambda thing, doing: nullcontext())
    found = measure(intake(table), FEW, offered)
    assert metric.seen[0].extents == [(4.0, 6.0)]
    assert value(found, "domain/common", "pair", ("a", "b")) == pytest.approx(0.5)


def test_json_says_everything_and_is_json() -> None:
    found = measure(intake(random_table(3)), FEW)
    body = json.loads(json.dumps(document(found)))
    (tier,) = body["tiers"]
    assert len(tier["rows"]) == len(list(found.rows))
    assert tier["headline"]["event/f1@0.5"] == value(found, "event/f1@0.5")
    hours = np.array(tier["confusion"]["hours"][0]["table"])
    assert hours.shape == (len(tier["confusion"]["states"]),) * 2
    assert body["settings"]["seed"] == 0
    assert set(body["versions"]) == {"tslab", "numpy"}


def test_files_are_tables_and_nothing_else_is_overwritten(tmp_path: Path) -> None:
    found = measure(intake(random_table(3)), FEW)
    paths = write_files(found, tmp_path / "out")
    assert {path.name for path in paths} == set(HEADERS)
    tables = {p.name: list(csv.DictReader(io.StringIO(p.read_text()))) for p in paths}
    assert len(tables["metrics.csv"]) == len(list(found.rows))
    assert {row["kind"] for row in tables["matrix.csv"]} == {"pair"}
    assert len(tables["per_task.csv"]) == 9
    assert sum(float(row["hours"]) for row in tables["confusion.csv"] if row["by"] == "overall") > 0
    write_files(found, tmp_path / "out")
    (tmp_path / "out" / "matrix.csv").write_text("mine\n")
    with pytest.raises(UsageError, match=r"matrix\.csv"):
        write_files(found, tmp_path / "out")
    assert (tmp_path / "out" / "matrix.csv").read_text() == "mine\n"


def test_matched_events_hold_each_event_of_a_pair_once(tmp_path: Path) -> None:
    table = random_table(9, tasks=4)
    found = measure(intake(table), FEW)
    write_files(found, tmp_path)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "matched_events.csv").read_text())))
    own = [r for r in rows if (r["first"], r["second"]) == ("a0", "a1")]
    lasting = table.where(~table.instants)
    for who, side in (("a0", "first"), ("a1", "second")):
        number = table.annotators.index(who)
        there = [r for r in own if r["match"] in ("both", f"{side} only")
                 and (r["start" if side == "first" else "other_start"] !=
                      r["end" if side == "first" else "other_end"])]  # fmt: skip
        assert len(there) == int((lasting.annotator == number).sum())
    both = [r for r in own if r["match"] == "both" and r["iou"]]
    assert all(float(r["iou"]) >= 0.5 for r in both if r["start"] != r["end"])


def test_a_label_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    table = replace(random_table(3), labels=("=1+1", "l1", "l2"))
    write_files(measure(intake(table), FEW), tmp_path)
    assert "\nt,=1+1" not in (tmp_path / "per_label.csv").read_text()
    assert "'=1+1" in (tmp_path / "per_label.csv").read_text()


def test_private_results_name_nobody_and_count_the_same() -> None:
    table = replace(
        random_table(4), tasks=("Smith", "Jones", "Brown"), annotators=("zoe", "ann", "GPT")
    )
    readers = Readers(("zoe", "ann"), models=("GPT",))
    given = intake(table, readers=readers)
    hidden = private(given, b"key")
    plain, found = measure(given, FEW), measure(hidden, FEW)
    text = json.dumps(document(found)) + agreement_text(found)
    assert not re.search("Smith|Jones|Brown|zoe|ann[^o]|GPT", text)
    for metric in ("event/f1@0.5", "time/iou", "time/cohen_kappa"):
        assert value(found, metric) == pytest.approx(value(plain, metric))
    assert private(given, b"key").tiers[0].readers == hidden.tiers[0].readers
    assert private(given, b"other").tiers[0].readers != hidden.tiers[0].readers
    assert list(hidden.tiers[0].table.tasks) == sorted(hidden.tiers[0].table.tasks)


def test_the_key_stays_the_same_and_is_nobodys_business(tmp_path: Path) -> None:
    key = project_key(tmp_path)
    assert project_key(tmp_path) == key
    assert len(key) == 32
    assert (tmp_path / "agreement.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "agreement.key").write_text("no key")
    with pytest.raises(DataError, match="damaged"):
        project_key(tmp_path)


def test_text_says_why_there_is_a_dash() -> None:
    table = replace(random_table(3), labels=("l0", "l1", "l2", "never")[:4])
    text = agreement_text(measure(intake(table), FEW))
    assert "never" not in [line.split()[0] for line in text.splitlines() if line]
    assert "Left out: 1 of 4 labels; nobody used never." in text
    assert "event/f1@0.5" not in text.split("\n")[1], "plain words first"
    nobody = agreement_text(measure(intake(instants([], []), "instants"), FEW))
    assert NOTHING_MARKED in nobody


def test_rows_are_chosen_by_any_name() -> None:
    rows = list(measure(intake(random_table(3)), FEW).rows)
    for name in ("event/f1@0.5", "event/f1", "f1", "f1@0.5"):
        assert "event/f1@0.5" in {row.metric for row in chosen(rows, [name], [])}
    assert {row.metric for row in chosen(rows, ["f1@0.7"], [])} == {"event/f1@0.7"}
    picked = chosen(rows, ["time"], ["pair"])
    assert {row.by for row in picked} == {"pair"}
    lines = rows_text(picked).splitlines()
    assert lines[0] == "t, pair"
    assert len(lines) > len(picked)
    found = [line for line in lines if line.startswith("time/")]
    assert len(found) == len(picked)
    with pytest.raises(UsageError, match="cohen_kappa"):
        chosen(rows, ["cohen_kapa"], [])


def test_a_minimum_is_for_people_or_else_for_each_comparison() -> None:
    table = random_table(3)
    names = table.annotators
    (people,) = measure(intake(table), FEW).tiers
    assert [row.by for row in judged(people, "event/f1@0.5")] == ["overall"]
    readers = Readers(names[:1], names[1], names[2:])
    (models,) = measure(intake(table, readers=readers), FEW).tiers
    assert [row.by for row in judged(models, "event/f1@0.5")] == ["reference", "model", "model"]


def test_seconds_for_people() -> None:
    assert [seconds(x) for x in (0.0352, 1.2, 240, 12345, -0.5)] == [
        "35.2 ms", "1.2 s", "240 s", "12345 s", "-500 ms",
    ]  # fmt: skip
