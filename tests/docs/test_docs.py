"""The documentation says what the code does: commands parse, blocks run, pages are complete."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import yaml

from tslab import Domain, hookspecs
from tslab.cli import VERBS, run, tslab_command
from tslab.overrides import effective_domain
from tslab.plugin_manager import load_domain
from tslab.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*WRITTEN, *sorted(DOCS.rglob("*.md"))]
SHELL = {"bash", "sh", "console"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    runs: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    began = None
    for number, line in enumerate(lines, start=1):
        if not line.startswith("```"):
            continue
        if began is None:
            began = number
            continue
        runs = began >= 2 and lines[began - 2] == "<!-- run -->"
        text = "\n".join(lines[began : number - 1])
        yield Block(page, began, lines[began - 1][3:].strip(), text, runs)
        began = None
    assert began is None, f"{page}: the block of line {began} has no end"


BLOCKS = [block for page in PAGES for block in blocks(page)]


def command_lines(block: Block) -> Iterator[str]:
    for line in block.text.splitlines():
        for part in line.removeprefix("$ ").split("; "):
            if part.startswith("tslab "):
                yield part


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


# --- commands in the text -----------------------------------------------------------------


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


# --- generated pages ----------------------------------------------------------------------


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


# --- blocks -------------------------------------------------------------------------------


YAML = [block for block in BLOCKS if block.language == "yaml"]
PYTHON = [block for block in BLOCKS if block.language == "python"]


@pytest.mark.parametrize("block", YAML, ids=str)
def test_settings_in_the_text_are_valid(block: Block) -> None:
    settings = Settings.model_validate(yaml.safe_load(block.text))
    _, declared = load_domain(settings.domain)
    assert isinstance(effective_domain(declared, settings), Domain)


def test_readme_shows_settings() -> None:
    assert any(block.page.name == "README.md" for block in YAML)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_block_compiles(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("page", [p for p in PAGES if any(b.runs for b in blocks(p))], ids=str)
def test_python_blocks_run(
    page: Path, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(study)
    names: dict[str, object] = {"__name__": "docs"}
    for block in blocks(page):
        if block.runs:
            assert block.language == "python"
            exec(compile(block.text, str(block), "exec"), names)  # the block's own words
    reader = names.get("tslab_read_recording")
    if reader is not None:
        _check_reader(reader, study)


def _check_reader(reader: object, folder: Path) -> None:
    """The reader of the guide reads what it says it reads."""
    from tslab import DataError, Source

    path = folder / "logger.acme"
    path.write_text("ACME 10\n1.0\n2.5\n")
    assert callable(reader)
    recording = reader(Source.open(path))
    assert (recording.duration, list(recording.signals[0].values())) == (0.2, [1.0, 2.5])
    path.write_text("ACME ten\n")
    with pytest.raises(DataError, match="acme"):
        reader(Source.open(path))
    assert reader(Source(path, b"other")) is None


def test_the_example_plugin_is_complete_in_the_text() -> None:
    page = (DOCS / "how-to/write-a-plugin.md").read_text()
    for name in ("src/tslab_minimal/__init__.py", "pyproject.toml"):
        assert (ROOT / "examples/minimal_plugin" / name).read_text().strip() in page


def test_plugins_of_the_guide_pass_their_contract(tmp_path: Path) -> None:
    tslab = str(Path(sys.executable).parent / "tslab")
    example = str(ROOT / "examples/minimal_plugin")
    for words in (["new", "pump"], ["check", "tslab-pump"], ["check", example]):
        done = subprocess.run(
            [tslab, "plugin", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_interface_is_in_the_text() -> None:
    page = (DOCS / "reference/python.md").read_text()
    for name in ("tslab.open_project(folder='.')", "### Project", "| `recording(recording_id"):
        assert name in page


# --- the guides, as far as they go without a server ---------------------------------------


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of Getting started, up to `predict`, with annotations that agree with it."""
    root = tmp_path_factory.mktemp("docs")
    plugins, domain = load_domain("ecg")
    sample = plugins.sample_recordings(domain)[0]
    folder = root / "demo/recordings"
    folder.mkdir(parents=True)
    assert sample.write
    sample.write(folder)
    (folder / "metadata.csv").write_text("file,age,clinic\nholter-1.hea,93,Elsewhere\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        offline = {"init", "peek", "add", "lint", "predict"}
        for block in blocks(DOCS / "getting-started.md"):
            for line in command_lines(block) if block.language in SHELL else ():
                words = shlex.split(line, comments=True)[1:]
                if words[0] in offline and "iot" not in words:
                    assert run(words) == 0, line
                    if words[0] == "init":
                        patch.chdir(root / "heart-study")
    return root / "heart-study"


def test_getting_started_makes_tasks(study: Path) -> None:
    from tslab import open_project

    project = open_project(study)
    assert len(project.tasks()) == 1
    assert project.tasks()[0].end == 300.0
    assert not project.predictions.empty
    assert dict(project.tasks()[0].metadata) == {"age": "90+"}


def test_a_models_table_as_the_guide_shows_it(study: Path) -> None:
    page = DOCS / "how-to/outside-models.md"
    lines = page.read_text().splitlines()
    at = lines.index("<!-- table -->")
    table = next(block for block in blocks(page) if block.line == at + 2)
    path = study / "regions.csv"
    path.write_text(table.text + "\n")
    command = ["predict", "--from", str(path), "--model-version", "afnet-3"]
    assert run([*command, "--project", str(study), "--quiet"]) == 0
    code = run(["export", "--to", "csv", "--predictions", "afnet-3", "--project", str(study)])
    assert code == 0
    exported = (study / "exports/csv/annotations.csv").read_text()
    assert "AFIB" in exported


# --- links --------------------------------------------------------------------------------

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"[\s\-]+", "-", heading) for heading in plain}


def test_checks_of_agreement_name_tests_that_there_are() -> None:
    text = (DOCS / "explanation" / "agreement-checks.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert len(named) > 70
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert named - defined == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in LINK.findall(text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in _anchors(place), f"{target}: no such heading"


def test_no_page_names_this_machine() -> None:
    for page in PAGES:
        found = re.search(r"(?<![\w.])/(work|tmp|root|home|Users)/", page.read_text())
        assert found is None, f"{page}: {found}"


def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).parent / "mkdocs"
    done = subprocess.run(
        # Not --quiet: it hides warnings from --strict as well.
        [str(mkdocs), "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site/reference/settings.html").is_file()
    pages = "".join(page.read_text() for page in (tmp_path / "site").rglob("*.html"))
    loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)"', pages)
    assert [address for address in loaded if "readthedocs" not in address] == []
