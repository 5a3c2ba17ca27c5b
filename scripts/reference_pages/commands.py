"""One page for each command, made from click."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence

import click

from reference_pages.markdown import table

COMMANDS = "reference/commands"
SHARED = frozenset({"project_folder", "as_json", "quiet", "debug"})
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
"""Command lines for the pages; tests/docs parses every one of them."""


def leaf_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words: ``("plugin new", ...)``."""
    from tslab.cli import VERBS, tslab_command

    context = click.Context(tslab_command)
    for verb in VERBS:
        command = tslab_command.get_command(context, verb)
        if isinstance(command, click.Group):
            for name in sorted(command.commands):
                yield f"{verb} {name}", command.commands[name]
        elif command is not None:
            yield verb, command


def command_pages() -> dict[str, str]:
    """One page for each command, and the overview."""
    from tslab.cli import main as tslab_main

    rows, pages = [], {}
    for words, command in leaf_commands():
        file = f"{words.replace(' ', '-')}.md"
        rows.append((f"[`tslab {words}`]({file})", command.help or ""))
        pages[f"{COMMANDS}/{file}"] = command_page(words, command)
    said = " ".join((tslab_main.__doc__ or "").split())
    codes = re.search(r"Exit codes: ([^.]+)\.", said)
    listed = [part.strip().split(" ", 1) for part in codes[1].split(",")] if codes else []
    shared = [
        option_row(option)
        for option in next(leaf_commands())[1].params
        if option.name in SHARED and isinstance(option, click.Option)
    ]
    pages[f"{COMMANDS}/index.md"] = "\n\n".join(
        [
            "# Commands",
            "In the order of a working day.",
            table(("command", "what it does"), rows),
            "## Options of every command",
            table(("option", "meaning"), shared),
            "## Exit codes",
            table(("code", "meaning"), listed),
            "## Variables",
            table(("variable", "meaning"), VARIABLES),
        ]
    )
    return pages


VARIABLES = (
    ("`LABEL_STUDIO_URL`", "Address of an existing Label Studio; wins over tslab.yaml"),
    ("`LABEL_STUDIO_API_KEY`", "Its token: personal access token or legacy token"),
    ("`TSLAB_LOAD_PLUGINS`", "Loads only these distributions or names, separated by commas"),
    ("`TSLAB_TRACE_HOOKS`", "`1` prints every hook call with its time on stderr"),
)


def command_page(words: str, command: click.Command) -> str:
    """Usage, examples, arguments and options of one command."""
    own = [p for p in command.params if p.name not in SHARED]
    arguments = [p for p in own if isinstance(p, click.Argument)]
    options = [p for p in own if isinstance(p, click.Option)]
    usage = " ".join([f"tslab {words}", "[OPTIONS]", *(argument_name(a) for a in arguments)])
    parts = [f"# tslab {words}", command.help or ""]
    more = inspect.cleandoc(command.callback.__doc__ or "") if command.callback else ""
    parts += [more] if more and more != command.help else []
    parts.append(f"```text\n{usage}\n```")
    examples = EXAMPLES.get(words, ())
    width = max((len(line) for line, _ in examples), default=0)
    lines = [f"{line:{width}}  # {why}" if why else line for line, why in examples]
    parts.append("```bash\n" + "\n".join(lines) + "\n```")
    if options:
        parts += ["## Options", table(("option", "meaning"), [option_row(o) for o in options])]
    parts.append(
        "It also takes [the options of every command](index.md#options-of-every-command): "
        "`--project`, `--json`, `--quiet`, `--debug`."
    )
    return "\n\n".join(part for part in parts if part)


def argument_name(argument: click.Argument) -> str:
    """An argument as the usage line shows it: ``FILES...``, ``[DIR]``, ``NAME``."""
    return argument.metavar or (argument.name or "").upper()


def option_row(option: click.Option) -> tuple[str, str]:
    """Names with the kind of value, and what the option means."""
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    notes = ["required"] if option.required else []
    notes += ["repeatable"] if option.multiple else []
    text = option.help or ""
    # Click keeps the word that switches a flag off beside the one that switches it on.
    names = ", ".join([*option.opts, *option.secondary_opts])
    return f"`{names}{value}`", f"{text} ({', '.join(notes)})" if notes else text
