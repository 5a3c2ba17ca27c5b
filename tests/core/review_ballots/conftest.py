"""A review of two recordings, on the desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kit.review_desk import Desk, said
from kit.review_study import domain_of_all_kinds, make_review_study

from tslab import files


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with domain_of_all_kinds():
        study, plans = make_review_study(tmp_path_factory.mktemp("ballots"), [3, 4])
        path = study.root / "annotations" / "annotations.json"
        files.write_bytes(path, files.json_bytes(said(plans)))
        yield Desk(study, plans)
