"""Room climate: when a room is used and when its air is fresh, from a CO2 sensor."""

from itertools import pairwise

import numpy as np

from tslab import Channel, Domain, Label, Recording, SegmenterSpec, Span, Tier, hookimpl

USED = Label(name="Used", hotkey="e", color="#b9770e", description="Somebody is there")
FRESH = Label(name="Fresh", hotkey="f", color="#2471a3", description="Aired, or long empty")
CO2 = Channel(name="co2", title="CO2", unit="ppm", aliases=("ppm",), value_range=(400, 2000))
USE = Tier(name="use", kind="states", labels=(USED, FRESH), title="Use of the room")


@hookimpl
def tslab_domain() -> Domain:
    """One channel, and one tier of two labels."""
    return Domain(name="room-climate", title="Room climate", tiers=(USE,), channels=(CO2,))


class Co2Segmenter:
    """Marks what lies above 1000 ppm and below 600 ppm."""

    version = "co2-1"

    def segment(self, recording: Recording) -> list[Span]:
        """States; a missing value is neither."""
        times, co2 = recording.signal("co2").read()
        names = np.where(co2 > 1000, "Used", np.where(co2 < 600, "Fresh", ""))
        at = np.append(times, recording.duration).tolist()
        borders = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1), len(names)]
        runs = [(a, b) for a, b in pairwise(borders) if b > a and names[a]]
        return [Span(at[a], at[b], str(names[a]), "use", score=0.9) for a, b in runs]


@hookimpl
def tslab_segmenters() -> list[SegmenterSpec]:
    """One segmenter, which is the default."""
    return [SegmenterSpec("co2", "Thresholds of 600 and 1000 ppm", lambda _: Co2Segmenter())]
