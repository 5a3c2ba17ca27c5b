"""tslab peek: what a recording file holds, before it is added."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.output import Output, shared_options, table
from tslab.errors import counted

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.project import Project
    from tslab.recording import Recording, Signal


@click.command("peek", help="Show channels, rates, gaps and identity fields of a recording file.")
@click.argument("path", metavar="FILE")
@click.option("--domain", "name", metavar="NAME", help="Outside a project: as which domain.")
@shared_options
def command(output: Output, path: str, name: str | None) -> int:
    """Reads one file and writes nothing."""
    from tslab.plugin_manager import load_domain
    from tslab.project import Project
    from tslab.settings import Settings

    if name:
        plugins, domain = load_domain(name)
        project = Project(Path.cwd(), Settings(domain=name), plugins, domain)
    else:
        project = output.project()
    recording = project.read_source(Path(path))
    report = describe(recording, project, Path(path).name)
    output.result(report, _text(report))
    return 0


def describe(recording: Recording, project: Project, name: str) -> dict[str, Any]:
    """What `peek` knows of a recording, as a JSON document."""
    from tslab.errors import DataError

    domain = project.domain
    channels = [_channel(signal, domain) for signal in recording.signals]
    try:
        tasks = project.plugins.make_tasks(project.map_channels(recording, name), domain)
    except DataError:
        tasks = []
    return {
        "file": name,
        "duration": recording.duration,
        "channels": channels,
        "gaps": [list(gap) for gap in recording.gaps],
        "notes": list(recording.notes),
        "identity": sorted(recording.identity),
        "has_start_time": recording.start_time is not None,
        "tasks": len(tasks),
        "window_seconds": tasks[0].end - tasks[0].start if tasks else None,
    }


def _channel(signal: Signal, domain: Domain) -> dict[str, Any]:
    import numpy as np

    values = signal.values()
    finite = values[np.isfinite(values)]
    role = domain.channel(signal.name)
    return {
        "name": signal.name,
        "role": role.name if role else ("-" if not domain.open_channels else signal.name),
        "unit": signal.unit,
        "sampling_rate": round(signal.sampling_rate, 6),
        "samples": signal.sample_count,
        "regular": signal.times is None,
        "missing": int(len(values) - len(finite)),
        "minimum": float(finite.min()) if len(finite) else None,
        "maximum": float(finite.max()) if len(finite) else None,
    }


def _text(report: dict[str, Any]) -> str:
    from tslab.task import clock

    keys = ("name", "role", "unit", "sampling_rate", "samples", "missing", "minimum", "maximum")
    header = ("channel", "shown as", "unit", "Hz", "samples", "missing", "min", "max")
    rows = [["" if c[key] is None else _short(c[key]) for key in keys] for c in report["channels"]]
    lines = [f"{report['file']}: {clock(report['duration'])}", "", table(rows, header), ""]
    lines.append(f"gaps: {len(report['gaps'])}")
    lines += [f"note: {note}" for note in report["notes"]]
    identity = ", ".join(report["identity"]) or "none found"
    lines.append(f"identity fields (never leave this machine): {identity}")
    if report["tasks"]:
        lines.append(
            f"would become {counted(report['tasks'], 'tasks')} of {report['window_seconds']:g} s"
        )
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
