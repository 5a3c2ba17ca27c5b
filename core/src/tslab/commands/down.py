"""tslab down: stop exactly what tslab up started."""

from __future__ import annotations

import click

from tslab.commands.output import Output, shared_options


@click.command("down", help="Stop what 'up' started; all data stays.")
@shared_options
def command(output: Output) -> int:
    """Stops backend and server; says so when there is none. A broken tslab.yaml is no obstacle."""
    from tslab.backend.process import BackendProcess
    from tslab.label_studio.server import EmbeddedServer

    server = EmbeddedServer.nearest(output.folder)
    if server is None:
        output.project()  # says what is missing
        return 4
    backend = BackendProcess(server.root).stop()
    stopped = server.stop()
    if stopped:
        text = "Label Studio is stopped; accounts, annotations and address are kept."
    else:
        text = "Label Studio is not running for this project."
    if backend:
        text += " The ML backend is stopped; its models are kept."
    output.result({"stopped": stopped, "backend_stopped": backend}, text)
    return 0
