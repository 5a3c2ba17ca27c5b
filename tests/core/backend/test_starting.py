"""What the backend refuses or says before it serves."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tslab.backend.settings import BackendSettings
from tslab.backend.starting import cautions, check_start
from tslab.cli import run
from tslab.errors import ProjectError, UsageError


@pytest.mark.parametrize("inside", ["", "models", "a/b"])
def test_a_usable_folder_is_left_as_it_was(inside: str, tmp_path: Path) -> None:
    check_start(BackendSettings(tmp_path / inside))
    assert list(tmp_path.iterdir()) == []
    assert tmp_path.is_dir()


def test_a_folder_that_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "file" / "models"))
    assert run(["backend", "--port", "0"]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "MODEL_DIR" in said


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")  # root may write everywhere

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ProjectError, match="Permission denied"):
        check_start(BackendSettings(tmp_path / "models"))
    assert not (tmp_path / "models").exists()


def test_settings_of_the_net_are_read_where_it_is_trained(tmp_path: Path) -> None:
    given = {"TRAIN_EPOCHS": "many"}
    check_start(BackendSettings(tmp_path), given)
    with pytest.raises(UsageError, match="TRAIN_EPOCHS"):
        check_start(BackendSettings(tmp_path, segmenter="lstm"), given)


def test_a_missing_torch_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    check_start(BackendSettings(tmp_path), {})
    with pytest.raises(UsageError, match="needs torch"):
        check_start(BackendSettings(tmp_path, segmenter="lstm"), {})


def test_what_it_cannot_do_is_said(tmp_path: Path) -> None:
    [line] = cautions(BackendSettings(tmp_path, url="http://labels.example"))
    assert "LABEL_STUDIO_HOST and LABEL_STUDIO_API_KEY" in line
    whole = {"url": "http://labels.example", "api_key": "x"}
    assert cautions(BackendSettings(tmp_path, **whole)) == []  # type: ignore[arg-type]
    assert cautions(BackendSettings(tmp_path, folder=tmp_path)) == []


def test_an_open_address_is_said(tmp_path: Path) -> None:
    given = BackendSettings(tmp_path, host="0.0.0.0", folder=tmp_path)
    [line] = cautions(given)
    assert "BASIC_AUTH_USER" in line
