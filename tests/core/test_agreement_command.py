"""tslab agreement as a user runs it: on a study, on an export, in a pipeline, without names."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tslab import cli
from tslab.agreement.report.privacy import hashes
from tslab.annotation import Annotation
from tslab.domain import Domain
from tslab.files import json_bytes
from tslab.plugin_manager import load_domain
from tslab.project import Project
from tslab.spans import Span
from tslab.testing import noisy_annotator, synthetic_recording

PEOPLE = ("ann@example.com", "ben@example.com", "cid@example.com")


class Study:
    """A project with recordings, people who err, ground truth and a model."""

    def __init__(self, shell: Any, folder: Path) -> None:
        self.shell = shell
        shell("init", shell.folder, "--domain", "iot", project=False)
        _, self.domain = load_domain("iot")
        self.samples = [synthetic_recording(self.domain, seconds=600, seed=n) for n in range(3)]
        self.said: list[Annotation] = []
        self.predicted: dict[str, list[Span]] = {}
        for number, sample in enumerate(self.samples):
            times, _ = sample.recording.signals[0].read()
            values = [signal.read()[1] for signal in sample.recording.signals]
            names = [signal.name for signal in sample.recording.signals]
            lines = [",".join(["time_s", *names])]
            lines += [f"{t:.3f}," + ",".join(f"{v[i]:.4f}" for v in values)
                      for i, t in enumerate(times.tolist())]  # fmt: skip
            path = folder / f"m{number}.csv"
            path.write_text("\n".join(lines) + "\n")
            shell("add", path)
            key = Project.open(shell.folder).find_recording(path.stem)
            assert key is not None
            for seed, who in enumerate(PEOPLE):
                spans = noisy_annotator(sample.truth, sample.recording, self.domain, seed + 1)
                self.annotate(key, who, spans)
            self.predicted[key] = list(sample.truth)
        self.save()

    def annotate(self, key: str, who: str, spans: Sequence[Span], **more: Any) -> None:
        for view in self.domain.views:
            own = [span for span in spans if span.tier in view.tiers]
            given = {"view": view.name, "extents": ((0.0, 600.0),), **more}
            self.said.append(Annotation(key, who, own, **given))

    def save(self) -> None:
        folder = self.shell.folder / "annotations"
        folder.mkdir(exist_ok=True)
        (folder / "annotations.json").write_bytes(json_bytes(self.said))

    def predict(self, version: str) -> None:
        folder = self.shell.folder / "predictions"
        folder.mkdir(exist_ok=True)
        document = {"model_version": version, "recordings": self.predicted}
        (folder / "m.json").write_bytes(json_bytes(document))


@pytest.fixture
def study(shell: Any, tmp_path: Path) -> Study:
    return Study(shell, tmp_path)


def first_tier(body: dict[str, Any]) -> dict[str, Any]:
    return next(tier for tier in body["tiers"] if tier["headline"].get("event/f1@0.5") is not None)


def value(tier: dict[str, Any], metric: str, by: str = "overall", *of: str) -> float | None:
    (row,) = [r for r in tier["rows"] if (r["metric"], r["by"], tuple(r["of"])) == (metric, by, of)]
    number: float | None = row["value"]
    return number


def test_the_table_says_first_what_matters(study: Study) -> None:
    study.predict("truth 1")
    study.annotate(next(iter(study.predicted)), "ann@example.com", [], ground_truth=True)
    study.save()
    text = study.shell("agreement", "--draws", 20)
    lines = text.splitlines()
    assert "3 annotators, ground truth, 1 model" in lines[0]
    assert any("events that match (F1) at IoU 0.5" in line for line in lines[1:3])
    assert text.index("(F1)") < text.index("kappa")
    for who in PEOPLE:
        assert who in text
    assert "truth 1" in text
    # Which numbers lack one depends on the order of the recordings, whose ids are random.
    assert "interval: it takes 6 tasks with marks" in " ".join(text.split())


def test_json_has_all_numbers_and_a_model_that_is_right_is_best(study: Study) -> None:
    study.predict("truth 1")
    tier = first_tier(study.shell.json("agreement", "--draws", 20))
    assert tier["annotators"] == list(PEOPLE)
    assert tier["tasks"] == 3
    pairs = [value(tier, "event/f1@0.5", "pair", a, b) or 0
             for a, b in (PEOPLE[:2], PEOPLE[1:], PEOPLE[::2])]  # fmt: skip
    models = [value(tier, "event/f1@0.5", "model", who, "truth 1") or 0 for who in PEOPLE]
    assert 0 < sum(pairs) < sum(models) < 3
    assert {row["by"] for row in tier["rows"]} >= {"overall", "label", "task", "window", "without"}


def test_chosen_numbers_one_a_line(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    text = study.shell("agreement", "--draws", 20, "--metric", "time/iou", "--by", "pair")
    lines = text.splitlines()
    assert lines[0].endswith(", pair")
    assert len([line for line in lines if line.startswith("time/iou ")]) == 3 * len(
        [line for line in lines if line.endswith(", pair")]
    )
    body = study.shell.json("agreement", "--draws", 20, "--metric", "f1", "--by", "label")
    metrics = {row["metric"] for tier in body["tiers"] for row in tier["rows"]}
    assert metrics >= {"event/f1@0.1", "event/f1@0.5"}
    assert "cohen_kappa" in study.shell.fails(2, "agreement", "--metric", "cohen_kapa")


def test_gamma_is_for_those_who_ask(study: Study) -> None:
    metrics = {row["metric"] for tier in study.shell.json("agreement", "--draws", 20)["tiers"]
               for row in tier["rows"]}  # fmt: skip
    assert "gamma" not in metrics
    assert "unitizing/alpha_u" in metrics
    assert "gamma" in study.shell(
        "agreement", "--draws", 20, "--metric", "gamma", "--by", "overall"
    )


def test_a_minimum_decides_the_exit_code(study: Study) -> None:
    study.shell("agreement", "--draws", 20, "--min", "0.01")
    study.shell("agreement", "--draws", 20, "--min", "0.999", code=1)
    assert "the minimum is 0.999" in study.shell.err
    assert "event/f1@0.5 is 0." in study.shell.err
    study.shell("agreement", "--draws", 20, "--min", "time/iou=1", "--min", "0.01", code=1)
    assert "event/f1" not in study.shell.err
    body = study.shell.json("agreement", "--draws", 20, "--min", "time/iou=1", code=1)
    assert body["below_minimum"]
    assert "no number" in study.shell.fails(2, "agreement", "--min", "much")
    assert "no measure" in study.shell.fails(2, "agreement", "--min", "time/iuo=0.5")


def test_a_maximum_is_for_what_shall_be_small(study: Study) -> None:
    metric = "event/onset_median_error"
    study.shell("agreement", "--draws", 20, "--max", f"{metric}=9999")
    study.shell("agreement", "--draws", 20, "--max", f"{metric}=0.0001", code=1)
    assert "the maximum is 0.0001" in study.shell.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--min", "event/onset_median_error=0.5"), "Write --max event/onset_median_error=0.5"),
        (("--min", "event/onset_bias=0.5"), "less is better"),
        (("--min", "event/splits=1"), "less is better"),
        (("--max", "event/f1@0.5=0.5"), "Write --min event/f1@0.5=0.5"),
        (("--max", "0.5"), "no measure with a number"),
        (("--max", "event/onset_bias=inf"), "no measure with a number"),
        (("--min", "2"), "no agreement is 2"),
        (("--min", "time/iou=1.01"), "no agreement is 1.01"),
        (("--draws", 1), "1 give no interval; write 0, or 20 and more"),
        (("--tolerance", "anomaly"), "--tolerance has no number: 'anomaly'. Write for example"),
        (("--metric", "f1", "--by", "without"), "there is no f1 by without. It is there by "),
        (("--metric", "f1", "--by", "window"), "there is no f1 by window"),
    ],
)
def test_what_cannot_be_meant_is_refused(study: Study, words: tuple[Any, ...], said: str) -> None:
    assert said in study.shell.fails(2, "agreement", *(words if "--draws" in words else
                                                       ("--draws", 0, *words)))  # fmt: skip


@pytest.mark.parametrize("words", [("--metric", "zzz"), ("--min", "zzz=1")])
def test_names_of_all_measures_fill_no_screen(study: Study, words: tuple[str, ...]) -> None:
    told = study.shell.fails(2, "agreement", "--draws", 0, *words)
    assert "There are " in told
    assert "event" in told
    assert len(told) < 300


def test_one_annotator_alone_cannot_be_compared(study: Study) -> None:
    study.said = [a for a in study.said if a.annotator == PEOPLE[0]]
    study.save()
    assert "single coverage" in study.shell("agreement", "--draws", 20, code=1)
    assert "nobody can be compared" in study.shell.err
    study.predict("truth 1")
    study.shell("agreement", "--draws", 20, "--min", "0.99", code=1)
    assert f"{PEOPLE[0]}, truth 1" in study.shell.err


def test_no_annotations(study: Study) -> None:
    study.said = []
    study.save()
    assert "tslab pull" in study.shell.fails(4, "agreement")


def test_options_that_name_nothing(study: Study) -> None:
    tier = study.domain.tiers[0].name
    assert tier in study.shell.fails(2, "agreement", "--tier", tier[:-1])
    assert "names no tier" in study.shell.fails(2, "agreement", "--tolerance", "x=1")
    assert "no number" in study.shell.fails(2, "agreement", "--tolerance", f"{tier}=x")
    assert "--from" in study.shell.fails(2, "agreement", "--config", "c.xml")
    study.shell("agreement", "--draws", 20, "--tolerance", f"{tier}=0.5", "--tier", tier)


def test_files(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    study.shell("agreement", "--csv", folder, "--draws", 0)
    rows = list(csv.DictReader(io.StringIO((folder / "matrix.csv").read_text())))
    assert {(row["first"], row["second"]) for row in rows} == {
        PEOPLE[:2], PEOPLE[1:], PEOPLE[::2],
    }  # fmt: skip
    (folder / "metrics.csv").write_text("a,b\n")
    assert "metrics.csv" in study.shell.fails(4, "agreement", "--csv", folder, "--draws", 0)


def test_private_output_names_nobody(study: Study, tmp_path: Path) -> None:
    study.predict("truth 1")
    key = next(iter(study.predicted))
    study.annotate("rec-unknown", "dan@example.com", [])
    study.save()
    outputs = [study.shell("agreement", "--draws", 20, "--private", "--csv", tmp_path / "out")]
    outputs.append(study.shell.err)
    outputs.append(study.shell("agreement", "--draws", 20, "--private", "--json"))
    outputs += [path.read_text() for path in (tmp_path / "out").iterdir()]
    for text in outputs:
        for name in (*PEOPLE, "dan@", "example", key, "rec-unknown", "truth 1"):
            assert name not in text
    again = study.shell("agreement", "--draws", 20, "--private", "--json")
    assert again == outputs[2], "the key is the project's own"


def test_private_changes_names_and_no_number(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tslab.agreement.intervals.FEWEST_TASKS", 2)  # the study has three
    study.predict("truth 1")
    tasks = sorted(study.predicted)

    def turned(key: bytes) -> bool:
        found = [hashes(tasks, "task", key)[task] for task in tasks]
        people = [hashes(PEOPLE, "person", key)[who] for who in PEOPLE]
        return found != sorted(found) and people != sorted(people)

    key = next(key for key in (bytes([n] * 32) for n in range(256)) if turned(key))
    project = Project.open(study.shell.folder)
    (project.state / "agreement.key").write_text(key.hex())
    words = ["agreement", "--draws", 200]
    for metric in ("f1", "time", "gamma", "enterprise", "unitizing"):
        words += ["--metric", metric]
    for level in ("overall", "label", "annotator"):
        words += ["--by", level]
    seen = _numbers(study.shell.json(*words))
    assert any(low is not None and low < high for *_, low, high in seen)
    assert _numbers(study.shell.json(*words, "--private")) == seen


def _numbers(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Values and intervals without names; sorted."""
    found = []
    for tier in document["tiers"]:
        for row in tier["rows"]:
            of = row["of"] if row["by"] == "label" else []
            values = (row[key] for key in ("value", "low", "high"))
            rounded = (None if value is None else round(value, 9) for value in values)
            found.append((tier["name"], row["metric"], row["by"], *of, *rounded))
    return sorted(found, key=repr)


