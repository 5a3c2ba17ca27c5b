"""tslab demo: the whole day on generated recordings, with simulated annotators."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.output import Output, shared_options
from tslab.errors import counted

if TYPE_CHECKING:
    from tslab.contracts import SampleRecording
    from tslab.project import Project

LEAST = 2
"""Simulated annotators, or as many as a blind study has raters."""


@click.command("demo", help="Run everything on generated recordings; Label Studio stays open.")
@click.option("--domain", "name", required=True, metavar="NAME", help="See 'tslab domains'.")
@click.option("--folder", metavar="DIR", help="Where to work [tslab-demo-NAME].")
@click.option("--once", is_flag=True, help="End after the last step and stop the server.")
@click.option("--keep", is_flag=True, help="With --once: leave the server running.")
@shared_options
def command(output: Output, name: str, folder: str | None, once: bool, keep: bool) -> int:
    """Runs the commands that a person would run, one after the other, and shows each."""
    from tslab.plugin_manager import load_domain

    began = time.monotonic()
    plugins, domain = load_domain(name)
    root = Path(folder or f"tslab-demo-{name}").resolve()
    samples = plugins.sample_recordings(domain)
    if not samples:
        from tslab.testing import synthetic_recording

        samples = [synthetic_recording(domain, seed=seed) for seed in range(2)]
    day = _Day(output, root)
    views = [part for view in domain.views for part in ("--view", view.name)]
    if not (root / "tslab.yaml").exists():
        day.run("init", str(root), "--domain", name, *views)
    native = _write_samples(samples, root / "recordings")
    day.run("add", *map(str, native), "--metadata", str(root / "recordings" / "metadata.csv"))
    day.run("lint")
    day.run("predict")
    day.run("up")
    try:
        day.run("users", "add", *_annotators(root))
        day.run("push")
        _annotate(output, root, samples)
        day.run("pull")
        day.run("agreement")
        exported = _export(day, root)
        _summary(output, root, exported, time.monotonic() - began)
        if not once:
            _stay(output, root)
    finally:
        if not (once and keep):
            day.run("down")
    return 0


class _Day:
    """Runs commands in the project, each shown as a person would type it."""

    def __init__(self, output: Output, root: Path) -> None:
        self._output = output
        self._root = root

    def run(self, verb: str, *arguments: str) -> None:
        """Runs one command.

        Raises:
            click.exceptions.Exit: It failed; its own message was printed.
        """
        from tslab.cli import run

        shown = [Path(a).name if a.startswith(str(self._root)) else a for a in arguments]
        self._output.say(f"\n$ tslab {verb} {' '.join(shown)}".rstrip())
        place = [] if verb == "init" else ["--project", str(self._root)]
        quiet = ["--quiet"] if self._output.quiet or self._output.as_json else []
        code = run([verb, *arguments, *place, *quiet])
        if code > (1 if verb in ("lint", "pull") else 0):
            raise click.exceptions.Exit(code)


def _write_samples(samples: Sequence[SampleRecording], folder: Path) -> list[Path]:
    """Native files and a metadata table; a domain without a writer of its own gets CSVs."""
    import csv

    folder.mkdir(parents=True, exist_ok=True)
    paths = [s.write(folder) if s.write else _write_csv(s, folder) for s in samples]
    keys = list(dict.fromkeys(key for sample in samples for key in sample.metadata))
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", *keys])
        for path, sample in zip(paths, samples, strict=True):
            writer.writerow([path.name, *(sample.metadata.get(key, "") for key in keys)])
    return paths


def _write_csv(sample: SampleRecording, folder: Path) -> Path:
    import pandas as pd

    signals = sample.recording.signals
    times, _ = max(signals, key=lambda s: s.sampling_rate).read()
    columns: dict[str, Any] = {"time": times}
    import numpy as np

    for signal in signals:
        own, values = signal.read()
        columns[signal.name] = np.interp(times, own, values)
    path = folder / f"{sample.name}.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def _annotators(root: Path) -> list[str]:
    """Addresses of the simulated annotators; the folder may have been there before."""
    from tslab.project import Project

    many = max(LEAST, Project.open(root).settings.review.raters)
    return [f"annotator-{number}@example.com" for number in range(1, many + 1)]


def _annotate(output: Output, root: Path, samples: Sequence[SampleRecording]) -> None:
    """Annotators who err as people do label every task through the API."""
    from tslab.label_studio.client import Client
    from tslab.label_studio.connection import connection
    from tslab.label_studio.raters import rater_of
    from tslab.label_studio.remote import load_projects
    from tslab.project import Project

    names = _annotators(root)
    output.say(f"\n# {len(names)} simulated annotators label every task")
    project = Project.open(root)
    address = connection(project)
    by_name = {sample.name: sample for sample in samples}
    with Client(address.url, address.api_key) as client:
        users = {email: number for number, email in client.users().items()}
        for key, project_id in load_projects(project, address).items():
            readers = list(enumerate(names))
            if rater_of(key):
                readers = [readers[rater_of(key) - 1]]
            for item in client.tasks(project_id):
                if not item.get("total_annotations"):
                    for seed, email in readers:
                        body = _reading(project, item["data"]["task"], by_name, seed)
                        client.create_annotation(item["id"], {**body, "completed_by": users[email]})


def _reading(
    project: Project, task_id: str, samples: dict[str, SampleRecording], seed: int
) -> dict[str, Any]:
    from tslab.label_studio.regions import to_regions
    from tslab.preparation.stitching import cut, with_ids
    from tslab.preparation.task_table import row_ticks
    from tslab.testing import noisy_annotator

    task = next(task for task in project.tasks() if task.id == task_id)
    entry = project.entries()[task.recording]
    sample = samples[Path(entry.path).stem]
    tiers = set(project.domain.view(task.view).tiers)
    truth = [span for span in sample.truth if span.tier in tiers]
    seen = noisy_annotator(truth, sample.recording, project.domain, seed)
    windows = [t for t in project.tasks() if (t.recording, t.view) == (task.recording, task.view)]
    mine = cut(with_ids(seen, f"demo {seed}"), windows)[task.id]
    recording = project.recording(task.recording, derived=False)
    result, _ = to_regions(mine, task, row_ticks(task, recording), project.domain)
    for item in result:
        item["origin"] = "manual"
    return {"result": result, "lead_time": 20.0 + 7 * seed + 1.5 * len(mine)}


def _export(day: _Day, root: Path) -> list[str]:
    """Exports in the domain's own formats and as CSV, each read back."""
    from tslab.project import Project

    project = Project.open(root)
    names = [exporter.name for exporter in project.plugins.exporters(project.domain)]
    own = [name for name in names if name not in {"csv", "parquet", "json"}]
    wanted = [*own, "csv", "parquet"]
    for name in wanted:
        day.run("export", "--to", name, "--verify")
    return wanted


