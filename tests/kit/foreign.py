"""Labeling configs, tables and results as projects have them that tslab did not make."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tslab.label_studio.foreign.config import ForeignConfig, read_config
from tslab.label_studio.foreign.data import ForeignSeries, read_series


def config_xml(
    *,
    time: str = "time",
    form: str = "",
    channels: Sequence[str] = ("a", "b"),
    labels: Sequence[str] = ("Run", "Walk"),
    more: str = "",
    **attributes: str,
) -> str:
    """A config with one time series and one control; `attributes` go to the series."""
    given = {"timeColumn": time, "timeFormat": form, **attributes}
    written = " ".join(f'{name}="{value}"' for name, value in given.items() if value)
    return (
        '<View><TimeSeriesLabels name="lab" toName="ts">'
        + "".join(f'<Label value="{label}" hotkey="{i}"/>' for i, label in enumerate(labels))
        + f'</TimeSeriesLabels><TimeSeries name="ts" value="$csv" {written}>'
        + "".join(f'<Channel column="{column}"/>' for column in channels)
        + f"</TimeSeries>{more}</View>"
    )


def config(**changes: Any) -> ForeignConfig:
    """The same, read."""
    return read_config(config_xml(**changes))


def table(times: Sequence[object], separator: str = ",", header: bool = True) -> bytes:
    """A CSV with a time column and the channels a (row number) and b (its square)."""
    rows = [separator.join((str(t), str(i), str(i * i))) for i, t in enumerate(times)]
    return "\n".join(([separator.join(("time", "a", "b"))] if header else []) + rows).encode()


def series(times: Sequence[object], **changes: Any) -> ForeignSeries:
    """A series with those cells in its time column."""
    return read_series(table(times), config(**changes), "rec")


def region(start: object, end: object, *labels: object, **more: Any) -> dict[str, Any]:
    """One result as the editor saves it."""
    value = {"start": start, "end": end, "instant": start == end, "timeserieslabels": list(labels)}
    value |= more.pop("value", {})
    given = {"id": "r1", "from_name": "lab", "to_name": "ts", "type": "timeserieslabels"}
    return {**given, "origin": "manual", "value": value, **more}


def stored(results: object) -> Any:
    """Results as a server stores and sends them."""
    return json.loads(json.dumps(results))


def editor_times(result: Mapping[str, Any]) -> tuple[object, object]:
    """Start and end of a result."""
    return result["value"]["start"], result["value"]["end"]