def export(study: Study) -> list[dict[str, Any]]:
    """The annotations of one tier as Label Studio would export them."""
    tier = next(t.name for t in study.domain.tiers if t.kind != "instants")
    tasks = []
    for number, key in enumerate(study.predicted, start=1):
        annotations = [
            {
                "id": 10 * number + seed,
                "completed_by": {"id": seed, "email": who},
                "result": [
                    {"id": f"r{n}", "from_name": tier, "to_name": "ts", "type": "timeserieslabels",
                     "value": {"start": s.start, "end": s.end, "instant": s.is_instant,
                               "timeserieslabels": [s.label]}}
                    for a in study.said if (a.recording, a.annotator) == (key, who)
                    for n, s in enumerate(a.spans) if s.tier == tier
                ],
            }
            for seed, who in enumerate(PEOPLE)
        ]  # fmt: skip
        tasks.append({"id": number, "data": {}, "annotations": annotations})
    return tasks


def test_an_export_gives_the_numbers_of_the_study(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export(study)))
    own = first_tier(study.shell.json("agreement", "--draws", 20))
    other = first_tier(study.shell.json("agreement", "--draws", 20, "--from", path, project=False))
    for metric in ("event/f1@0.5", "event/onset_median_error", "time/iou_pooled"):
        assert value(other, metric) == pytest.approx(value(own, metric), abs=1e-9)
    text = study.shell("agreement", "--draws", 20, "--from", path, project=False)
    assert "the export does not say what was shown" in text
    study.shell("agreement", "--draws", 20, "--from", path, "--private", project=False)
    assert "ann@" not in study.shell.out
    assert "No project here" in study.shell.out


