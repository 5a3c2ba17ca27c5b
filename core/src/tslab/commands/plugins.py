"""tslab plugins: what is installed, what it implements, and whether it loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from tslab.plugin_entries import PluginEntry


@click.command("plugins", help="List plugins with version, hooks and status.")
@shared_options
def command(output: Output) -> int:
    """Loads every plugin by itself; with a broken one the exit code is 3."""
    from tslab.hooks import DOMAIN_GROUP, EXTENSION_GROUP
    from tslab.plugin_entries import installed

    domains, extensions = installed(DOMAIN_GROUP), installed(EXTENSION_GROUP)
    rows = [_row(entry, domains) for entry in (*domains, *extensions)]
    header = ("name", "kind", "distribution", "version", "hooks", "status")
    shown = [[_cell(row, key) for key in header] for row in rows]
    text = table(shown, header)
    broken = [row for row in rows if row["status"] != "ok"]
    text += "".join(f"\n{row['status']}" for row in broken)
    if not rows:
        text = "No plugin is installed. 'tslab domains' says how to get one."
    output.result({"plugins": rows}, text)
    return 3 if broken else 0


def _cell(row: dict[str, Any], key: str) -> str:
    if key == "hooks":
        return ", ".join(name.removeprefix("tslab_") for name in row["hooks"]) or "-"
    if key == "status":
        return "ok" if row["status"] == "ok" else "broken, see below"
    return str(row[key])


def _row(entry: PluginEntry, domains: list[PluginEntry]) -> dict[str, Any]:
    from tslab.errors import PluginError
    from tslab.hooks import DOMAIN_GROUP
    from tslab.plugin_entries import claimed_twice
    from tslab.plugin_manager import Plugins

    is_domain = entry.group == DOMAIN_GROUP
    plugins = Plugins()
    hooks: list[str] = []
    status = "ok"
    try:
        plugins.register(entry, entry.load())
        hooks = plugins.hooks_of(entry)
        if is_domain:
            plugins.domain(entry)
            owners = [other for other in domains if other.name == entry.name]
            if len(owners) > 1:
                raise claimed_twice(entry.name, owners)
    except PluginError as error:
        status = str(error)
    return {
        "name": entry.name,
        "kind": "domain" if is_domain else "extension",
        "title": entry.summary,
        "distribution": entry.distribution,
        "version": entry.version,
        "module": entry.module,
        "hooks": hooks,
        "status": status,
    }
