"""Real recordings all the way: add, predict, push, pull without an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kit.studies import NO_DATA, SHARED_DATA, Study, give_database, tslab

pytestmark = pytest.mark.server

needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_DATA)


def two_rate_edf(path: Path) -> Path:
    """An EDF+ with two leads at 256 and 128 Hz and an identity in its header."""
    import edfio

    rng = np.random.default_rng(3)
    leads = [
        edfio.EdfSignal(
            np.sin(np.arange(256 * 120) / 40) + rng.normal(0, 0.05, 256 * 120),
            256,
            label="ECG II",
            physical_dimension="mV",
        ),
        edfio.EdfSignal(
            np.cos(np.arange(128 * 120) / 20) + rng.normal(0, 0.05, 128 * 120),
            128,
            label="ECG V1",
            physical_dimension="mV",
        ),
    ]
    patient = edfio.Patient(name="Erika_Mustermann", code="MRN4711")
    edfio.Edf(leads, patient=patient, annotations=[edfio.EdfAnnotation(3.0, None, "note")]).write(
        path
    )
    return path


@pytest.fixture(scope="module", params=["ecg", "iot"])
def study(
    request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Study]:
    root = tmp_path_factory.mktemp("real") / "study"
    tslab("init", str(root), "--domain", request.param)
    found = Study(root)
    give_database(found.server, migrated)
    found.run("up", "--no-backend")
    yield found
    found.run("down")


@needs_data
def test_real_recordings_go_all_the_way(study: Study, tmp_path: Path) -> None:
    if study.project.domain.name == "ecg":
        folders = ("cpsc2021", "mitdb", "qtdb")
        paths = [p for name in folders for p in sorted((SHARED_DATA / "ecg" / name).glob("*.hea"))]
        paths.append(two_rate_edf(tmp_path / "two-rates.edf"))
        arguments: list[str] = []
    else:
        paths = sorted((SHARED_DATA / "iot" / "skab").rglob("*.csv"))
        paths += sorted((SHARED_DATA / "iot" / "nab" / "data").rglob("*.csv"))
        arguments = ["--ignore", "anomaly", "--ignore", "changepoint"]
    assert len(paths) >= 16
    study.run("add", *map(str, paths), *arguments)
    assert len(study.project.entries()) == len(paths)
    study.run("lint")
    study.run("predict")
    study.run("push")
    tasks = study.project.tasks()
    assert study.counts()["tasks"] == study.counts()["predictions"] == len(tasks)
    with study.http() as client:
        for project in study.projects():
            for item in study.server_tasks(project["id"]).values():
                assert client.get(item["data"]["csv"]).status_code == 200
                predicted = study.get("/api/predictions/", task=item["id"])[0]
                body = {"result": predicted["result"], "parent_prediction": predicted["id"]}
                made = client.post(f"/api/tasks/{item['id']}/annotations/", json=body)
                assert made.status_code == 201
    study.run("pull", expect=(0, 1))
    table, predicted = study.project.annotations, study.project.predictions
    columns = ["recording", "tier", "label", "start", "end"]
    tiers = {t.name for v in study.project.views for t in study.project.domain.view_tiers(v)}
    wanted = predicted[predicted["tier"].isin(tiers)][columns].sort_values(columns)
    got = table[columns].sort_values(columns)
    assert len(got) > 20
    np.testing.assert_array_equal(got.to_numpy(), wanted.to_numpy())