def test_an_export_that_cannot_be_read(study: Study, tmp_path: Path) -> None:
    assert "gone.json" in study.shell.fails(4, "agreement", "--from", tmp_path / "gone.json")
    assert f"'{tmp_path}'" in study.shell.fails(4, "agreement", "--from", tmp_path)
    path = tmp_path / "broken.json"
    missing = study.shell.fails(4, "agreement", "--from", path, "--config", tmp_path / "no.xml")
    assert "no.xml" in missing
    path.write_text("{")
    assert "broken.json" in study.shell.fails(4, "agreement", "--from", path)


def test_a_project_that_is_named_beside_an_export_must_be_there(
    study: Study, tmp_path: Path, shell: Any
) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export(study)))
    words = ("agreement", "--draws", 0, "--from", path)
    assert shell(*words) == shell(*words, project=False)
    shell.folder = tmp_path / "gone"
    assert "there is no folder" in shell.fails(4, *words)
    shell.folder = tmp_path
    assert "no tslab project in" in shell.fails(4, *words)


@pytest.mark.parametrize("lead", [-1, 1e12, None, "soon", [1], {"a": 1}])
def test_lead_times_of_an_export_change_no_number(
    study: Study, tmp_path: Path, lead: object
) -> None:
    tasks = export(study)
    path = tmp_path / "export.json"
    words = ("agreement", "--draws", 0, "--from", path)
    path.write_text(json.dumps(tasks))
    known = study.shell.json(*words)
    for task in tasks:
        for annotation in task["annotations"]:
            annotation["lead_time"] = lead
    path.write_text(json.dumps(tasks))
    assert study.shell.json(*words) == known


