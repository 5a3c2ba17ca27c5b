"""Events that one has in one piece and another one in several."""

from __future__ import annotations

import pytest
from kit.event_tables import table_of
from kit.span_tables import random_table

from tslab.agreement.events.splits import count_splits


def test_two_parts_are_a_split_for_one_and_a_merge_for_the_other() -> None:
    table = table_of([(0, 0, 0, 0, 100), (0, 1, 0, 0, 40), (0, 1, 0, 40, 90), (0, 1, 1, 0, 50)])
    counts = count_splits(table, [(0, 1), (1, 0)])
    assert counts.split.tolist() == [[1, 0], [0, 0]]
    assert counts.merged.tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize(("end", "split"), [(119, 1), (120, 0)])
def test_a_part_lies_inside_with_more_than_half_of_itself(end: int, split: int) -> None:
    table = table_of([(0, 0, 0, 0, 100), (0, 1, 0, 0, 40), (0, 1, 0, 80, end)])
    assert count_splits(table, (0, 1)).split.sum() == split


def test_neighbours_that_are_only_brushed_are_no_parts() -> None:
    table = table_of([(0, 0, 0, 50, 100), (0, 1, 0, 0, 55), (0, 1, 0, 55, 95), (0, 1, 0, 95, 150)])
    assert count_splits(table, (0, 1)).split.sum() == 0


def test_labels_matter_unless_they_are_left_out() -> None:
    table = table_of([(0, 0, 0, 0, 100), (0, 1, 0, 0, 40), (0, 1, 1, 40, 90)])
    assert count_splits(table, (0, 1)).split.sum() == 0
    assert count_splits(table, (0, 1), "any").split.tolist() == [[1, 0]]


@pytest.mark.parametrize("seed", range(10))
def test_turning_a_pair_turns_splits_into_merges(seed: int) -> None:
    table = random_table(seed, spans=12)
    there, back = (count_splits(table, pair) for pair in ((0, 1), (1, 0)))
    assert there.split.tolist() == back.merged.tolist()
    assert there.merged.tolist() == back.split.tolist()
