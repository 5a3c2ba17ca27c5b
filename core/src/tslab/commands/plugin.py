"""tslab plugin: make a plugin package, or run the contract test on one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from tslab.plugin_entries import PluginEntry
    from tslab.testing.checking import CheckResult


@click.group("plugin", help="Make or check a plugin package.")
def command() -> None:
    """The verbs about one plugin."""


@command.command("new", help="Write a plugin package for the domain NAME that works at once.")
@click.argument("name")
@click.option("--folder", metavar="DIR", help="The folder to make (default: ./tslab-NAME).")
@shared_options
def new(output: Output, name: str, folder: str | None) -> int:
    """Writes a package that passes its contract test; an existing folder is refused."""
    from tslab.commands.plugin_template import plugin_names, write_plugin

    names = plugin_names(name)
    target = Path(folder or names.distribution).resolve()
    written = write_plugin(names, target)
    document = {
        "name": names.domain,
        "distribution": names.distribution,
        "package": names.package,
        "folder": str(target),
        "files": [path.relative_to(target).as_posix() for path in written],
    }
    shown = folder or names.distribution
    text = f"Plugin {names.distribution} in {shown}. Next: tslab plugin check {shown}; "
    output.result(
        document, text + f"pip install -e {shown}; tslab init STUDY --domain {names.domain}"
    )
    return 0


@command.command("check", help="Run the contract test on a domain or a package folder.")
@click.argument("target", default="", metavar="[NAME|DIR]")
@shared_options
def check(output: Output, target: str) -> int:
    """Prints every check with its outcome; without NAME or DIR checks what is here or installed."""
    from tslab.errors import PluginError, UsageError
    from tslab.testing.checking import check_entry, entries_of, source_of

    entries, root = entries_of(target)
    if not entries:
        raise UsageError("there is no plugin to check", "Name a domain or a package folder.")
    documents: list[dict[str, object]] = []
    code = 0
    with source_of(root, entries):
        for entry in entries:
            try:
                results = check_entry(entry)
            except PluginError as error:
                if len(entries) == 1:
                    raise
                output.warn(str(error))
                documents.append(_document(entry, [], str(error)))
                code = 3
                continue
            documents.append(_document(entry, results, ""))
            failed = sum(result.status == "failed" for result in results)
            code = max(code, int(failed > 0))
            if not output.as_json:
                _print(output, entry, results, failed)
    if output.as_json:
        output.result({"plugins": documents})
    return code


def _document(entry: PluginEntry, results: list[CheckResult], error: str) -> dict[str, object]:
    return {
        "name": entry.name,
        "distribution": entry.distribution,
        "version": entry.version,
        "error": error,
        "checks": [
            {"check": r.name, "status": r.status, "message": r.message, "remedy": r.remedy}
            for r in results
        ],
    }


def _print(output: Output, entry: PluginEntry, results: list[CheckResult], failed: int) -> None:
    for result in results:
        if result.status == "failed":
            output.result(
                None, f"failed   {result.name}: {result.message} {result.remedy}".rstrip()
            )
        elif not output.quiet:
            reason = f": {result.message}" if result.message else ""
            output.say(f"{result.status:8} {result.name}{reason}")
    passed = sum(result.status == "ok" for result in results)
    skipped = len(results) - passed - failed
    rest = f", {skipped} not applicable" if skipped else ""
    output.say(f"{entry.name} ({entry.distribution}): {passed} ok, {failed} failed{rest}.")