def test_metrics_of_plugins_are_asked_and_blamed(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Count:
        name = "count"
        tier_kinds = ("states", "intervals", "instants")

        def components(self, reference: Any, hypothesis: Any, context: Any) -> dict[str, float]:
            assert context.recording is not None
            return {"one": float(len(reference)), "other": float(len(hypothesis))}

        def value(self, components: Any) -> float | None:
            return components["one"] / components["other"] if components["other"] else None

    def offered(self: Any, domain: Domain) -> list[Any]:
        del self, domain
        return [metric]

    metric: Any = Count()
    monkeypatch.setattr("tslab.plugin_manager.Plugins.agreement_metrics", offered)
    tier = first_tier(study.shell.json("agreement", "--draws", 20))
    assert value(tier, "domain/count") == 1
    assert value(tier, "domain/count", "pair", *PEOPLE[:2]) != 1
    metric = type("Broken", (Count,), {"value": lambda self, components: 1 / 0})()
    study.shell("agreement", "--draws", 20, code=3)
    assert "metric 'count', comparing" in study.shell.err


def test_help_is_quick_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["agreement", "--help"]) == 0
    assert "--private" in capsys.readouterr().out


def test_the_page_has_signals_and_private_ones_have_none(study: Study, tmp_path: Path) -> None:
    path, hidden = tmp_path / "page.html", tmp_path / "hidden.HTML"
    assert f"report: {path}" in study.shell(
        "agreement", "--draws", 20, "--report", path, "--draws", 20
    )
    study.shell("agreement", "--draws", 20, "--report", hidden, "--private", "--draws", 20)
    whole, private = path.read_text(), hidden.read_text()
    channel = study.samples[0].recording.signals[0].name
    for secret in (*PEOPLE, *Project.open(study.shell.folder).entries(), f'[["{channel}"'):
        assert secret in whole
        assert secret not in private
    assert "What to review" in whole
    assert "missed or extra event" in whole


