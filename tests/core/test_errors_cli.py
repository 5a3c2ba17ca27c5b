"""Errors are one line with a remedy and an exit code, and leave no half-written file."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from tslab import cli, files
from tslab.errors import TslabError, counted, did_you_mean


def test_an_error_is_one_line_with_its_remedy() -> None:
    error = TslabError("two\n  lines", "do\nthis.")
    assert str(error) == "two lines. do this."
    assert str(TslabError("x")) == "x"


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [("egc", ["ecg", "iot"], "did you mean 'ecg'?"), ("ECG", ["ecg"], "did you mean 'ecg'?"),
     ("zzz", ["ecg"], ""), ("x", [], "")],
)  # fmt: skip
def test_hints(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint


@pytest.mark.parametrize("words", [("lint",), ("predict",), ("config",), ("add", "x.csv")])
def test_without_a_project(shell: Any, words: tuple[str, ...]) -> None:
    assert "there is no folder" in shell.fails(4, *words)
    shell.folder.mkdir()
    assert "no tslab project in" in shell.fails(4, *words)


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["lnit"], "no command 'lnit'. did you mean 'lint'"), (["init"], "'--domain'"),
     (["add"], "FILES"), (["lint", "--jsn"], "--jsn"), (["export", "--to"], "--to")],
)  # fmt: skip
def test_usage_errors_exit_with_2(shell: Any, words: list[str], hint: str) -> None:
    assert hint in shell.fails(2, *words, project=False)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tslab.yaml", b"domain: [", "is not valid YAML"),
        ("tslab.yaml", b"domain: iot\nwindwo: 1\n", "did you mean 'window'"),
        ("tslab.yaml", b"domain: iot\nhotkeys: {Drfit: x}\n", "did you mean 'Drift'"),
        ("recordings.csv", b"id,sha256\nx,y\n", "'recordings.csv' is damaged"),
        ("recordings.csv", b"\xff\xfe\x00", "'recordings.csv' is damaged"),
        ("recordings.csv", b"id,sha256,duration,channels,units,sampling_rates\nx,y,nan,a,,1\n",
         "'recordings.csv' is damaged"),
        ("recordings.csv", b"id,sha256,duration,channels,units,sampling_rates\nx,y,1\n",
         "'recordings.csv' is damaged"),
        ("recordings.csv", b"id,sha256,duration,channels,units,sampling_rates\n",
         "Run 'tslab add'"),
        ("tasks.json", b"{", "is not valid JSON"),
        ("tasks.json", b"[1]", "no task of tslab"),
        ("tasks.json", b"{}", "no task of tslab"),
        ("tasks.json", b'[{"data": {"task": "t", "recording": "r"}, "meta": {"view": "anomalies",'
                       b'"start": "x", "end": 1, "channels": [], "tick_us": 1, "part": [1],'
                       b'"metadata": {}}}]', "no task of tslab"),
        ("predictions/x.json", b"[]", "was not written by tslab"),
        ("predictions/x.json", b'{"model_version": "m"}', "'predictions/x.json' is damaged"),
        ("predictions/x.json", b'{"model_version": "m", "tasks": []}', "is damaged"),
        ("annotations/annotations.json", b"{", "is damaged"),
        ("annotations/annotations.json",
         b'[{"recording": "r", "annotator": "a", "spans":'
         b'[{"start": 2, "end": 1, "label": "x", "tier": "y"}]}]', "is damaged"),
        (".tslab/sources.json", b'{"x": 1}', "sources.json' is damaged"),
    ],
)  # fmt: skip
def test_damaged_project_files_are_named(
    machine: Any, name: str, content: bytes, words: str
) -> None:
    path = machine.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert words in machine.fails(4, "lint")
    if name.startswith("predictions"):
        for line in (["export", "--to", "csv", "--predictions", ""], ["predict"]):
            assert cli.run([*line, "--project", str(machine.folder)]) in (0, 4)


def test_a_source_that_is_gone_or_changed(machine: Any, tmp_path: Path) -> None:
    machine("predict")
    path = tmp_path / "pump.csv"
    text = path.read_text()
    path.write_text(text + "1000,1,1\n")
    words = ("export", "--to", "csv", "--predictions", "")
    assert "changed since it was added" in machine.fails(4, *words)
    path.unlink()
    assert "is gone. Put the file back" in machine.fails(4, *words)
    before = machine.files()
    machine("predict", code=1)
    assert "is gone" in machine.err
    assert machine.files() == before


@pytest.mark.parametrize("words", [("predict", "--quiet"), ("add", "new.csv", "--quiet")])
def test_a_full_disk_leaves_every_file_whole(
    machine: Any, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "new.csv"
    new.write_text((tmp_path / "pump.csv").read_text() + "1000,1,1\n")
    before = machine.files()

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(files, "_write_all", full)
        line = machine.fails(4, *(new if word == "new.csv" else word for word in words))
    assert "Free some space and run the command again" in line
    after = machine.files()
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.endswith(".part")]
    machine(*(new if word == "new.csv" else word for word in words))


def test_a_full_disk_in_the_middle_of_a_task_csv(
    machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "new.csv"
    new.write_text((tmp_path / "pump.csv").read_text() + "1000,1,1\n")
    before = machine.files()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.csv.write_csv", full)
        assert "Free some space" in machine.fails(4, "add", new)
    assert machine.files() == before


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tslab.preparation import ingest

    lines = (tmp_path / "pump.csv").read_text().splitlines(keepends=True)
    paths = []
    for number in (1, 2):
        paths.append(tmp_path / f"new{number}.csv")
        paths[-1].write_text("".join(lines[: 500 + number]))
    real = ingest.ingest

    def interrupted(project: Any, path: Path, *rest: Any) -> Any:
        if path.name == "new2.csv":
            raise KeyboardInterrupt
        return real(project, path, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "ingest", interrupted)
        machine("add", *paths, code=130)
    assert [x for x in machine.err.splitlines() if x.strip()] == [
        "tslab: interrupted; the same command goes on from here"
    ]
    assert len(json.loads(machine.files()["tasks.json"])) == 2
    machine("add", *paths)
    assert len(json.loads(machine.files()["tasks.json"])) == 3


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (("backend",), "the backend has stopped"),
        (("lint",), "the same command may be run again"),
        (("push", "--dry-run"), "the same command goes on from here"),
    ],
)
def test_ctrl_c_says_what_is_true_of_the_command(
    shell: Any, words: tuple[str, ...], left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tslab.commands.output.Output.project", interrupted)
    assert shell.fails(130, *words) == f"tslab: interrupted; {left}"


def test_debug_shows_the_traceback_and_the_line_stays_last(shell: Any) -> None:
    shell("lint", "--debug", code=4)
    assert "Traceback" in shell.err
    assert shell.err.splitlines()[-1].startswith("tslab: there is no folder")


def test_a_defect_of_ours_is_one_line_that_says_so(
    shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a\nb")

    monkeypatch.setattr("tslab.project.Project.open", broken)
    shell("lint", code=4)
    assert shell.err == (
        "tslab: unexpected RuntimeError: a b. This is a defect of tslab; run again with --debug\n"
    )


@pytest.mark.parametrize(
    ("number", "things", "text"),
    [
        (0, "tasks", "0 tasks"),
        (1, "tasks", "1 task"),
        (2, "tasks", "2 tasks"),
        (1, "spans of 'X' in tiers", "1 span of 'X' in tiers"),
        (1, "skipped", "1 skipped"),
    ],
)
def test_one_thing_is_no_plural(number: int, things: str, text: str) -> None:
    assert counted(number, things) == text
