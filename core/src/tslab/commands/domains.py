"""tslab domains: what is installed, from metadata alone."""

from __future__ import annotations

import click

from tslab.commands.output import Output, shared_options, table


@click.command(
    "domains", help="List installed domains: name, title, distribution, version, status."
)
@shared_options
def command(output: Output) -> int:
    """Lists domains; imports no plugin, so a broken one cannot stop it."""
    from tslab.hooks import DOMAIN_GROUP
    from tslab.plugin_manager import installed

    entries = installed(DOMAIN_GROUP)
    names = [entry.name for entry in entries]
    rows = [
        {
            "name": entry.name,
            "title": entry.summary,
            "distribution": entry.distribution,
            "version": entry.version,
            "status": "installed" if names.count(entry.name) == 1 else "claimed twice",
        }
        for entry in entries
    ]
    header = ("name", "title", "distribution", "version", "status")
    text = table([[row[key] for key in header] for row in rows], header)
    if not rows:
        text = (
            "No domain is installed. Get one with pip, for example:\n"
            "  pip install tslab-ecg-eeg          ECG rhythm and beats\n"
            "  pip install tslab-iot-maintenance  machine telemetry\n"
            "or write one: tslab plugin new NAME"
        )
    output.result({"domains": rows}, text)
    return 0 if len(set(names)) == len(names) else 3
