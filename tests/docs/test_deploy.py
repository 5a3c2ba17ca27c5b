"""Compose file, Dockerfile and unit, held against the tree; no engine runs here."""

from __future__ import annotations

import configparser
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DEPLOY_PAGE = (ROOT / "docs" / "how-to" / "deploy.md").read_text()


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ROOT / "deploy" / "tslab-backend.service")
    return parser


# --- compose ----------------------------------------------------------------------------------


def test_services_and_volumes_fit_together() -> None:
    assert set(SERVICES) == {"secrets", "postgres", "label-studio", "backend"}
    for name, service in SERVICES.items():
        for wanted, condition in service.get("depends_on", {}).items():
            assert wanted in SERVICES, (name, wanted)
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[wanted], (name, wanted)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).exists(), (name, source)
            else:
                assert source in COMPOSE["volumes"], (name, source)
        for network in service.get("networks", []):
            assert network in COMPOSE["networks"], (name, network)


def test_images_have_versions_and_ours_is_built_from_the_tree() -> None:
    for name, service in SERVICES.items():
        if service["image"] == "tslab-backend":
            assert service["build"]["context"] == ".", name
            assert set(service["build"]["args"]) <= set(re.findall(r"(?m)^ARG (\w+)", DOCKERFILE))
        else:
            assert re.search(r":(\d|\$\{\w+:-\d)", service["image"]), (name, service["image"])
    # Two that build one image fail when they are built at the same time.
    assert [name for name, service in SERVICES.items() if "build" in service] == ["backend"]


def test_another_port_is_part_of_the_address_that_pages_load_from() -> None:
    given = SERVICES["label-studio"]
    port = "${LABEL_STUDIO_PORT:-8080}"
    assert given["ports"] == ["${LABEL_STUDIO_BIND:-127.0.0.1}:" + port + ":8080"]
    host = given["environment"]["LABEL_STUDIO_HOST"]
    assert host == "${LABEL_STUDIO_HOST:-http://localhost:" + port + "}"


def test_only_label_studio_can_be_reached_and_only_from_this_machine() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(ports) == {"label-studio"}
    assert ports["label-studio"][0].startswith("${LABEL_STUDIO_BIND:-127.0.0.1}:")
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["backend"]["networks"] == SERVICES["postgres"]["networks"] == ["inside"]


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASS|TOKEN|KEY|SECRET", variable) and not variable.endswith("_FILE"):
                assert value in ("", "true") or value.startswith("${"), (name, variable)


def test_label_studio_may_talk_to_a_private_backend_and_to_nobody_else() -> None:
    given = SERVICES["label-studio"]["environment"]
    assert given["LABEL_STUDIO_ML_BLOCK_LOCAL_IP"] == "false"
    assert given["LABEL_STUDIO_SSRF_PROTECTION_ENABLED"] == "false"
    assert given["LABEL_STUDIO_COLLECT_ANALYTICS"] == "false"
    assert given["LABEL_STUDIO_SENTRY_DSN"] == ""


def test_label_studio_is_the_version_that_tslab_pins() -> None:
    pinned = re.search(r"label-studio==([\d.]+)", (ROOT / "core" / "pyproject.toml").read_text())
    assert pinned is not None
    assert SERVICES["label-studio"]["image"].endswith(f":-{pinned[1]}}}")


def test_every_variable_of_the_compose_file_is_documented() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert used
    assert [name for name in sorted(used) if f"`{name}`" not in DEPLOY_PAGE] == []


