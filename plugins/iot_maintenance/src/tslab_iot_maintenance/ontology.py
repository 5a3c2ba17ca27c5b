"""Labels, fields and channels of machine telemetry.

Layer A is what the labeller sees: the shape of an anomaly (point, contextual, collective; Chandola
V, Banerjee A, Kumar V. Anomaly detection: a survey. ACM Comput Surv 2009;41:15). Layer B is what it
means: failure mode and mechanism with the codes of ISO 14224:2016 Annex B.
"""

from __future__ import annotations

from tslab import Choice, Domain, Label, RegionField, TaskField, Tier, View

SHAPES = Tier(
    name="anomaly",
    title="Anomaly",
    kind="intervals",
    labels=(
        Label(
            name="Spike",
            code="SPK",
            hotkey="s",
            color="#D32F2F",
            description="One to five samples leave the normal range and return",
        ),
        Label(
            name="Contextual",
            code="PCX",
            hotkey="c",
            color="#F06292",
            description="Normal value, but not for this load, phase or time",
        ),
        Label(
            name="Drop",
            code="DRP",
            hotkey="d",
            color="#1976D2",
            description="Decrease that returns",
        ),
        Label(
            name="Surge",
            code="SRG",
            hotkey="g",
            color="#F57C00",
            description="Increase that returns",
        ),
        Label(
            name="Level shift",
            code="LVL",
            hotkey="l",
            color="#7B1FA2",
            description="The mean changes and stays: from the change to the next regime",
        ),
        Label(
            name="Drift",
            code="TRD",
            hotkey="t",
            color="#8D6E63",
            description="Slow departure in one direction",
        ),
        Label(
            name="Variance",
            code="VAR",
            hotkey="v",
            color="#00897B",
            description="The spread changes, the mean does not",
        ),
        Label(
            name="Oscillation",
            code="OSC",
            hotkey="o",
            color="#00ACC1",
            description="A new or changed period (hunting)",
        ),
        Label(
            name="Shape",
            code="SHP",
            hotkey="w",
            color="#5E35B1",
            description="One cycle has another shape",
        ),
        Label(
            name="Stuck",
            code="STK",
            hotkey="f",
            color="#616161",
            description="The sensor repeats one value",
        ),
        Label(
            name="Clipping",
            code="CLP",
            hotkey="k",
            color="#424242",
            description="The sensor is at its limit",
        ),
        Label(
            name="Noise",
            code="NSE",
            hotkey="n",
            color="#9E9D24",
            description="More broadband noise than usual",
        ),
        Label(
            name="Dropout",
            code="DRO",
            hotkey="m",
            color="#BDBDBD",
            description="Missing values, lost communication, zeros instead of data",
        ),
        Label(
            name="Timestamp",
            code="TSE",
            hotkey="z",
            color="#90A4AE",
            description="Gap, duplicate or jump of the clock",
        ),
        Label(
            name="Maintenance",
            code="MNT",
            hotkey="p",
            color="#A5D6A7",
            description="Commanded event, no anomaly; left out of scoring",
        ),
        Label(
            name="Operating mode",
            code="OPM",
            hotkey="b",
            color="#C8E6C9",
            description="Start-up, shutdown, idle, load step",
        ),
        Label(
            name="Normal",
            code="NRM",
            hotkey="x",
            color="#388E3C",
            description="Looked at and healthy",
        ),
    ),
)

FAULTS = tuple(label.name for label in SHAPES.labels if label.code not in {"MNT", "OPM", "NRM"})

_MODES = {
    "ELU": "External leakage, utility medium",
    "ELP": "External leakage, process medium",
    "FCO": "Fails to connect",
    "FRO": "Fails to rotate",
    "FTC": "Fails to close on demand",
    "FTF": "Fails to function on demand",
    "FTI": "Functions incorrectly",
    "FTO": "Fails to open on demand",
    "FTS": "Fails to start on demand",
    "NOO": "No output",
    "PLU": "Plugged or choked",
    "STD": "Structural deficiency",
    "STP": "Fails to stop on demand",
    "AIR": "Abnormal instrument reading",
    "DOP": "Delayed operation",
    "ERO": "Erratic output",
    "FDC": "Fails to disconnect",
    "FOF": "Faulty output frequency",
    "FOV": "Faulty output voltage",
    "HIO": "High output",
    "IHT": "Insufficient heat transfer",
    "INL": "Internal leakage",
    "LBP": "Low oil supply pressure",
    "LOA": "Load drop",
    "LOO": "Low output",
    "LOR": "Loss of redundancy",
    "PDE": "Parameter deviation",
    "BRD": "Breakdown",
    "NOI": "Noise",
    "OHE": "Overheating",
    "VIB": "Vibration",
    "SER": "Minor in-service problem",
    "UST": "Spurious stop",
    "OTH": "Other",
    "UNK": "Unknown",
}

