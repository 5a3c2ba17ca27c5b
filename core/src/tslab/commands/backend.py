"""tslab backend: the ML backend that predicts and learns, for Label Studio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from tslab.project import Project


@click.command("backend", help="Run the ML backend: predictions, and training from annotations.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9090,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--model-dir", default="", metavar="DIR", help="Where models are kept.")
@click.option(
    "--refresh",
    type=click.IntRange(0, 1_000_000),
    metavar="N",
    help="Tasks that get new predictions after a training (200); 0 for none.",
)
@shared_options
def command(output: Output, host: str, port: int, model_dir: str, refresh: int | None) -> int:
    """Serves until it is stopped; in a project folder its own tasks, anywhere foreign ones."""
    from tslab.backend.process import require_backend

    require_backend()
    from tslab.backend.app import create_app
    from tslab.backend.server import listen, serve, set_up_logging
    from tslab.backend.service import Service
    from tslab.backend.settings import BackendSettings, Flags
    from tslab.backend.starting import cautions, check_start

    project = _project(output)
    settings = BackendSettings.read(Flags(host, port, model_dir, refresh), project=project)
    check_start(settings)
    set_up_logging(settings.log_level)
    app = create_app(Service(settings))
    with listen(settings.host, settings.port) as listening:
        taken = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{taken}"
        document = {"url": url, "model_dir": str(settings.model_dir)}
        where = f"project {project.root}" if project is not None else "projects of any kind"
        output.result(document, f"ML backend at {url} for {where}; models in {settings.model_dir}")
        for line in cautions(settings):
            output.warn(line)
        serve(app, settings, listening)
    return 0


def _project(output: Output) -> Project | None:
    """The project that was named, or the one around here; None where there is none."""
    from tslab.settings import FILE_NAME

    here = Path(output.folder).resolve()
    around = any((folder / FILE_NAME).is_file() for folder in (here, *here.parents))
    return output.project() if around or output.named else None
