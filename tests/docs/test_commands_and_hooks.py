"""The documentation has every command, hook and setting as the code has it."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from kit.doc_pages import BLOCKS, DOCS, PAGES, ROOT, SHELL, blocks, command_lines

from tslab import hookspecs
from tslab.cli import VERBS, run, tslab_command
from tslab.plugin_manager import load_domain
from tslab.settings import Settings

LINES = {line: str(b) for b in BLOCKS if b.language in SHELL for line in command_lines(b)}
SPANS = {
    span: page.relative_to(ROOT)
    for page in PAGES
    for span in re.findall(r"`(tslab [a-z][^`\n]*)`", page.read_text(encoding="utf-8"))
}


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first words name, and what is left of them."""
    command: click.Command = tslab_command
    names = []
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"there is no command '{' '.join([*names, words[0]])}'"
        names.append(words[0])
        command, words = found, words[1:]
    return command, words


def test_there_are_commands_to_check() -> None:
    assert len(LINES) > 50
    assert len(SPANS) > 25


@pytest.mark.parametrize("line", sorted(LINES))
def test_command_line_parses(line: str) -> None:
    command, words = command_of(shlex.split(line, comments=True)[1:])
    if {"--help", "--version"} & set(words):
        return
    assert not isinstance(command, click.Group), f"{LINES[line]}: {line} names no verb"
    shown = [word for word in words if word not in (">", "rhythm.xml")]
    command.make_context(command.name, shown)


@pytest.mark.parametrize("line", sorted(SPANS))
def test_command_in_the_text_exists(line: str) -> None:
    words = shlex.split(line.replace("...", ""), comments=True)[1:]
    command, words = command_of(words)
    parser = command.make_parser(click.Context(command))
    try:
        parser.parse_args(words)
    except click.BadOptionUsage:
        pass  # an option without its value: `tslab config --check`
    except click.NoSuchOption as error:
        pytest.fail(f"{SPANS[line]}: `{line}`: {error.message}")


def test_reference_is_up_to_date() -> None:
    script = ROOT / "scripts" / "make_reference.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_reference_check_sees_a_difference(tmp_path: Path) -> None:
    import shutil

    for name in ("docs", "scripts", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    page = tmp_path / "docs/reference/lint.md"
    right = page.read_text()
    page.write_text(right.replace("TSL001", "TSL999"))
    (tmp_path / "docs/reference/hooks/tslab_gone.md").write_text("gone")
    script = [sys.executable, str(tmp_path / "scripts/make_reference.py")]
    done = subprocess.run([*script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "docs/reference/lint.md differs" in done.stdout
    assert "tslab_gone.md differs" in done.stdout
    subprocess.run(script, check=True, capture_output=True)
    assert page.read_text() == right
    assert not (tmp_path / "docs/reference/hooks/tslab_gone.md").exists()


def leaf_commands() -> Iterator[tuple[str, click.Command]]:
    for verb in VERBS:
        command, _ = command_of([verb])
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", c) for name, c in command.commands.items())
        else:
            yield verb, command


@pytest.mark.parametrize(("words", "command"), list(leaf_commands()), ids=lambda v: str(v))
def test_command_has_a_page(words: str, command: click.Command) -> None:
    page = (DOCS / f"reference/commands/{words.replace(' ', '-')}.md").read_text()
    assert f"# tslab {words}\n" in page
    assert f"```bash\ntslab {words}" in page, "an example"
    assert f"Examples:\n    tslab {words}" in command.get_help(click.Context(command))
    shared = {"--project", "--json", "--quiet", "--debug"}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} has no help"
            for name in set(parameter.opts) - shared:
                assert name in page


HOOKS = [name for name in vars(hookspecs) if name.startswith("tslab_")]


@pytest.mark.parametrize("name", HOOKS)
def test_hook_has_a_page_with_its_arguments(name: str) -> None:
    page = (DOCS / f"reference/hooks/{name}.md").read_text()
    code = next(blocks(DOCS / f"reference/hooks/{name}.md")).text
    function = next(n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.FunctionDef))
    wanted = inspect.signature(getattr(hookspecs, name))
    shown = {item.arg: ast.unparse(item.annotation) for item in function.args.args}
    assert shown == {key: value.annotation for key, value in wanted.parameters.items()}
    assert ast.unparse(function.returns) == wanted.return_annotation
    for heading in ("## Returns", "## Exceptions", "Since "):
        assert heading in page
    for key in wanted.parameters:
        assert f"| `{key}` |" in page


def test_every_hook_is_in_the_diagram() -> None:
    diagram = (DOCS / "how-to/write-a-plugin.md").read_text()
    assert [name for name in HOOKS if name not in diagram] == []


def test_the_number_of_hooks_in_the_changelog() -> None:
    assert f"{len(HOOKS)} hooks" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["ecg", "iot"])
def test_domain_page_has_every_label(name: str) -> None:
    page = (DOCS / f"reference/domains/{name}.md").read_text()
    _, domain = load_domain(name)
    for tier in domain.tiers:
        for label in tier.labels:
            assert f"| {label.name} | `{label.hotkey}` | `{label.code}` |" in page
    for field in (*domain.fields, *domain.task_fields):
        assert f"| `{field.name}` |" in page


def test_init_names_the_page_of_settings(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "study"), "--domain", "ecg", "--quiet"]) == 0
    text = (tmp_path / "study/tslab.yaml").read_text()
    named = re.search(r"docs/\S+\.md", text)
    assert named
    assert (ROOT / named[0]).is_file()


def test_settings_page_names_every_setting() -> None:
    page = (DOCS / "reference/settings.md").read_text()
    for name in Settings.model_fields:
        assert f"| `{name}` |" in page
