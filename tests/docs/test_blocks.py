"""Blocks of the documentation are valid and run, and guides do what they say."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kit.doc_pages import BLOCKS, DOCS, PAGES, ROOT, SHELL, Block, blocks, command_lines

from tslab import Domain
from tslab.cli import run
from tslab.overrides import effective_domain
from tslab.plugin_manager import load_domain
from tslab.settings import Settings

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
