"""How the loop's benchmark counts corrections and picks recordings."""

from __future__ import annotations

import pytest
from benchmarks.loop import Course, Session, by_chance, corrections, least_sure, session, task_score
from benchmarks.segmentation_sets import imu

from tslab.spans import Span


def span(start: float, end: float, label: str = "walk", score: float | None = None) -> Span:
    tier = "event" if start == end else "activity"
    return Span(start, end, label, tier, score)


TRUTH = [span(0, 10), span(12, 20, "run"), span(22, 22, "fall")]


@pytest.mark.parametrize(
    ("found", "actions"),
    [
        (TRUTH, 0),
        ([], 3),
        (TRUTH[:2], 1),
        ([*TRUTH, span(24, 30, "run")], 1),
        ([*TRUTH, span(40, 40, "fall")], 1),
        ([span(0, 10, "run"), *TRUTH[1:]], 1),
        ([span(0.4, 9.6), *TRUTH[1:]], 0),
        ([span(0.6, 10), *TRUTH[1:]], 1),
        ([span(1, 9), *TRUTH[1:]], 2),
        ([span(1, 9, "run"), *TRUTH[1:]], 2),
        ([span(0, 4.9), span(5, 10), *TRUTH[1:]], 2),
        ([span(0, 1), *TRUTH[1:]], 2),
        ([*TRUTH[:2], span(22.15, 22.15, "fall")], 0),
        ([*TRUTH[:2], span(22.6, 22.6, "fall")], 1),
        ([*TRUTH[:2], span(23.5, 23.5, "fall")], 2),
    ],
)
def test_each_action_of_the_editor_counts_once(found: list[Span], actions: int) -> None:
    assert corrections(TRUTH, found) == actions


def test_the_right_label_is_mended_before_a_wrong_one_that_overlaps_more() -> None:
    found = [span(0, 9.9, "run"), span(0, 8)]
    assert corrections([span(0, 10)], found) == 2


def test_a_task_without_regions_is_the_least_sure_one() -> None:
    assert task_score([]) == 0
    assert task_score([span(0, 1, score=0.5), span(2, 3, score=0.9)]) == pytest.approx(0.7)
    scores = {3: 0.9, 5: 0.2, 7: 0.2}
    assert least_sure([3, 5, 7], scores.__getitem__) == 5


def test_chance_repeats_by_seed() -> None:
    first = [by_chance(4)(range(50), lambda _: 0.0) for _ in range(3)]
    assert first[0] == first[1] == first[2]
    assert by_chance(4)(range(50), lambda _: 0.0) != by_chance(5)(range(50), lambda _: 0.0)


def test_a_session_corrects_every_recording_once() -> None:
    pool = imu(4, 100)
    done = session(pool, 2, least_sure)
    assert len(done.made) == len(done.cold) == 4
    assert done.made[0] == done.cold[0] == len(pool[2].spans)
    assert sorted(done.cold) == sorted(len(example.spans) for example in pool)
    assert sum(done.made[1:]) < sum(done.cold[1:])
    assert len(done.left) == 3
    assert done.left[-1] == done.made[-1]


def test_a_course_is_the_mean_of_sessions() -> None:
    course = Course.of(
        [
            Session([4, 4, 4, 4], [4, 2, 1, 0], [6, 3, 0]),
            Session([4, 4, 4, 4], [4, 0, 1, 2], [4, 1, 2]),
        ]
    )
    assert course.made.tolist() == [4, 1, 1, 1]
    assert course.late_share == 0.25
    assert course.mean_left == pytest.approx((5 + 2 + 1) / 3)
