"""How the loop's benchmark counts corrections and picks recordings."""

from __future__ import annotations

import pytest
from benchmarks.imu_recordings import imu_example
from benchmarks.loop import (
    Course,
    Session,
    by_chance,
    corrections,
    least_sure,
    main,
    session,
    task_scores,
    tolerance,
)
from benchmarks.mixed_pools import FLEET, POOLS, SIZE, WEARERS, Mixture, pump_pool
from benchmarks.segmentation_sets import IMU, imu

from tslab.segmentation.chain.typicality import typicality
from tslab.segmentation.learning import LearningSegmenter
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


def test_a_border_may_be_off_by_what_a_plot_does_not_show() -> None:
    short, long = imu(1)[0], pump_pool(0)[0]
    assert (tolerance(short), tolerance(long)) == (0.6, 6.0)
    found = [span(0.55, 10), *TRUTH[1:]]
    assert corrections(TRUTH, found) == 1
    assert corrections(TRUTH, found, tolerance(short)) == 0


def test_task_scores_are_those_of_tslab_predict() -> None:
    known, *others = imu(3, 100)
    segmenter = LearningSegmenter(IMU)
    segmenter.fit([known], lambda share, what: None)
    pool = {i: (e.recording, list(segmenter.segment(e.recording))) for i, e in enumerate(others)}
    typical = typicality({i: segmenter.place(recording) for i, (recording, _) in pool.items()})
    for number, score in task_scores(segmenter, pool).items():
        scores = [s.score for s in pool[number][1] if s.score is not None]
        doubt = 1 - sum(scores) / len(scores)
        assert score == pytest.approx(1 - doubt * typical[number], abs=1e-4)


def test_the_lowest_score_comes_first() -> None:
    scores = {3: 0.9, 5: 0.2, 7: 0.2}
    assert least_sure([3, 5, 7], scores.__getitem__) == 5


def test_chance_repeats_by_seed() -> None:
    first = [by_chance(4)(range(50), lambda _: 0.0) for _ in range(3)]
    assert first[0] == first[1] == first[2]
    assert by_chance(4)(range(50), lambda _: 0.0) != by_chance(5)(range(50), lambda _: 0.0)


def test_a_session_corrects_every_recording_once() -> None:
    pool = [imu_example(number, 0, 30.0) for number in range(4)]
    held = [imu_example(number, 1, 30.0) for number in range(2)]
    done = session(IMU, Mixture(pool, held), 2, least_sure)
    assert len(done.made) == len(done.cold) == 4
    assert done.made[0] == done.cold[0] == len(pool[2].spans)
    assert sorted(done.cold) == sorted(len(example.spans) for example in pool)
    assert sum(done.made[1:]) < sum(done.cold[1:])
    assert len(done.left) == 3
    assert done.left[-1] == done.made[-1]
    assert len(done.held) == 4
    assert done.held_cold == sum(len(example.spans) for example in held) / 2
    assert done.held[-1] < done.held_cold


def test_a_course_is_the_mean_of_sessions() -> None:
    course = Course.of(
        [
            Session([4, 4, 4, 4], [4, 2, 1, 0], [6, 3, 0], [3, 2.5, 2, 1], 4),
            Session([4, 4, 4, 4], [4, 0, 1, 2], [4, 1, 2], [4, 2, 1.5, 1], 4),
        ]
    )
    assert course.made.tolist() == [4, 1, 1, 1]
    assert (course.all, course.late, course.late_share) == (7, 2, 0.25)
    assert course.mean_left == pytest.approx((5 + 2 + 1) / 3)
    assert course.held.tolist() == [3.5, 2.25, 1.75, 1]
    assert (course.mean_held, course.until_half) == (2.125, 3)


def test_half_of_a_cold_start_may_never_be_reached() -> None:
    assert Course.of([Session([4, 4], [4, 3], [3], [3, 2.1], 4)]).until_half == 3


def test_most_of_a_mixed_pool_looks_alike_and_what_is_rare_comes_more_than_once() -> None:
    for kinds in (WEARERS, FLEET):
        counts = [kinds.count(kind) for kind in dict.fromkeys(kinds)]
        assert sum(counts) == SIZE
        assert counts[0] > SIZE / 2
        assert min(counts) >= 2


def test_mixed_pools_hold_every_label_of_their_domain() -> None:
    for name in ("imu", "pumps"):
        domain, make = POOLS[name]
        pool, held = make(3).pool, make(3).held
        names = [{e.recording.signals[0].values()[:9].tobytes() for e in p} for p in (pool, held)]
        assert not names[0] & names[1]
        found = {s.label for example in pool for s in example.spans}
        assert found == {label.name for tier in domain.tiers for label in tier.labels}
        assert len({example.recording.id for example in pool}) == SIZE
        assert all(s.end <= e.recording.duration for e in pool for s in e.spans)


def test_a_missed_goal_is_printed_and_makes_the_benchmark_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def short(seed: int) -> Mixture:
        made = [imu_example(number, seed, 15.0) for number in range(5)]
        return Mixture(made[:3], made[3:])

    monkeypatch.setitem(POOLS, "imu", (IMU, short))
    monkeypatch.setattr("benchmarks.loop.LATE", -1.0)
    assert main(["--pool", "imu", "--seeds", "1", "--orders", "2"]) == 1
    text = capsys.readouterr().out
    assert "imu: 1 sessions by score, 2 by chance" in text
    assert "MISSED imu: second half" in text
