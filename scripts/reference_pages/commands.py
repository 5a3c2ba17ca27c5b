"""One page for each command, made from click."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from reference_pages.markdown import table
from tslab.commands.examples import EXAMPLES

COMMANDS = "reference/commands"
SHARED = frozenset({"project_folder", "as_json", "quiet", "debug"})


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
        rows.append((f"[`tslab {words}`]({file})", command.short_help or ""))
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
    parts.append(f"```text\n{usage}\n```")
    examples = EXAMPLES[words]
    width = max(len(line) for line, _ in examples)
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
