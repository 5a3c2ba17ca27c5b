"""What settings of a blind study mean, and which contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tslab.errors import ProjectError
from tslab.settings import load_settings


@pytest.mark.parametrize(
    ("review", "readers", "additional"),
    [
        ("{raters: 3, blind: true}", 3, 0),
        ("{raters: 3, blind: true, overlap: 1, percentage: 100}", 3, 0),
        ("{raters: 5, blind: true, overlap: 2, low_agreement: 0.5}", 2, 1),
        ("{raters: 5, blind: true, overlap: 2, low_agreement: 0.5, max_additional: 9}", 2, 3),
        ("{raters: 1, blind: true}", 1, 0),
        ("{overlap: 3}", 3, 1),
        ("{}", 1, 1),
        ("{raters: 1}", 1, 1),
    ],
)
def test_how_many_read(tmp_path: Path, review: str, readers: int, additional: int) -> None:
    path = tmp_path / "tslab.yaml"
    path.write_text(f"domain: d\nreview: {review}\n")
    found = load_settings(path).review
    assert (found.readers, found.additional) == (readers, additional)


@pytest.mark.parametrize(
    ("review", "says"),
    [
        ("{raters: 3}", "write overlap: 3"),
        ("{blind: true}", "needs the number of people"),
        ("{raters: 2, blind: true, overlap: 3}", "wants more people"),
        ("{raters: 3, blind: true, low_agreement: 0.5}", "asks another rater"),
        ("{raters: 3, blind: true, overlap: 3, low_agreement: 0.5}", "asks another rater"),
        ("{raters: 0, blind: true}", "'review.raters'"),
        ("{raters: 51, blind: true}", "'review.raters'"),
        ("{raters: 2, blind: maybe}", "'review.blind'"),
        ("{rater: 2, blind: true}", "did you mean 'raters'?"),
    ],
)
def test_contradictions_are_one_clear_line(tmp_path: Path, review: str, says: str) -> None:
    path = tmp_path / "tslab.yaml"
    path.write_text(f"domain: d\nreview: {review}\n")
    with pytest.raises(ProjectError) as caught:
        load_settings(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Value error" not in str(caught.value)
