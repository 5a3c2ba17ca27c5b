"""Examples of every command: for ``--help`` and for the pages of the reference."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

import click

EXAMPLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "init": (
        ("tslab init heart-study --domain ecg", "a folder for rhythm labels, the first view"),
        ("tslab init heart-study --domain ecg --view rhythm --view beats", "both views"),
    ),
    "add": (
        ("tslab add ~/holter/*.hea --metadata patients.csv", "WFDB records and what is known"),
        ("tslab add pump-7.csv --time-zone Europe/Berlin --ignore operator", "a machine's table"),
        ("tslab add pressure.csv --time-column none --sampling-rate 100", "no time column"),
    ),
    "peek": (("tslab peek recording.edf --domain ecg", "before there is a project"),),
    "config": (
        ("tslab config --view rhythm > rhythm.xml", "the config that push would send"),
        ("tslab config --check their-config.xml", "looks for mistakes in any config"),
    ),
    "lint": (("tslab lint --json", "all findings, for a program"),),
    "predict": (
        ("tslab predict", "the promoted model, else the domain's segmenter"),
        ("tslab predict --segmenter '?'", "lists the segmenters"),
        ("tslab predict --from regions.csv --model-version net-3", "an outside model's table"),
    ),
    "up": (
        ("tslab up --open", "starts Label Studio and opens the browser"),
        ("tslab up --show-password", "prints the administrator's password"),
    ),
    "down": (("tslab down", "stops it; nothing is lost"),),
    "backend": (
        ("tslab backend", "in a project folder; 'tslab up' does it too"),
        ("tslab backend --host 0.0.0.0 --model-dir /data/models", "for any Label Studio project"),
    ),
    "users add": (("tslab users add ann@example.com bob@example.com", "prints two passwords"),),
    "users list": (("tslab users list", "who has an account, last seen when"),),
    "push": (("tslab push --dry-run", "says what would change"), ("tslab push", "changes it")),
    "pull": (("tslab pull --raw", "keeps Label Studio's own JSON too"),),
    "review": (
        ("tslab review --dry-run", "says what would be asked"),
        ("tslab review --most 20", "the 20 most costly disputes; run it again for more"),
    ),
    "train": (
        ("tslab train", "learns from the pulled annotations, measures, promotes if no worse"),
        ("tslab train --segmenter lstm --folds 3", "the neural net"),
        ("tslab train --tolerance beats=0.05", "instants count as found within 0.05 s"),
    ),
    "models list": (("tslab models list", "a star marks what serves"),),
    "models promote": (
        ("tslab models promote 30dd8cde8572", "the study's own"),
        ("tslab models promote 'learning 30dd8cde8572' --of 7", "of Label Studio's project 7"),
    ),
    "models rollback": (("tslab models rollback", "what served before serves again"),),
    "evaluate": (
        ("tslab evaluate --from regions.csv --report net.html", "an outside model"),
        ("tslab evaluate", "the current predictions"),
    ),
    "agreement": (
        ("tslab agreement --report a.html", "the numbers, and a page to read and pass on"),
        ("tslab agreement --from export.json --min 0.7", "any project's export; exit code 1 below"),
        ("tslab agreement --metric cohen_kappa --by pair --by label", "one measure, each two"),
    ),
    "consensus": (
        ("tslab consensus", "what annotators have in common; writes nothing"),
        (
            "tslab consensus --method staple --as predictions",
            "annotators correct it in Label Studio",
        ),
        ("tslab consensus --as ground-truth", "training, evaluation and export use it"),
    ),
    "progress": (
        ("tslab progress --report p.html", "the tables, and a page with plots"),
        ("tslab progress --private", "hashes for names"),
    ),
    "export": (
        ("tslab export --to '?'", "lists the formats"),
        ("tslab export --to wfdb --verify", "writes, reads back, compares"),
        ("tslab export --to csv --predictions ''", "the current model's labels"),
    ),
    "demo": (
        ("tslab demo --domain ecg", "Label Studio stays open until Ctrl-C"),
        ("tslab demo --domain iot --once --folder try", "ends by itself"),
    ),
    "doctor": (("tslab doctor", "in the project folder, or anywhere"),),
    "domains": (("tslab domains", ""),),
    "plugins": (("tslab plugins", ""),),
    "plugin new": (("tslab plugin new pump", "writes tslab-pump/"),),
    "plugin check": (
        ("tslab plugin check tslab-pump", "a package folder, not installed"),
        ("tslab plugin check ecg", "an installed domain"),
    ),
}
"""Command lines of every verb, each with what it does; tests/docs parses every one of them."""


def explain(words: str, command: click.Command) -> None:
    """Gives the ``--help`` of a command all that its docstring says, and its examples.

    Args:
        words: What is typed after ``tslab``: ``plugin new``.
        command: The command, or a group, whose commands are explained.
    """
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            explain(f"{words} {name}", child)
    elif not command.epilog:
        own = inspect.cleandoc(command.callback.__doc__ or "") if command.callback else ""
        command.short_help = command.help
        if own and own != command.help:
            command.help = f"{command.help}\n\n{own}"
        lines = (f"  {line}\n      {why}" if why else f"  {line}" for line, why in EXAMPLES[words])
        # \b keeps click from filling the lines.
        command.epilog = "\b\nExamples:\n" + "\n".join(lines)
