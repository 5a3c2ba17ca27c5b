"""tslab up: Label Studio and the ML backend for this project, running and answering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tslab.label_studio.server import Address, EmbeddedServer
    from tslab.project import Project

FIRST_START = "Starting Label Studio; the first time it takes about a minute"


@click.command("up", help="Start Label Studio and the ML backend; a second time changes nothing.")
@click.option("--port", type=click.IntRange(1024, 65535), metavar="N", help="Port to take.")
@click.option("--open", "browse", is_flag=True, help="Open it in the browser.")
@click.option("--show-password", is_flag=True, help="Print the administrator's password.")
@click.option("--no-backend", is_flag=True, help="Leave the ML backend alone.")
@shared_options
def command(
    output: Output, port: int | None, browse: bool, show_password: bool, no_backend: bool
) -> int:
    """Starts the embedded server, or checks the one that tslab.yaml names; then the backend."""
    from tslab.label_studio.connection import external_url

    project = output.project()
    url = external_url(project.settings)
    if url:
        document, text = _check_existing(output, project, port)
    else:
        document, text = _start(output, project, port or 0, show_password)
    backend, said = ({}, "") if no_backend else _start_backend(output, project, url)
    url = str(document["url"])
    output.result({**document, "backend": backend or None}, f"{text}{said}")
    if browse:
        import webbrowser

        webbrowser.open(url)
    return 0


def _check_existing(
    output: Output, project: Project, port: int | None
) -> tuple[dict[str, object], str]:
    from tslab.label_studio.connection import check_connection, connection

    found = connection(project)
    user = check_connection(found)
    if port:
        output.warn("--port is for the embedded server; this project uses an existing one")
    document = {"url": found.url, "embedded": False, "started": False, "email": user}
    text = f"This project uses Label Studio at {found.url}; it answers and knows you as {user}."
    return document, text


def _start(
    output: Output, project: Project, port: int, show_password: bool
) -> tuple[dict[str, object], str]:
    from tslab.label_studio.server import EmbeddedServer
    from tslab.label_studio.server_record import load_record

    server = EmbeddedServer.of(project)
    before = load_record(server.state)
    with _progress(output) as progress:
        address = server.start(
            progress,
            port,
            waiting=lambda: output.say("Another 'tslab up' is starting it; waiting."),
        )
    if port and not address.url.endswith(f":{port}"):
        output.warn(f"it runs at {address.url} already; to move it: tslab down; tslab up --port N")
    elif not port and before is not None and before.port and address.url != before.url:
        output.warn(
            f"the address has changed: another program has {before.url}, where links in pages and "
            f"bookmarks lead; to go back: free it; tslab down; tslab up --port {before.port}"
        )
    return _report(server, address, show_password)


def _report(
    server: EmbeddedServer, address: Address, show_password: bool
) -> tuple[dict[str, object], str]:
    document: dict[str, object] = {
        "url": address.url,
        "embedded": True,
        "started": address.started,
        "email": address.email,
        "pid": server.pid,
        "log": str(server.log),
    }
    first = f"Label Studio is {'running' if address.started else 'already running'} at "
    where = "'tslab up --show-password' prints it; it is kept in .tslab/server.json"
    if show_password:
        document["password"] = where = address.password
    text = f"{first}{address.url}\n  administrator: {address.email}\n  password: {where}"
    return document, text


def _start_backend(
    output: Output, project: Project, existing: str
) -> tuple[dict[str, object], str]:
    """Starts the ML backend; annotators can work without it, so its troubles are a warning.

    Args:
        output: Where to say what happens.
        project: The project folder.
        existing: Address of an existing Label Studio, "" for the embedded one.
    """
    from urllib.parse import urlsplit

    from tslab.backend.process import BackendProcess
    from tslab.errors import ServerError
    from tslab.label_studio.access import is_loopback

    given = project.settings.backend
    if not given.enabled:
        return {}, ""
    if given.url:
        return {"url": given.url, "started": False}, f"\nML backend: {given.url} (tslab.yaml)"
    if existing and not is_loopback(urlsplit(existing).hostname or ""):
        text = f"\nNo ML backend was started: {existing} could not reach this machine's loopback. "
        return {}, f"{text}Run 'tslab backend' where it can, and name it in tslab.yaml."
    process = BackendProcess(project.root)
    try:
        url, started = process.start()
    except ServerError as error:
        output.warn(str(error))
        return {}, ""
    document = {"url": url, "started": started, "pid": process.pid, "log": str(process.log)}
    return document, f"\nML backend is {'running' if started else 'already running'} at {url}"


def _progress(output: Output) -> AbstractContextManager[Callable[[float], None]]:
    """A spinner with seconds on a terminal, a line every 15 s elsewhere, nothing with --quiet."""
    import sys
    from contextlib import contextmanager
    from typing import Any

    @contextmanager
    def spinner() -> Any:
        from rich.console import Console

        with Console(stderr=True).status(FIRST_START) as shown:
            yield lambda seconds: shown.update(f"{FIRST_START} ({seconds:.0f} s)")

    @contextmanager
    def lines() -> Any:
        last = -15

        def show(seconds: float) -> None:
            nonlocal last
            if not output.quiet and seconds - last >= 15:
                last = int(seconds)
                click.echo(f"{FIRST_START}: {last} s", err=True)

        yield show

    return spinner() if sys.stderr.isatty() and not output.quiet else lines()
