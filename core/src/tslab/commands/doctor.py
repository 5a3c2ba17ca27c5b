"""tslab doctor: look at everything that can be wrong and say what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from tslab.label_studio.checks import Check
    from tslab.project import Project

MARKS = {"ok": "ok", "warn": "warn", "fail": "FAIL"}
LITTLE_SPACE, NO_SPACE = 2_000_000_000, 200_000_000


@click.command("doctor", help="Check the installation and say what to do.")
@shared_options
def command(output: Output) -> int:
    """Prints every check; exits with 1 if one fails. Works without a project too."""
    checks = list(_all(output))
    rows = [(MARKS[check.status], check.name, check.detail) for check in checks]
    text = table(rows, ("", "check", "found"))
    for check in checks:
        if check.remedy and check.status != "ok":
            text += f"\n{check.name}: {check.remedy}"
    failed = any(check.status == "fail" for check in checks)
    document = {
        "ok": not failed,
        "checks": [
            {"name": c.name, "status": c.status, "detail": c.detail, "remedy": c.remedy}
            for c in checks
        ],
    }
    output.result(document, text)
    return int(failed)


def _all(output: Output) -> Iterator[Check]:
    from tslab.label_studio.checks import Check, server_checks
    from tslab.label_studio.server import EmbeddedServer

    yield _python()
    yield from _plugins()
    yield from _packages()
    here = EmbeddedServer.nearest(output.folder)
    yield _disk(here.root if here else Path(output.folder))
    if here is None:
        remedy = "Make one: tslab init FOLDER --domain NAME"
        yield Check("project", "warn", "none here", remedy)
        return
    yield _state(here.state)
    project, check = _project(here.root)
    yield check
    if project:
        yield from server_checks(project)


def _python() -> Check:
    import platform

    import tslab
    from tslab.label_studio.checks import Check

    detail = f"Python {platform.python_version()}, tslab {tslab.__version__}"
    return Check("versions", "ok", detail)


def _plugins() -> Iterator[Check]:
    from tslab.errors import PluginError
    from tslab.hooks import DOMAIN_GROUP, EXTENSION_GROUP
    from tslab.label_studio.checks import Check
    from tslab.plugin_entries import installed
    from tslab.plugin_manager import Plugins

    domains = installed(DOMAIN_GROUP)
    if not domains:
        remedy = "'tslab domains' says how to get one."
        yield Check("plugins", "warn", "no domain is installed", remedy)
    for entry in (*domains, *installed(EXTENSION_GROUP)):
        name = f"plugin {entry.name}"
        try:
            plugins = Plugins()
            plugins.register(entry, entry.load())
            if entry in domains:
                plugins.domain(entry)
        except PluginError as error:
            yield Check(name, "fail", error.message, error.remedy)
        else:
            yield Check(name, "ok", f"{entry.distribution} {entry.version}")


def _packages() -> Iterator[Check]:
    """Label Studio and its SDK against the pair that tslab is tested with."""
    from importlib import metadata

    from tslab.label_studio.checks import SDK_VERSION, SERVER_VERSION, Check

    wanted = {
        "label-studio": (SERVER_VERSION, "server"),
        "label-studio-sdk": (SDK_VERSION, "label-studio"),
    }
    for name, (version, extra) in wanted.items():
        remedy = f'pip install "tslab[{extra}]"'
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, "warn", "not installed", remedy)
            continue
        if found.startswith(version):
            yield Check(name, "ok", found)
        else:
            yield Check(name, "fail", f"{found}; tslab needs {version}x", remedy)


def _project(root: Path) -> tuple[Project | None, Check]:
    from tslab.errors import TslabError
    from tslab.label_studio.checks import Check
    from tslab.project import Project

    try:
        project = Project.open(root)
        detail = f"{project.title}, domain {project.domain.name}, {len(project.entries())} "
        detail += f"recordings, {len(project.tasks())} tasks"
    except TslabError as error:
        return None, Check("project", "fail", error.message, error.remedy)
    return project, Check("project", "ok", detail)


def _state(state: Path) -> Check:
    """Secrets and pseudonyms are for the owner alone."""
    from tslab.label_studio.checks import Check

    if not state.exists():
        return Check(".tslab", "ok", "not made yet")
    if os.name != "posix":
        return Check(".tslab", "ok", "rights are not checked on this system")
    open_to_others = [path for path in (state, *state.iterdir()) if path.stat().st_mode & 0o077]
    if not open_to_others:
        return Check(".tslab", "ok", "readable by you alone")
    names = " ".join(sorted(path.name for path in open_to_others))
    remedy = f"chmod -R go= {state}"
    return Check(".tslab", "fail", f"other users of this machine may read {names}", remedy)


def _disk(folder: Path) -> Check:
    import shutil

    from tslab.label_studio.checks import Check

    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free"
    remedy = "Free some space; the server's database and the tasks live in the project folder."
    if free < NO_SPACE:
        return Check("disk", "fail", detail, remedy)
    return Check("disk", "warn" if free < LITTLE_SPACE else "ok", detail, remedy)
