"""tslab init: a project folder with the domain's defaults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from tslab.domain import Domain


@click.command("init", help="Make a project folder for a domain, in DIR or here.")
@click.argument("folder", default=".", metavar="[DIR]")
@click.option("--domain", "name", required=True, metavar="NAME", help="See 'tslab domains'.")
@click.option("--view", "views", multiple=True, metavar="VIEW", help="What to label; repeatable.")
@shared_options
def command(output: Output, folder: str, name: str, views: tuple[str, ...]) -> int:
    """Writes tslab.yaml and .gitignore; an existing project is left alone."""
    import shlex

    from tslab import files
    from tslab.errors import ProjectError
    from tslab.overrides import effective_domain
    from tslab.plugin_manager import load_domain
    from tslab.settings import FILE_NAME, Settings

    plugins, domain = load_domain(name)
    for problem in plugins.problems:
        output.warn(str(problem))
    chosen = views or (domain.views[0].name,)
    effective_domain(domain, Settings(domain=name, views=chosen))
    root = Path(folder).resolve()
    path = root / FILE_NAME
    text = settings_text(domain, root.name, chosen)
    document = {"project": str(root), "domain": name, "views": list(chosen)}
    if path.exists():
        if path.read_bytes() != text.encode():
            raise ProjectError(
                f"'{root.name}' already holds a project", f"Edit {path}, or name another folder."
            )
        output.result(document, f"Project {root.name} is there already.")
        return 0
    files.write_bytes(path, text.encode())
    ignore = root / ".gitignore"
    if not ignore.exists():
        files.write_bytes(ignore, b".tslab/\ntasks/\n")
    (root / ".tslab").mkdir(mode=0o700, exist_ok=True)
    cd = "" if root == Path.cwd() else f"cd {shlex.quote(folder)}; "
    output.result(document, f"Project {root.name} for {domain.title}. Next: {cd}tslab add FILES")
    return 0


def settings_text(domain: Domain, title: str, views: tuple[str, ...]) -> str:
    """tslab.yaml with the domain's defaults, each explained where a person reads it."""
    others = ", ".join(view.name for view in domain.views)
    first = domain.view(views[0])
    window = first.window_seconds or domain.window_seconds
    page = first.page_seconds or domain.page_seconds
    shown = [f"  seconds: {window:g}"] if window else []
    shown += [f"  page_seconds: {page:g}"] if page else []
    names = ", ".join(c.name for c in domain.channels if not c.derived)
    safe = "".join(c if c.isalnum() or c in " -_." else "-" for c in title)[:40]
    lines = [
        f"# {domain.title}. Every setting is explained in docs/reference/settings.md of tslab.",
        f"domain: {domain.name}",
        f"title: {safe!r}",
        f"views: [{', '.join(views)}]            # of: {others}",
        "",
        "# segmenter: NAME       # 'tslab predict --segmenter ?' lists them",
        "# window:               # the domain's defaults",
        *(f"# {line}" for line in shown),
        "# channels:             # channel in your files: channel of the domain"
        + (f" ({names})" if names else ""),
        "#   'ECG lead 1': II" if domain.health else "#   'Tag 4711': pressure",
        "# hotkeys:              # label: key",
        "# labels:               # tier: {remove: [...], add: [{name: ..., hotkey: ...}]}",
        "# reading:              # for tables: sampling_rate, time_column, time_zone, ignore ...",
        "# guidelines: GUIDE.md  # becomes the instructions in Label Studio",
        "review:",
        "  overlap: 1            # annotators for a task",
        "  percentage: 100       # of the tasks get that many",
        "  # raters: 2           # with blind: true, each in a Label Studio project of his own",
        "label_studio:",
        "  url: ''               # empty: the server that 'tslab up' starts",
        "  data: local           # local, upload or url",
        f"privacy: {'deidentified' if domain.health else 'open'}"
        + (
            "   # or restricted: refuses every address outside this machine"
            if domain.health
            else ""
        ),
        "",
    ]
    return "\n".join(lines)
