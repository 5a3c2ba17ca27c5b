"""The tslab command: finds the verb, runs it, turns errors into one line and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

import click

import tslab
from tslab.errors import TslabError

VERBS = {
    "init": "Make a project folder for a domain.",
    "add": "Read recordings, de-identify them and cut them into tasks.",
    "peek": "Show what a recording file holds.",
    "config": "Print the labeling config, or check any config.",
    "lint": "Check config, data, predictions and hotkeys.",
    "predict": "Pre-annotate all tasks.",
    "up": "Start Label Studio for this project.",
    "down": "Stop what 'up' started.",
    "backend": "Run the ML backend: predictions, and training from annotations.",
    "users": "Manage annotators' accounts.",
    "push": "Create or update the Label Studio project.",
    "pull": "Bring annotations back.",
    "review": "Make the review of what annotators differ about.",
    "train": "Train a segmenter on the annotations.",
    "models": "List, promote and roll back trained models.",
    "evaluate": "Score predictions against the annotations.",
    "agreement": "Measure how well annotators agree.",
    "consensus": "Combine annotators into one reading.",
    "progress": "Show who did what, how long it takes, and what is left.",
    "export": "Write labels in native formats.",
    "demo": "Run everything on generated recordings.",
    "doctor": "Check the installation and say what to do.",
    "domains": "List installed domains.",
    "plugins": "List plugins with hooks and status.",
    "plugin": "Make or check a plugin package.",
}
"""Every verb with its line in ``--help``; the module is imported when the verb runs."""

INTERRUPTED = {
    "add": "the same command goes on from here",
    "push": "the same command goes on from here",
    "review": "the same command goes on from here",
    "train": "no model was changed, and the same command starts over",
    "backend": "the backend has stopped",
}
"""What Ctrl-C left; all other verbs may simply be run again."""


class LazyGroup(click.Group):
    """A group whose commands live in `tslab.commands` and are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs in the order of a working day."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, None for an unknown one."""
        del ctx
        if cmd_name not in VERBS:
            return None
        from tslab.commands.examples import explain

        module = importlib.import_module(f"tslab.commands.{cmd_name}")
        command: click.Command = module.command
        explain(cmd_name, command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the verbs without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the verb; a misspelt one gets a hint."""
        from tslab.errors import did_you_mean

        if args and not args[0].startswith("-") and args[0] not in VERBS:
            hint = did_you_mean(args[0], VERBS) or "'tslab --help' lists the commands."
            raise click.UsageError(f"no command '{args[0]}'. {hint}")
        return super().resolve_command(ctx, args)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tslab.__version__, prog_name="tslab")
def tslab_command() -> None:
    """Turn Label Studio into a labeling tool for signals.

    A first study: tslab init heart-study --domain ecg; cd heart-study; tslab add FILES;
    tslab predict; tslab up; tslab push. 'tslab demo --domain ecg' shows all of it.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits.

    Exit codes: 0 done, 1 findings or some files failed, 2 usage, 3 plugin, 4 project or data,
    5 Label Studio unreachable or refused, 130 interrupted.
    """
    code = run(sys.argv[1:] if arguments is None else arguments)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Threads of pyarrow's CSV reader now and then abort an interpreter that tears itself down.
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Runs the command line and returns its exit code."""
    if os.environ.get("TSLAB_TRACE_HOOKS", "0") not in ("", "0"):
        _trace_hooks()
    try:
        answer = tslab_command.main(arguments, prog_name="tslab", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except BrokenPipeError:
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
        text, code = _explain(error, next((word for word in arguments if word in VERBS), ""))
        return _fail(text, code, "--debug" in arguments)
    return answer if isinstance(answer, int) else 0


def _explain(error: BaseException, verb: str) -> tuple[str, int]:
    """The line that says what went wrong, and the exit code."""
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return f"interrupted; {INTERRUPTED.get(verb, 'the same command may be run again')}", 130
    if isinstance(error, click.ClickException):
        text = error.format_message().replace("\n", " ")
        ended = text if text.endswith((".", "?", "!")) else f"{text}."
        own = (
            error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "tslab"
        )
        return text if "--help" in text else f"{ended} '{own} --help' shows how.", 2
    if isinstance(error, TslabError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return _system_error(error), 4
    text = f"unexpected {type(error).__name__}: {error}"
    return f"{text}. This is a defect of tslab; run again with --debug", 4


def _fail(text: str, code: int, debug: bool = False) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    from tslab.wording import on_one_line

    click.echo(f"tslab: {on_one_line(str(text))}", err=True)
    return code


def _system_error(error: OSError) -> str:
    what = f"'{error.filename}': " if error.filename else ""
    remedy = (
        "Free some space and run the command again"
        if error.errno == 28
        else ("Check the path and your rights")
    )
    return f"{what}{error.strerror or error}. {remedy}"


def _trace_hooks() -> None:
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("hook %(message)s"))
    logger: Any = logging.getLogger("tslab.hooks")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
