"""After `tslab demo --once --keep`, looked at with HTTP alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import wfdb
from kit.studies import Study, tslab
from lxml import etree

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=["ecg", "iot"])
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Study]:
    root = tmp_path_factory.mktemp("demo") / "study"
    tslab("demo", "--domain", request.param, "--once", "--keep", "--folder", str(root), "--quiet")
    study = Study(root)
    yield study
    study.run("down")


def every_task(demo: Study) -> Iterator[tuple[dict, dict]]:
    for project in demo.projects():
        full = demo.get(f"/api/projects/{project['id']}")
        for item in demo.server_tasks(project["id"]).values():
            yield full, item


def test_every_csv_is_served_and_has_the_columns_of_the_config(demo: Study) -> None:
    with demo.http() as client:
        for project, item in every_task(demo):
            answer = client.get(item["data"]["csv"])
            assert answer.status_code == 200
            header = answer.text.splitlines()[0].split(",")
            config = etree.fromstring(project["label_config"].encode())
            wanted = [c.get("column") for c in config.iter("Channel")]
            assert header == ["time", *wanted]
            times = np.array([int(row.split(",")[0]) for row in answer.text.splitlines()[1:]])
            assert (np.diff(times) >= 0).all()


def test_predictions_carry_the_projects_model_version(demo: Study) -> None:
    for project in demo.projects():
        full = demo.get(f"/api/projects/{project['id']}")
        predicted = demo.get("/api/predictions/", project=project["id"])
        assert full["model_version"]
        assert {item["model_version"] for item in predicted} == {full["model_version"]}
        tasks = {item["id"] for item in demo.server_tasks(project["id"]).values()}
        assert {item["task"] for item in predicted} == tasks


def test_two_annotators_differ_and_stay_inside_their_windows(demo: Study) -> None:
    differing = 0
    for project in demo.projects():
        exported = demo.get(f"/api/projects/{project['id']}/export", exportType="JSON")
        assert exported
        for item in exported:
            annotations = item["annotations"]
            assert len({a["completed_by"] for a in annotations}) == 2
            spans = [
                sorted(
                    (r["value"]["start"], r["value"]["end"])
                    for r in a["result"]
                    if r["type"] == "timeserieslabels"
                )
                for a in annotations
            ]
            differing += spans[0] != spans[1]
            task = demo.task(item["data"]["task"])
            low = task.start_us / task.tick_us + task.axis_offset
            high = task.end_us / task.tick_us + task.axis_offset
            regions = [r for a in annotations for r in a["result"] if "start" in r["value"]]
            predicted = demo.get("/api/predictions/", task=item["id"])
            regions += [r for p in predicted for r in p["result"]]
            assert regions or demo.project.domain.name == "ecg"
            for region in regions:
                start, end = float(region["value"]["start"]), float(region["value"]["end"])
                assert low - 0.5 <= start <= end <= high + 0.5
    assert differing >= 2


def test_nothing_else_is_served(demo: Study) -> None:
    root = demo.root
    secret = [
        ".tslab/server.json",
        ".tslab/sources.json",
        "tslab.yaml",
        "recordings.csv",
        "tasks.json",
    ]
    secret += [p.relative_to(root).as_posix() for p in (root / "recordings").iterdir()]
    secret += ["tasks/../tslab.yaml", "tasks/../.tslab/server.json"]
    secret += [".tslab/label-studio/label_studio.sqlite3", "tasks/%2e%2e/tslab.yaml"]
    with demo.http() as client:
        for name in secret:
            answer = client.get("/data/local-files/", params={"d": name})
            assert answer.status_code == 404, name
        # Label Studio itself stumbles over paths that leave its root; they are not served either.
        assert client.get("/data/local-files/?d=../../etc/passwd").status_code in (404, 500)


def test_export_equals_the_regions_in_the_api(demo: Study) -> None:
    if demo.project.domain.name != "ecg":
        assert sorted(p.name for p in (demo.root / "exports").iterdir()) == ["csv", "parquet"]
        return
    codes = {x.name: x.code for tier in demo.project.domain.tiers for x in tier.labels}
    users = {u["id"]: u["email"] for u in demo.get("/api/users")}
    wanted: dict[tuple[str, str], dict[str, list[tuple[int, str]]]] = {}
    for project in demo.projects():
        for item in demo.get(f"/api/projects/{project['id']}/export", exportType="JSON"):
            task = demo.task(item["data"]["task"])
            for annotation in item["annotations"]:
                key = (users[annotation["completed_by"]], task.recording)
                for result in annotation["result"]:
                    if result["type"] == "timeserieslabels" and "~" not in result["id"]:
                        tick = int(result["value"]["start"]) - task.axis_offset
                        label = codes[result["value"]["timeserieslabels"][0]]
                        mark = (round(tick * task.tick_us / 1e6 * 250), label)
                        wanted.setdefault(key, {}).setdefault(task.view, []).append(mark)
    assert len(wanted) == 6
    for (email, recording), views in wanted.items():
        found = wfdb.rdann(str(demo.root / "exports" / "wfdb" / email / recording), "atr")
        marks = list(zip(found.sample.tolist(), found.symbol, found.aux_note, strict=True))
        beats = [(n, symbol) for n, symbol, _ in marks if symbol not in {"+", '"'}]
        assert sorted(beats) == sorted(views["beats"])
        aux = [(n, text.strip("\x00")) for n, symbol, text in marks if symbol == "+"]
        rhythms = [mark for mark in aux if mark[1] != "(UNLABELLED"]
        assert sorted(rhythms) == sorted(views["rhythm"])
