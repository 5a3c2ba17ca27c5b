"""Consensus of real annotators equals voting on a grid of epochs and of samples."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from kit.disputes import all_disputes
from kit.real_readings import (
    BLOCK,
    EPOCH,
    SAMPLE,
    SCORERS,
    hypnograms,
    needs,
    sleep_table,
    spindles,
)
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import entropy

from tslab.agreement.consensus.dawid_skene import dawid_skene
from tslab.agreement.consensus.methods import ConsensusSettings, consensus_of
from tslab.agreement.dispute_values import DisputeSettings
from tslab.span_table import SpanTable

NIGHTS, STAGES = 30, 5
CLOSE = DisputeSettings(tolerance=0, gap=0, around=1)


@needs("sleep/dod_hypnograms")
def test_majority_of_five_scorers_is_that_of_their_epochs() -> None:
    nights = hypnograms()
    found = consensus_of(sleep_table(nights), "states", SCORERS)
    mine = {name: np.full(row.shape[1], -1) for name, row in nights.items()}
    names = list(nights)
    for task, stage, start, end in found.regions.rows():
        mine[names[task]][start // EPOCH : end // EPOCH] = stage
    disputed = 0
    for name, row in nights.items():
        votes = np.stack([(row == stage).sum(axis=0) for stage in range(STAGES)])
        won = 2 * votes.max(axis=0) > votes.sum(axis=0)
        expected = np.where(won, votes.argmax(axis=0), -1)
        assert (mine[name] == expected).all()
        disputed += int((~won & (votes.sum(axis=0) > 0)).sum())
    assert (found.disputed.end - found.disputed.start).sum() == disputed * EPOCH


@needs("sleep/dod_hypnograms")
def test_dawid_skene_of_five_scorers_is_that_of_their_epochs() -> None:
    nights = hypnograms()
    epochs = np.concatenate([row.T for row in nights.values()])
    epochs = epochs[(epochs >= 0).any(axis=1)]
    model = dawid_skene(epochs, np.ones(len(epochs)), STAGES)
    wanted = ConsensusSettings("dawid-skene")
    found = consensus_of(sleep_table(nights), "states", SCORERS, wanted, exhaustive=True)
    np.testing.assert_allclose(list(found.quality["accuracy"].values()), model.accuracy, atol=1e-6)
    time = np.zeros(STAGES)
    np.add.at(time, found.regions.label, (found.regions.end - found.regions.start) / EPOCH)
    expected = np.bincount(model.posterior.argmax(axis=1), minlength=STAGES)
    np.testing.assert_allclose(time, expected, atol=2)
    assert time.sum() == len(epochs)


@needs("sleep/dod_hypnograms")
@pytest.mark.parametrize("method", ["majority", "weighted", "dawid-skene", "staple", "median"])
def test_an_exhaustive_consensus_covers_every_epoch_but_open_ties(method: Any) -> None:
    nights = hypnograms()
    found = consensus_of(
        sleep_table(nights), "states", SCORERS, ConsensusSettings(method), exhaustive=True
    )
    # Half epochs: a tie between two neighbours is shared by them.
    covered, tied = ({name: np.zeros(2 * row.shape[1], bool) for name, row in nights.items()}
                     for _ in range(2))  # fmt: skip
    for marked, part in ((covered, found.regions), (tied, found.disputed)):
        for task, _, start, end in part.rows():
            own = marked[list(nights)[task]]
            assert marked is tied or not own[2 * start // EPOCH : 2 * end // EPOCH].any()
            own[2 * start // EPOCH : 2 * end // EPOCH] = True
    empty = 0
    for name, row in nights.items():
        scored = np.repeat((row >= 0).any(axis=0), 2)
        assert not (covered[name] & ~scored).any()
        assert not (scored & ~covered[name] & ~tied[name]).any()
        empty += int((scored & ~covered[name]).sum())
    # Ties of votes that no neighbour settles stay open; models leave none.
    assert (empty > 0) == (method in ("majority", "median"))
    assert empty < 60


@needs("sleep/dod_hypnograms")
def test_disputes_of_five_scorers_are_their_epochs_without_one_opinion() -> None:
    nights = hypnograms()
    disputes = all_disputes(sleep_table(nights), "states", CLOSE, SCORERS)
    mine = {name: np.zeros(row.shape[1], int) for name, row in nights.items()}
    names = list(nights)
    for task, dispute in disputes:
        mine[names[task]][dispute.start // EPOCH : dispute.end // EPOCH] += 1
    bits = 0.0
    for name, row in nights.items():
        counts = np.stack([(row == stage).sum(axis=0) for stage in range(STAGES)], axis=1)
        assert (mine[name] == ((counts > 0).sum(axis=1) > 1)).all()
        bits += entropy(counts, base=2, axis=1).sum()
    assert sum(dispute.cost for _, dispute in disputes) == pytest.approx(bits * EPOCH / 1e6)
    assert {dispute.kind for _, dispute in disputes} == {"label conflict", "border shift"}


@needs("eeg/moda_spindles")
def test_disputes_of_three_groups_cover_what_not_all_say() -> None:
    table = spindles()
    votes = np.zeros((200, BLOCK), int)
    for row in range(len(table)):
        start, end = table.start[row] // SAMPLE, table.end[row] // SAMPLE
        votes[table.task[row], start:end] += 1
    mine = np.zeros((200, BLOCK), int)
    disputes = all_disputes(table, "intervals", CLOSE)
    for task, dispute in disputes:
        mine[task, dispute.start // SAMPLE : dispute.end // SAMPLE] += 1
    assert (mine == ((votes > 0) & (votes < 3))).all()
    two = entropy([1, 2], base=2)
    lasting = sum(d.cost for _, d in disputes if d.end - d.start > 2 * CLOSE.around)
    assert lasting == pytest.approx((mine > 0).sum() * SAMPLE / 1e6 * two)


@needs("eeg/moda_spindles")
def test_majority_of_three_groups_is_that_of_their_samples() -> None:
    table = spindles()
    votes = np.zeros((200, BLOCK), int)
    for row in range(len(table)):
        start, end = table.start[row] // SAMPLE, table.end[row] // SAMPLE
        votes[table.task[row], start:end] += 1
    mine = np.zeros((200, BLOCK), bool)
    found = consensus_of(table, "intervals", table.annotators)
    for task, _, start, end in found.regions.rows():
        assert not mine[task, start // SAMPLE : end // SAMPLE].any()
        mine[task, start // SAMPLE : end // SAMPLE] = True
    assert (mine == (votes >= 2)).all()
    assert not len(found.disputed)


@needs("eeg/moda_spindles")
def test_median_of_three_groups_has_no_slivers() -> None:
    table = spindles()
    voted = consensus_of(table, "intervals", table.annotators)
    crisp = consensus_of(table, "intervals", table.annotators, ConsensusSettings("median"))
    shortest = (table.end - table.start).min()
    assert (voted.regions.end - voted.regions.start).min() < shortest
    assert (crisp.regions.end - crisp.regions.start).min() >= shortest
    linked, crowded = _linked_components(table)
    assert linked <= len(crisp.regions) <= linked + crowded
    assert crowded <= 10
    assert 0 < np.nanmedian(crisp.onset_spread) < 0.2


def _linked_components(table: SpanTable) -> tuple[int, int]:
    """Components of spindles with an IoU of a half, and those with two of one group in them."""
    edges = []
    for task in range(200):
        rows = np.flatnonzero(table.task == task)
        for one, other in itertools.combinations(rows.tolist(), 2):
            both = min(table.end[one], table.end[other]) - max(table.start[one], table.start[other])
            either = max(table.end[one], table.end[other]) - min(
                table.start[one], table.start[other]
            )
            if table.annotator[one] != table.annotator[other] and 2 * both >= either:
                edges.append((one, other))
    one, other = np.array(edges).T
    graph = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(table), len(table)))
    many, number = connected_components(graph, directed=False)
    size = np.bincount(number, minlength=many)
    people = np.zeros((many, 3), int)
    np.add.at(people, (number, table.annotator), 1)
    return int((size > 1).sum()), int((people.max(axis=1) > 1).sum())