def _summary(output: Output, root: Path, exported: list[str], seconds: float) -> None:
    from tslab.label_studio.connection import connection
    from tslab.project import Project

    project = Project.open(root)
    address = connection(project)
    table = project.annotations
    document = {
        "project": str(root),
        "url": address.url,
        "recordings": len(project.entries()),
        "tasks": len(project.tasks()),
        "predicted": len(project.predictions),
        "annotated": len(table),
        "annotators": sorted(set(table["annotator"])) if len(table) else [],
        "exports": exported,
        "seconds": round(seconds, 1),
    }
    text = (
        f"\nDone in {seconds:.0f} s: {counted(len(project.entries()), 'recordings')}, "
        f"{counted(len(project.tasks()), 'tasks')}, {document['predicted']} predicted and "
        f"{document['annotated']} annotated regions.\n"
        f"Project folder: {root.name}   Label Studio: {address.url}\n"
        f"Log in with what 'tslab up --show-password --project {root.name}' prints."
    )
    output.result(document, text)


def _stay(output: Output, root: Path) -> None:
    """Opens the browser and waits for Ctrl-C."""
    import webbrowser

    from tslab.label_studio.connection import connection
    from tslab.project import Project

    webbrowser.open(connection(Project.open(root)).url)
    output.say("Ctrl-C stops Label Studio.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        output.say("")