_MECHANISMS = {
    "1.0": "Mechanical failure, general",
    "1.1": "Leakage",
    "1.2": "Vibration",
    "1.3": "Clearance or alignment failure",
    "1.4": "Deformation",
    "1.5": "Looseness",
    "1.6": "Sticking",
    "2.0": "Material failure, general",
    "2.1": "Cavitation",
    "2.2": "Corrosion",
    "2.3": "Erosion",
    "2.4": "Wear",
    "2.5": "Breakage",
    "2.6": "Fatigue",
    "2.7": "Overheating",
    "2.8": "Burst",
    "3.0": "Instrument failure, general",
    "3.1": "Control failure",
    "3.2": "No signal",
    "3.3": "Faulty signal",
    "3.4": "Out of adjustment",
    "3.5": "Software failure",
    "3.6": "Common cause",
    "4.0": "Electrical failure, general",
    "5.0": "External influence, general",
    "6.0": "Miscellaneous, general",
}

_SEVERITIES = {
    "0": "Information",
    "1": "Advisory",
    "2": "Alert: plan work",
    "3": "Alarm: act within the shift",
    "4": "Trip or stop",
}


def _coded(table: dict[str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(value=f"{code} {text}", code=code) for code, text in table.items())


def failure_mode(code: str) -> str:
    """The answer of the field for an ISO 14224 failure mode code such as ``VIB``."""
    return f"{code} {_MODES[code]}"


def mechanism(code: str) -> str:
    """The answer of the field for an ISO 14224 mechanism number such as ``1.2``."""
    return f"{code} {_MECHANISMS[code]}"


DOMAIN = Domain(
    name="iot",
    title="Anomalies in machine telemetry",
    tiers=(SHAPES,),
    views=(
        View(
            name="anomalies",
            title="Anomalies",
            tiers=("anomaly",),
            hint="Mark every anomaly from its first sign to its end; double-click for a spike.",
        ),
    ),
    open_channels=True,
    fields=(
        RegionField(
            name="failure_mode",
            kind="choice",
            title="Failure mode",
            choices=_coded(_MODES),
            per_label=FAULTS,
        ),
        RegionField(
            name="mechanism",
            kind="choice",
            title="Mechanism",
            choices=_coded(_MECHANISMS),
            per_label=FAULTS,
        ),
        RegionField(
            name="severity",
            kind="choice",
            title="Severity",
            per_label=FAULTS,
            choices=tuple(
                Choice(value=code, hotkey=code, code=code, description=text)
                for code, text in _SEVERITIES.items()
            ),
        ),
        RegionField(name="channel", kind="channel", title="Channel", multiple=True),
        RegionField(name="quality", kind="rating", title="Signal quality", maximum=5),
        RegionField(name="note", kind="text", title="Note"),
    ),
    task_fields=(
        TaskField(
            name="state",
            kind="choice",
            title="This window",
            choices=(
                Choice(value="healthy", hotkey="7"),
                Choice(value="faulty", hotkey="8"),
                Choice(value="cannot tell", hotkey="9"),
            ),
        ),
    ),
    max_gap_seconds=None,
    instructions=(
        "<p>Mark what departs from normal operation, from its first sign to its end. "
        "Press the label's key, then drag; double-click marks a single spike.</p>"
        "<p>Click a region to say what it means: failure mode, mechanism, severity. "
        "Mark maintenance and start-up as such: they are no anomalies.</p>"
        "<p>Confirm healthy stretches with <b>Normal</b>: models learn from them.</p>"
    ),
)
"""Effective until tslab.yaml changes it."""
