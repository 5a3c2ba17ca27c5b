"""What the backend can be told, and how it refuses what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tslab.backend.settings import BackendSettings, Flags
from tslab.cli import run
from tslab.errors import ServerError, UsageError
from tslab.project import Project

NO_FLAGS = Flags()


def read(
    environ: Mapping[str, str], flags: Flags = NO_FLAGS, project: Project | None = None
) -> BackendSettings:
    return BackendSettings.read(flags, environ, project)


def test_defaults_are_those_of_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = read({})
    assert (found.host, found.port) == ("127.0.0.1", 9090)
    assert found.train_every == 1
    assert found.log_level == "INFO"
    assert found.segmenter == "learning"
    assert found.model_dir == tmp_path / "models"
    assert (found.user, found.url, found.api_key) == ("", "", "")


def test_the_environment_of_the_reference_works(tmp_path: Path) -> None:
    found = read(
        {
            "LABEL_STUDIO_HOST": "http://labels.example:8080/",
            "LABEL_STUDIO_API_KEY": " abc ",
            "START_TRAINING_EACH_N_UPDATES": "5",
            "MODEL_DIR": str(tmp_path),
            "BASIC_AUTH_USER": "ann",
            "BASIC_AUTH_PASS": "secret",
            "LOG_LEVEL": "debug",
            "SEGMENTER": "lstm",
            "TSLAB_ALLOW_HOSTS": "Files.example, nas:8000",
        }
    )
    assert found.url == "http://labels.example:8080"
    assert found.api_key == "abc"
    assert found.train_every == 5
    assert found.model_dir == tmp_path
    assert (found.user, found.password) == ("ann", "secret")
    assert found.log_level == "DEBUG"
    assert found.segmenter == "lstm"
    assert found.allow_hosts == ("files.example", "nas:8000")


def test_label_studio_url_is_the_other_name() -> None:
    assert (
        read({"LABEL_STUDIO_URL": "https://labels.example/sub"}).url == "https://labels.example/sub"
    )
    both = {"LABEL_STUDIO_HOST": "http://one", "LABEL_STUDIO_URL": "http://two"}
    assert read(both).url == "http://one"


@pytest.mark.parametrize("given", [".", "models", "./a/b", "a/../b"])
def test_relative_folders_work(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for found in (read({"MODEL_DIR": given}), read({}, Flags(model_dir=given))):
        assert found.model_dir == (tmp_path / given).resolve()


def test_flags_win(tmp_path: Path) -> None:
    flags = Flags(host="0.0.0.0", port=1234, model_dir=str(tmp_path), refresh=0)
    found = read({"MODEL_DIR": "elsewhere", "TSLAB_REFRESH": "7"}, flags)
    assert (found.host, found.port, found.model_dir, found.refresh) == (
        *("0.0.0.0", 1234, tmp_path),
        0,
    )


def test_secrets_are_not_shown() -> None:
    given = {
        "LABEL_STUDIO_API_KEY": "topsecret",
        "BASIC_AUTH_USER": "u",
        "BASIC_AUTH_PASS": "alsosecret",
    }
    assert "secret" not in repr(read(given))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("START_TRAINING_EACH_N_UPDATES", "0"),
        ("START_TRAINING_EACH_N_UPDATES", "-1"),
        ("START_TRAINING_EACH_N_UPDATES", "often"),
        ("START_TRAINING_EACH_N_UPDATES", "1.5"),
        ("START_TRAINING_EACH_N_UPDATES", "٣"),
        ("LOG_LEVEL", "LOUD"),
        ("SEGMENTER", "magic"),
        ("LABEL_STUDIO_HOST", "labels.example"),
        ("LABEL_STUDIO_HOST", "ftp://labels.example"),
        ("LABEL_STUDIO_HOST", "http://user:pass@labels.example"),
        ("LABEL_STUDIO_HOST", "http://labels.example:port"),
        ("LABEL_STUDIO_HOST", "http://labels.example/?a=b"),
        ("LABEL_STUDIO_API_KEY", "two words"),
        ("LABEL_STUDIO_API_KEY", "schlüssel"),
        ("BASIC_AUTH_USER", "alone"),
        ("BASIC_AUTH_PASS", "alone"),
        ("TSLAB_ALLOW_HOSTS", "http://files.example"),
        ("TSLAB_ALLOW_HOSTS", "*.example"),
        ("TSLAB_PREDICT_SECONDS", "soon"),
        ("TSLAB_PREDICT_SECONDS", "nan"),
        ("TSLAB_PREDICT_SECONDS", "-1"),
        ("TSLAB_MAX_BODY_MB", "0"),
        ("TSLAB_MAX_BODY_MB", "4097"),
        ("TSLAB_MAX_DATA_MB", "65537"),
        ("TSLAB_PREDICT_THREADS", "257"),
        ("TSLAB_PREDICT_THREADS", "9" * 5000),
        ("TSLAB_TRAININGS_AT_ONCE", "65"),
        ("TSLAB_MODELS_IN_MEMORY", "1001"),
        ("TSLAB_REFRESH", "1000001"),
        ("MODEL_DIR", __file__),
    ],
)
def test_senseless_values_are_refused_on_one_line(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        read({name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_user_name_cannot_hold_a_colon() -> None:
    with pytest.raises(UsageError, match="BASIC_AUTH_USER holds a ':'"):
        read({"BASIC_AUTH_USER": "ann:x", "BASIC_AUTH_PASS": "secret"})


def test_the_command_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("START_TRAINING_EACH_N_UPDATES", "often")
    assert run(["backend"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "START_TRAINING_EACH_N_UPDATES is 'often'" in said


def test_a_named_folder_must_be_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["backend", "--project", str(tmp_path)]) == 4
    assert "no tslab project" in capsys.readouterr().err


def test_tslab_yaml_is_the_last_to_be_asked(tmp_path: Path) -> None:
    (tmp_path / "tslab.yaml").write_text(
        "domain: iot\nsegmenter: lstm\nallow_hosts: [Files.example]\n"
        "label_studio: {url: 'http://named.example'}\n"
    )
    project = Project.open(tmp_path)
    found = read({}, project=project)
    assert found.model_dir == tmp_path / "models"
    assert (found.segmenter, found.url) == ("lstm", "http://named.example")
    assert found.allow_hosts == ("files.example",)
    given = {"SEGMENTER": "learning", "LABEL_STUDIO_HOST": "http://other.example"}
    found = read(given, project=project)
    assert (found.segmenter, found.url) == ("learning", "http://other.example")


def test_a_segmenter_that_does_not_learn_leaves_the_default(tmp_path: Path) -> None:
    (tmp_path / "tslab.yaml").write_text("domain: iot\nsegmenter: iot-rules\n")
    assert read({}, project=Project.open(tmp_path)).segmenter == "learning"


def test_restricted_privacy_forbids_another_machine(tmp_path: Path) -> None:
    (tmp_path / "tslab.yaml").write_text("domain: iot\nprivacy: restricted\n")
    project = Project.open(tmp_path)
    with pytest.raises(ServerError, match="privacy is restricted"):
        read({"LABEL_STUDIO_HOST": "http://elsewhere.example"}, project=project)
    assert read({"LABEL_STUDIO_HOST": "http://127.0.0.1:8080"}, project=project).url
