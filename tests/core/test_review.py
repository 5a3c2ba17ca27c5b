"""The review without a server: windows of planted disputes, verdicts, ground truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from kit.planted import ANNOTATORS, Planted
from kit.review_study import (
    DOMAIN,
    described,
    domain_of_all_kinds,
    make_review_study,
    plants_of,
    verdicts,
)
from kit.studies import Study

from tslab import files
from tslab.annotation import Annotation
from tslab.label_studio.review import make_queue
from tslab.label_studio.review_key import Window, new_key
from tslab.label_studio.review_pull import outcome_of
from tslab.label_studio.review_tasks import disputes_as_regions, task_document

SEEDS = range(20)
Made = tuple[Study, dict[str, Planted]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with domain_of_all_kinds():
        study, plans = make_review_study(tmp_path_factory.mktemp("review"), list(SEEDS))
        write(study, said(plans))
        yield study, plans


def said(plans: dict[str, Planted]) -> list[Annotation]:
    return [
        Annotation(recording, name, plan.said[name], "anomalies", [(0.0, 120.0)])
        for recording, plan in plans.items()
        for name in ANNOTATORS
    ]


def write(study: Study, annotations: list[Annotation]) -> None:
    path = study.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(annotations))


def exported(
    study: Study, plans: dict[str, Planted], windows: list[Window]
) -> list[dict[str, Any]]:
    """What Label Studio would export after a reviewer who knows the truth."""
    project, found = study.project, []
    for window in windows:
        recording = project.recording(window.task.recording)
        prediction = disputes_as_regions(project, window, recording)
        plan = plans[window.task.recording]
        result = verdicts(project, plan, window, prediction.result)
        document = task_document(window, {})
        found.append({**document, "annotations": [{"id": 1, "result": result}]})
    return found


def test_windows_and_truth_of_twenty_seeds(made: Made) -> None:
    study, plans = made
    key = new_key()
    queue = make_queue(study.project, key)
    found: dict[str, Counter[tuple[str, float, float]]] = {}
    for window in queue.windows:
        counts = found.setdefault(window.task.recording, Counter())
        for _, plant in plants_of(plans[window.task.recording], window):
            counts[plant.tier, plant.low, plant.high] += 1
    for recording, plan in plans.items():
        assert found[recording] == Counter((p.tier, p.low, p.high) for p in plan.plants)
    outcome = outcome_of(study.project, key, [exported(study, plans, key.windows)], said(plans))
    assert outcome.findings == []
    assert outcome.open == 0
    truth = {annotation.recording: annotation for annotation in outcome.annotations}
    for recording, plan in plans.items():
        for tier in DOMAIN.tiers:
            assert described(truth[recording].spans, tier.name) == described(plan.truth, tier.name)