def test_a_page_replaces_nothing_but_a_page(study: Study, tmp_path: Path) -> None:
    assert ".html" in study.shell.fails(2, "agreement", "--report", tmp_path / "data.csv")
    assert "folder" in study.shell.fails(2, "agreement", "--report", tmp_path / "no" / "a.html")
    path = tmp_path / "thesis.html"
    path.write_text("<html>mine</html>")
    for verb in ("agreement", "progress", "evaluate"):
        assert "no page of tslab" in study.shell.fails(2, verb, "--report", path)
    assert path.read_text() == "<html>mine</html>"
    own = tmp_path / "own.html"
    for _ in range(2):
        study.shell("agreement", "--draws", 0, "--report", own)
    assert "is a file" in study.shell.fails(2, "agreement", "--csv", path)


def test_an_export_has_a_page(tmp_path: Path, shell: Any) -> None:
    region = {"from_name": "l", "to_name": "ts", "type": "timeserieslabels", "id": "a",
              "value": {"start": 1, "end": 5, "timeserieslabels": ["<b>"]}}  # fmt: skip
    said = [{"id": n, "completed_by": n, "result": [region]} for n in (1, 2)]
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 7, "annotations": said, "data": {}}]))
    shell("agreement", "--from", path, "--report", tmp_path / "a.html", project=False)
    content = (tmp_path / "a.html").read_text()
    assert "Agreement: export.json" in content
    assert "<b>&lt;" not in content
    assert "&lt;b&gt;" in content


def test_a_measure_of_ones_own(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def half(one, other, per_label=False):\n    return 0.5\n")
    body = study.shell.json("agreement", "--metric", f"{path}:half", "--draws", 0)
    found = [row for tier in body["tiers"] for row in tier["rows"]]
    assert {row["metric"] for row in found} == {"custom/half"}
    assert {row["value"] for row in found} == {0.5}
    path.write_text("def half(one, other, per_label=False):\n    return one['no']\n")
    said = study.shell.fails(4, "agreement", "--metric", f"{path}:half")
    assert "line 2: 'half' failed: KeyError: 'no'" in said
    path.write_text("def half(one, other, per_label=False):\n    raise SystemExit(0)\n")
    said = study.shell.fails(4, "agreement", "--metric", f"{path}:half")
    assert "line 2: 'half' failed: SystemExit: 0" in said


def test_weights_of_controls(study: Study) -> None:
    body = study.shell.json(
        "agreement", "--metric", "enterprise", "--weight", "severity=0", "--draws", 0
    )
    assert body["settings"]["weights"] == {"severity": 0}
    names = {row["metric"] for tier in body["tiers"] for row in tier["rows"]}
    assert {"enterprise/pairwise", "enterprise/consensus", "enterprise/pairwise:severity"} <= names
    said = study.shell.fails(2, "agreement", "--weight", "severty=2")
    assert "names no tier or field: 'severty=2'. did you mean 'severity'?" in said
    assert "Write for example quality=0.3." in study.shell.fails(2, "agreement", "--weight", "x")


def test_a_model_that_marks_in_one_control_only_is_hidden_too(shell: Any, tmp_path: Path) -> None:
    def region(control: str) -> dict[str, Any]:
        value = {"start": 1, "end": 5, "timeserieslabels": ["A"]}
        return {"id": control, "from_name": control, "to_name": "ts", "type": "timeserieslabels",
                "value": value}  # fmt: skip

    said = [{"id": n, "completed_by": n, "result": [region("l"), region("k")]} for n in (1, 2)]
    guess = {"id": 9, "model_version": "net secret", "result": [region("k")]}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 7, "annotations": said, "predictions": [guess]}]))
    words = ("agreement", "--from", path, "--draws", 0, "--private")
    tiers = {tier["name"]: tier for tier in shell.json(*words, project=False)["tiers"]}
    assert "secret" not in json.dumps(tiers)
    assert not tiers["l"]["models"]
    (model,) = tiers["k"]["models"]
    assert model.startswith("model-")
    assert tiers["l"]["annotators"] == tiers["k"]["annotators"]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "0", "1.5"])