def test_backend_reads_every_variable_that_it_is_given() -> None:
    package = ROOT / "core" / "src" / "tslab"
    reads = (package / "backend" / "settings.py").read_text()
    reads += (package / "segmentation" / "lstm" / "settings.py").read_text()
    reads += (ROOT / "deploy" / "entrypoint.sh").read_text()
    given = SERVICES["backend"]["environment"]
    assert [name for name in given if name not in reads] == []


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="no docker-compose to ask")
def test_docker_compose_takes_it(tmp_path: Path) -> None:
    # Version 1 of the command, the one without an engine, knows everything but the name.
    text = re.sub(r"(?m)^name:.*$", "", (ROOT / "compose.yaml").read_text())
    (tmp_path / "compose.yaml").write_text(text)
    command = ["docker-compose", "-f", str(tmp_path / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- secrets ----------------------------------------------------------------------------------


def variables(path: Path) -> dict[str, str]:
    """What a shell knows after it read the file."""
    found = subprocess.run(
        ["sh", "-c", f". {path}; env"], capture_output=True, text=True, env={}, check=True
    )
    return dict(line.split("=", 1) for line in found.stdout.splitlines())


def test_secrets_fit_together_and_are_made_once(tmp_path: Path) -> None:
    command = ["sh", str(ROOT / "deploy" / "make-secrets.sh"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    server, backend = variables(tmp_path / "label-studio.env"), variables(tmp_path / "backend.env")
    assert backend["LABEL_STUDIO_API_KEY"] == server["LABEL_STUDIO_USER_TOKEN"]
    assert server["POSTGRE_PASSWORD"] == (tmp_path / "postgres").read_text()
    made = [server["POSTGRE_PASSWORD"], server["LABEL_STUDIO_USER_TOKEN"]]
    made += [server["LABEL_STUDIO_PASSWORD"], backend["BASIC_AUTH_PASS"]]
    assert len(set(made)) == 4
    assert all(re.fullmatch("[0-9a-f]{40}", secret) for secret in made)
    subprocess.run(command, check=True, capture_output=True)
    assert variables(tmp_path / "label-studio.env") == server


def test_secrets_that_were_half_made_are_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("old")
    command = ["sh", str(ROOT / "deploy" / "make-secrets.sh"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    server = variables(tmp_path / "label-studio.env")
    assert server["POSTGRE_PASSWORD"] == (tmp_path / "postgres").read_text() != "old"


@pytest.mark.parametrize("given", ["", "my.own.token"])
def test_a_key_that_is_given_later_wins_over_the_one_that_was_made(
    given: str, tmp_path: Path
) -> None:
    """A personal access token cannot exist before Label Studio's first start."""
    command = ["sh", str(ROOT / "deploy" / "make-secrets.sh"), str(tmp_path)]
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LABEL_STUDIO_API_KEY": given}
    subprocess.run(command, env=env, check=True, capture_output=True)
    made = variables(tmp_path / "backend.env")["LABEL_STUDIO_API_KEY"]
    assert made == variables(tmp_path / "label-studio.env")["LABEL_STUDIO_USER_TOKEN"]
    (tmp_path / "tslab").write_text('#!/bin/sh\necho "$LABEL_STUDIO_API_KEY|$BASIC_AUTH_USER"\n')
    (tmp_path / "tslab").chmod(0o755)
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "entrypoint.sh"), "backend"],
        env={**env, "TSLAB_ENV_FILE": str(tmp_path / "backend.env")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{given or made}|label-studio\n"
    assert SERVICES["backend"]["environment"]["LABEL_STUDIO_API_KEY"] == "${LABEL_STUDIO_API_KEY:-}"


# --- Dockerfile -------------------------------------------------------------------------------


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    for sources in re.findall(
        r"(?m)^COPY (?!--from)((?:(?!--)\S+ )+|--chmod=\S+ \S+ )", DOCKERFILE
    ):
        for source in (part for part in sources.split() if not part.startswith("--")):
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in kept, source


def test_image_installs_every_plugin_of_the_tree() -> None:
    for folder in (ROOT / "plugins").iterdir():
        if (folder / "pyproject.toml").exists():
            assert f"./plugins/{folder.name}" in DOCKERFILE


def test_image_runs_as_nobody_special() -> None:
    users = re.findall(r"(?m)^USER (\S+)", DOCKERFILE)
    assert users == ["tslab"]
    assert "HEALTHCHECK" in DOCKERFILE


def test_entry_point_reads_secrets_and_runs_tslab(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("export WORD='from the file'\n")
    (tmp_path / "tslab").write_text('#!/bin/sh\necho "$WORD|$*"\n')
    (tmp_path / "tslab").chmod(0o755)
    done = subprocess.run(
        ["sh", str(ROOT / "deploy" / "entrypoint.sh"), "backend", "--port", "9090"],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "TSLAB_ENV_FILE": str(tmp_path / "secrets.env"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "from the file|backend --port 9090\n"


# --- systemd ----------------------------------------------------------------------------------


def test_unit_starts_the_backend_as_a_user_of_its_own() -> None:
    service = unit()["Service"]
    assert re.fullmatch(r"\S+/tslab backend --host 127\.0\.0\.1 --port 9090", service["ExecStart"])
    for switch in ("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp"):
        assert service[switch] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["Environment"].startswith(f"MODEL_DIR=/var/lib/{service['StateDirectory']}/")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze to ask")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "tslab-backend.service").read_text()
    path = tmp_path / "tslab-backend.service"
    path.write_text(text.replace("/opt/tslab/bin/tslab", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_scripts_are_plain_shell() -> None:
    for path in (ROOT / "deploy").glob("*.sh"):
        subprocess.run(["sh", "-n", str(path)], check=True)
        assert stat.S_ISREG(path.stat().st_mode)
