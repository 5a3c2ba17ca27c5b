"""What every command shares: --project, --json, --quiet, --debug, progress and messages."""

from __future__ import annotations

import contextlib
import functools
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tslab.contracts import Finding, Progress
    from tslab.project import Project

Item = TypeVar("Item")
WIDE = 100
"""Columns where nobody knows how wide the terminal is."""
SAME_CODE = 5
"""Findings of one code that are printed; a defect of the data repeats itself in every task."""


class Output:
    """Prints for people on stderr and stdout, or one JSON document on stdout.

    Attributes:
        as_json: Whether ``--json`` was given.
        quiet: Whether ``--quiet`` was given.
        folder: What ``--project`` said, else the one that the command runs in.
        named: Whether ``--project`` was given.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False, folder: str = "") -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.folder = folder or "."
        self.named = bool(folder)

    def project(self) -> Project:
        """The project that the command works on; broken neighbours get one line each.

        Raises:
            ProjectError: There is none.
            PluginError: Its plugin is broken.
        """
        from tslab.project import Project

        project = Project.open(self.folder)
        for problem in project.plugins.problems:
            self.warn(str(problem))
        return project

    @contextlib.contextmanager
    def changing(self) -> Iterator[Project]:
        """The project, for a command that changes it; waits for others that do.

        Raises:
            ProjectError: There is none.
            PluginError: Its plugin is broken.
        """
        project = self.project()
        with self.alone(project):
            yield project

    @contextlib.contextmanager
    def alone(
        self, project: Project, name: str = "project", other: str = "another tslab command"
    ) -> Iterator[None]:
        """Waits for others that hold a lock of the project, and holds it.

        Args:
            project: Whose lock.
            name: Of the lock; "project" is that of all commands that change the project.
            other: Who may hold it, for people.
        """
        from tslab.files import locked

        lock = project.state / f"{name}.lock"
        with locked(lock, lambda: self.say(f"Waiting for {other} on this project.")):
            yield

    def say(self, text: str) -> None:
        """A message: on stdout for people, on stderr beside a JSON document."""
        if not self.quiet:
            echo(text, err=self.as_json)

    def warn(self, text: str) -> None:
        """One line on stderr that is shown even with --quiet."""
        echo(f"tslab: {' '.join(text.split())}", err=True)

    def result(self, document: object, text: str = "") -> None:
        """The command's result: a JSON document with --json, else the text."""
        if self.as_json:
            from tslab.files import json_bytes
            from tslab.wording import escaped

            click.echo(escaped(json_bytes(document).decode().rstrip()))
        elif text:
            echo(text)

    def findings(self, findings: Sequence[Finding]) -> int:
        """Prints findings and returns the exit code: 1 if one of them is an error."""
        if self.as_json:
            self.result({"findings": [asdict(finding) for finding in findings]})
        else:
            for line in _lines(findings):
                echo(line)
        return int(any(finding.severity == "error" for finding in findings))

    def warn_of(self, findings: Sequence[Finding]) -> None:
        """Findings on stderr, beside the result of a command that lists all of them with --json."""
        for line in _lines(findings):
            self.warn(line)

    def progress(
        self, items: Iterable[Item], title: str, total: int | None = None
    ) -> Iterator[Item]:
        """The items, with a progress bar on a terminal and plain lines elsewhere."""
        if total is None and isinstance(items, Sequence):
            total = len(items)
        if self.quiet or not total:
            yield from items
        elif sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import track

            yield from track(items, title, total=total, console=Console(stderr=True))
        else:
            yield from self._plain(items, title, total)

    @contextlib.contextmanager
    def shares(self, title: str) -> Iterator[Progress]:
        """What long work tells how much of it is done: a bar on a terminal, else plain lines."""
        if self.quiet:
            yield lambda share, text: None  # noqa: ARG005 - nobody wants to know
        elif sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress as Bar

            with Bar(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task(title, total=1.0)
                yield lambda share, text: bar.update(
                    task, completed=share, description=f"{title}: {text}"
                )
        else:
            yield _plain_shares(title)

    def _plain(self, items: Iterable[Item], title: str, total: int) -> Iterator[Item]:
        import time

        shown = began = time.monotonic()
        for number, item in enumerate(items, start=1):
            yield item
            now = time.monotonic()
            if now - shown > 5 or (number == total and now - began > 5):
                shown = now
                echo(f"{title}: {number} of {total}", err=True)


def _plain_shares(title: str) -> Progress:
    """Says how much is done after five seconds, then ever more rarely, at least once a minute."""
    import time

    shown, pause = [time.monotonic()], [5.0]

    def told(share: float, text: str) -> None:
        now = time.monotonic()
        if now - shown[0] > pause[0]:
            shown[0], pause[0] = now, min(60.0, 1.5 * pause[0])
            echo(f"{title}: {share:.0%}, {text}", err=True)

    return told


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The first findings of each code, and how many more there are."""
    shown: dict[str, int] = {}
    for finding in findings:
        shown[finding.code] = shown.get(finding.code, 0) + 1
        if shown[finding.code] <= SAME_CODE:
            yield str(finding)
    for code, count in sorted(shown.items()):
        if count > SAME_CODE:
            yield f"{code}: {count - SAME_CODE} more like these; --json lists all"


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that every command takes and hands them over as one `Output`."""

    @click.option(
        "--project", "project_folder", default="", metavar="DIR", help="Project folder [.]."
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option("--quiet", is_flag=True, help="Errors and results only.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(function)
    def command(
        *args: Any, project_folder: str, as_json: bool, quiet: bool, debug: bool, **kwargs: Any
    ) -> Any:
        del debug  # looked at in cli.run, where errors arrive
        return function(Output(as_json, quiet, project_folder), *args, **kwargs)

    return command


def terminal_width() -> int:
    """Columns of the terminal; ``COLUMNS`` goes before what the terminal says."""
    return shutil.get_terminal_size((WIDE, 24)).columns


def table(rows: Sequence[Sequence[object]], header: Sequence[str], most: int = 0) -> str:
    """Columns of text, aligned, for the terminal.

    Args:
        rows: Cells of each row.
        header: Names of the columns.
        most: Columns of a cell above which its middle is left out; 0 leaves all.
    """
    from tslab.wording import aligned

    return aligned([list(header), *([str(cell) for cell in row] for row in rows)], most)


def named_table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """A table in which names stand that somebody else chose: long ones are shortened."""
    from tslab.wording import MOST

    return table(rows, header, MOST)


def echo(text: str, *, err: bool = False) -> None:
    """Prints a text; nothing in it steers the terminal."""
    from tslab.wording import plain

    click.echo(plain(text), err=err)