def test_no_number_that_is_not_finite(shell: Any, number: str) -> None:
    assert "--iou" in shell.fails(2, "agreement", f"--iou={number}", "--from", "x", project=False)
    assert "--sampling-rate" in shell.fails(2, "add", "x", "--sampling-rate=nan")
    for option in ("--gap", "--shortest", "--iou"):
        assert option in shell.fails(2, "consensus", f"{option}=nan")


def test_why_nobody_can_be_compared(shell: Any, tmp_path: Path) -> None:
    def said(people: int, regions: list[Any], *more: Any) -> str:
        readings = [{"id": n, "completed_by": n, "result": regions} for n in range(people)]
        path = tmp_path / "export.json"
        path.write_text(json.dumps([{"id": 7, "annotations": readings, "data": {}}]))
        shell("agreement", "--from", path, *more, project=False, code=1)
        assert "tslab pull" not in shell.err
        return str(shell.err)

    region = {"from_name": "l", "to_name": "ts", "type": "timeserieslabels", "id": "a",
              "value": {"start": 1, "end": 5, "timeserieslabels": ["A"]}}  # fmt: skip
    assert "Add: --config FILE" in said(2, [])
    assert "no task has two readings. Annotate more, then export again" in said(1, [region])


def test_a_page_replaces_no_page_of_another_command(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    study.shell("agreement", "--draws", 0, "--report", path)
    study.shell("agreement", "--draws", 0, "--report", path)
    for verb in ("progress", "evaluate"):
        said = study.shell.fails(2, verb, "--report", path)
        assert "is a page of 'tslab agreement'" in said
    path.write_text(path.read_text().replace('content="tslab agreement"', 'content="tslab"'))
    study.shell("agreement", "--draws", 0, "--report", path)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--from", ""), 4, "need the name of a file"),
        (("--report", ""), 2, "is no name of a page"),
        (("--csv", ""), 2, "--csv has no name"),
        (("--metric", ""), 2, "no measure ''. There are"),
    ],
)
def test_an_empty_name_is_said_and_not_ignored(
    study: Study, words: tuple[str, str], code: int, said: str
) -> None:
    message = study.shell.fails(code, "agreement", "--draws", 0, *words)
    assert said in message
    assert len(message) < 700


def test_an_export_of_which_nothing_can_be_read_says_so(shell: Any, tmp_path: Path) -> None:
    region = {"id": "a", "type": "timeserieslabels", "from_name": "lab",
              "value": {"start": "?", "end": "!", "timeserieslabels": ["x"]}}  # fmt: skip
    said = [{"id": n, "completed_by": n, "result": [region]} for n in (1, 2)]
    path = tmp_path / "odd.json"
    path.write_text(json.dumps([{"id": 1, "annotations": said}]))
    shell("agreement", "--from", path, project=False, code=1)
    assert "nobody can be compared: none of the regions can be read" in shell.err
