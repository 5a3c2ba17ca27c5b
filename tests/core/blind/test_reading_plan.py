"""Who reads what: even, stable, and never less than before."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from tslab.errors import DataError
from tslab.label_studio.raters import rater_groups, rater_of, reading_order
from tslab.label_studio.task_groups import task_groups
from tslab.reading_plan import ReadingPlan, load_plan, planned, save_plan, with_another
from tslab.settings import Review
from tslab.task import Task


def tasks(recordings: int, windows: int, view: str = "v", first: int = 0) -> list[Task]:
    return [
        Task(f"rec-{r}-{view}-{w:04}", f"rec-{r}", view, w * 10.0, w * 10.0 + 10, ("x",), 1000)
        for r in range(first, first + recordings)
        for w in range(windows)
    ]


def blind(raters: int, **more: object) -> Review:
    return Review.model_validate({"raters": raters, "blind": True, **more})


def loads(plan: ReadingPlan, raters: int) -> list[int]:
    return [len(plan.tasks_of(rater)) for rater in range(1, raters + 1)]


def test_each_rater_reads_all_without_a_share() -> None:
    plan = planned(ReadingPlan(), tasks(3, 4), blind(3))
    assert set(plan.readers.values()) == {(1, 2, 3)}
    assert len(plan.readers) == 12


@pytest.mark.parametrize("percentage", [0, 1, 20, 33, 50, 99])
@pytest.mark.parametrize("raters", [2, 3, 7])
def test_a_share_is_read_by_all_and_the_rest_by_one_evenly(percentage: int, raters: int) -> None:
    many = tasks(5, 19)
    plan = planned(ReadingPlan(), many, blind(raters, percentage=percentage))
    counts = Counter(len(own) for own in plan.readers.values())
    shared = int(95 * percentage / 100 + 0.5)
    assert counts == Counter({raters: shared, 1: 95 - shared} if shared else {1: 95})
    assert max(loads(plan, raters)) - min(loads(plan, raters)) <= 1
    assert (
        planned(ReadingPlan(), list(reversed(many)), blind(raters, percentage=percentage)) == plan
    )


def test_shares_hold_for_each_view_and_set_of_channels() -> None:
    plan = planned(ReadingPlan(), [*tasks(2, 10), *tasks(2, 10, "w")], blind(2, percentage=50))
    for view in ("v", "w"):
        own = [len(readers) for task, readers in plan.readers.items() if f"-{view}-" in task]
        assert Counter(own) == Counter({2: 10, 1: 10})


def test_an_overlap_below_raters_meets_all_pairs_evenly() -> None:
    plan = planned(ReadingPlan(), tasks(4, 15), blind(4, overlap=2))
    assert {len(own) for own in plan.readers.values()} == {2}
    assert loads(plan, 4) == [30, 30, 30, 30]
    pairs = Counter(tuple(own) for own in plan.readers.values())
    assert set(pairs) == set(combinations(range(1, 5), 2))
    assert max(pairs.values()) - min(pairs.values()) <= 2


@pytest.mark.parametrize(
    "later",
    [
        {"raters": 3, "percentage": 40},
        {"raters": 5, "percentage": 40},
        {"raters": 3, "percentage": 80},
        {"raters": 3, "percentage": 10},
        {"raters": 3},
        {"raters": 5, "overlap": 2},
    ],
)
def test_a_plan_only_grows(later: dict[str, int]) -> None:
    review = blind(3, percentage=40)
    before = planned(ReadingPlan(), tasks(4, 10), review)
    given = blind(later.pop("raters"), **later)
    more = [*tasks(4, 10), *tasks(2, 10, first=4)]
    after = planned(before, more, given)
    for task, own in before.readers.items():
        assert set(own) <= set(after.readers[task])
    shared = sum(len(own) > 1 for own in after.readers.values())
    assert shared == max(16, int(60 * given.percentage / 100 + 0.5))
    if given.readers == given.raters:
        wanted = set(range(1, given.raters + 1))
        assert all(set(own) == wanted for own in after.readers.values() if len(own) > 1)
    assert planned(after, more, given) == after


def test_a_rater_who_left_keeps_what_he_read_and_the_rest_goes_to_others() -> None:
    many = tasks(3, 10)
    before = planned(ReadingPlan(), many, blind(3, percentage=0))
    own = sorted(before.tasks_of(3))
    read = {(3, task) for task in own[:4]}
    after = planned(before, many, blind(2, percentage=0), read)
    assert after.tasks_of(3) == set(own[:4])
    assert {len(readers) for readers in after.readers.values()} == {1}
    assert abs(len(after.tasks_of(1)) - len(after.tasks_of(2))) <= 1


def test_one_more_reader_until_there_is_none() -> None:
    review = blind(3, overlap=2)
    plan = planned(ReadingPlan(), tasks(1, 6), review)
    task = next(iter(plan.readers))
    more = with_another(plan, task, review)
    assert more.readers[task] == (1, 2, 3)
    assert {t: own for t, own in more.readers.items() if t != task} == {
        t: own for t, own in plan.readers.items() if t != task
    }
    assert with_another(more, task, review) == more
    assert planned(more, tasks(1, 6), review) == more


def test_tasks_that_are_gone_leave_the_plan() -> None:
    plan = planned(ReadingPlan(), tasks(2, 3), blind(2))
    assert planned(plan, tasks(1, 3), blind(2)).readers.keys() == {t.id for t in tasks(1, 3)}


def test_the_file(tmp_path: Path) -> None:
    assert load_plan(tmp_path) is None
    plan = planned(ReadingPlan(), tasks(2, 3), blind(2, percentage=50))
    save_plan(tmp_path, plan)
    stamp = (tmp_path / "raters.json").stat().st_mtime_ns
    save_plan(tmp_path, plan)
    assert (tmp_path / "raters.json").stat().st_mtime_ns == stamp
    assert load_plan(tmp_path) == plan
    for damaged in ("[1]", '{"a": [0]}', '{"a": ["1"]}', "{", '{"a": [-3]}'):
        (tmp_path / "raters.json").write_text(damaged)
        with pytest.raises(DataError, match=r"raters.json' is damaged.*Delete it"):
            load_plan(tmp_path)


def test_orders_differ_and_keep_recordings_together() -> None:
    many = tasks(12, 5)
    orders = [reading_order(many, rater, 3) for rater in (1, 2, 3)]
    for order in orders:
        assert sorted(order, key=lambda t: t.id) == sorted(many, key=lambda t: t.id)
        for begin in range(0, 60, 5):
            block = order[begin : begin + 5]
            assert len({task.recording for task in block}) == 1
            assert [task.start for task in block] == sorted(task.start for task in block)
    assert len({tuple(t.id for t in order) for order in orders}) == 3
    assert reading_order(many[::-1], 2, 3) == orders[1]


def test_one_recording_begins_elsewhere_for_each_rater() -> None:
    many = tasks(1, 9)
    first = [reading_order(many, rater, 3)[0].start for rater in (1, 2, 3)]
    assert first == [0.0, 30.0, 60.0]


def test_groups_of_raters_share_what_is_shown() -> None:
    many = [*tasks(1, 3), *tasks(1, 1, "w")]
    groups = task_groups(many)
    plan = planned(ReadingPlan(), many, blind(2, percentage=0))
    found = rater_groups(groups, plan, 2)
    assert {group.key for group in found if group.view == "v"} == {
        "v|x|1000|rater 1",
        "v|x|1000|rater 2",
    }
    assert len([group for group in found if group.view == "w"]) == 1, "nobody else has a task"
    assert {group.digest for group in found} == {group.digest for group in groups}
    assert [rater_of(group.key) for group in groups] == [0, 0]
    assert sum(len(group.tasks) for group in found) == 4
