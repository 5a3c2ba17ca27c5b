"""Room climate: when a room is used and when it is fresh, from its CO2 sensor."""

import numpy as np

from tslab import Channel, Domain, Label, Recording, SegmenterSpec, Span, Tier, hookimpl


@hookimpl
def tslab_domain() -> Domain:
    used = Label(name="Used", hotkey="e", color="#b9770e", description="Somebody is in the room")
    fresh = Label(name="Fresh", hotkey="f", color="#2471a3", description="Aired, or long empty")
    return Domain(
        name="room-climate",
        title="Room climate",
        channels=(
            Channel(
                name="co2",
                title="CO2",
                unit="ppm",
                aliases=("carbon dioxide",),
                value_range=(400, 2000),
            ),
            Channel(name="temperature", unit="°C", aliases=("temp",), value_range=(15, 30)),
        ),
        tiers=(Tier(name="use", kind="states", labels=(used, fresh)),),
        page_seconds=86_400,
    )


class Co2Segmenter:
    version = "co2-1"

    def segment(self, recording: Recording) -> list[Span]:
        times, co2 = recording.signal("co2").read()
        state = np.where(co2 > 1000, 1, np.where(co2 < 600, 2, 0))  # 0: between, or missing
        borders = np.flatnonzero(np.diff(state, prepend=0, append=0))
        at = np.append(times, recording.duration)
        runs = [(a, b, state[a]) for a, b in zip(borders, borders[1:], strict=False) if state[a]]
        return [
            Span(float(at[a]), float(at[b]), ("", "Used", "Fresh")[s], "use", 0.9)
            for a, b, s in runs
        ]


@hookimpl
def tslab_segmenters() -> list[SegmenterSpec]:
    return [SegmenterSpec("co2", "Thresholds of 600 and 1000 ppm", lambda domain: Co2Segmenter())]
