"""Agreement of time of each pair, and of each annotator as the mean of his pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tslab.agreement.coefficients import Named
from tslab.agreement.panel import Draws, Mean
from tslab.agreement.time.rows import MEAN_OF_PAIRS, Level
from tslab.agreement.time.support import Events, Support
from tslab.agreement.time.tier_sums import TierSums
from tslab.agreement.time.values import pair_label_values, pair_values
from tslab.agreement.values import Row
from tslab.span_table import Numbers, SpanTable


class Pairs:
    """Goes through the pairs once; means over people are there afterwards.

    Attributes:
        people: Means over pairs of people of what is for two, ``(1 + draws,)``.
        people_labels: The same for each label, ``(1 + draws, labels)``.
    """

    def __init__(self, tier: str, table: SpanTable, pairs: Numbers, draws: Draws) -> None:
        self.tier, self.table, self.draws = tier, table, draws
        self.pairs: list[tuple[int, int]] = [(one, other) for one, other in pairs.tolist()]
        self.people, self.people_labels = Mean(), Mean()
        self.each: dict[str, Mean] = {}
        nothing = np.full(len(draws.weights), np.nan)
        self.people.add(dict.fromkeys(MEAN_OF_PAIRS, nothing))
        nothings = np.full((len(nothing), len(table.labels)), np.nan)
        self.people_labels.add(dict.fromkeys(MEAN_OF_PAIRS, nothings))

    def rows(
        self, exact: TierSums, drawn: TierSums, events: Events, unit: float | None
    ) -> Iterator[Row]:
        """Rows of each pair, and of each label in it.

        Args:
            exact: Sums of the tasks.
            drawn: Sums that draws are made of.
            events: Spans of each reading.
            unit: Microseconds of one item for Krippendorff's alpha.
        """
        labels = self.table.labels
        every = self._values(drawn, unit)
        for pair, ((one, other), (values, by_label)) in enumerate(
            zip(self.pairs, every, strict=True)
        ):
            kind = exact.kinds[pair]
            names = self.table.annotators[one], self.table.annotators[other]
            at = exact.slice_of(pair)
            ticks = float(exact.rows.sums.two.ticks[at].sum())
            support, supports = events.of_pair((one, other), exact.rows.task[at], ticks)
            if kind == "pair":
                self._remember(names, values, by_label)
            of = names[1:] if kind == "reference" else names
            yield from Level(self.tier, kind, [of], [support]).rows(values, self.draws)
            level = Level(self.tier, f"{kind}-label", [(*of, name) for name in labels], supports)
            yield from level.rows(by_label, self.draws)

    def _values(self, drawn: TierSums, unit: float | None) -> Iterator[tuple[Named, Named]]:
        """Values of each pair, and of each label in it, with those of the draws."""
        if self.draws.draws:
            for pair in range(len(self.pairs)):
                sums = drawn.of_pair(pair, self.draws)
                yield pair_values(sums, unit), pair_label_values(sums, unit)
            return
        # Without draws all pairs are worked out at once: there may be tens of thousands.
        each = drawn.by_pair
        whole = pair_values(each, unit), pair_label_values(each, unit)
        for pair in range(len(self.pairs)):
            values, labels = (
                {name: array[pair : pair + 1] for name, array in part.items()} for part in whole
            )
            yield values, labels

    def _remember(self, names: tuple[str, str], values: Named, by_label: Named) -> None:
        self.people.add({name: values[name] for name in MEAN_OF_PAIRS})
        self.people_labels.add({name: by_label[name] for name in MEAN_OF_PAIRS})
        for name in names:
            self.each.setdefault(name, Mean()).add(values)

    def annotator_rows(self, support_of: Callable[[str], Support]) -> Iterator[Row]:
        """Rows of each annotator; `rows` must have been gone through.

        Coverage is left out: whose it is depends on the order within a pair.

        Args:
            support_of: What the rows of an annotator rest on.
        """
        for name, mean in self.each.items():
            support = support_of(name)
            values = {
                metric: array for metric, array in mean.values().items() if "coverage" not in metric
            }
            yield from Level(self.tier, "annotator", [(name,)], [support]).rows(values, self.draws)
