"""A Label Studio that tslab did not start: no local files, personal access token only."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from kit.editor import login, open_task
from kit.studies import make_study
from kit.tokens import personal_token

pytestmark = [pytest.mark.browser, pytest.mark.server]

EMAIL, PASSWORD = "lead@example.com", "a-long-password-1"


@dataclass
class Foreign:
    url: str
    token: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    data, port = tmp_path_factory.mktemp("foreign"), free_port()
    url = f"http://127.0.0.1:{port}"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LABEL_STUDIO")}
    settings = {
        "LABEL_STUDIO_USERNAME": EMAIL,
        "LABEL_STUDIO_PASSWORD": PASSWORD,
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    command = [sys.executable, "-m", "label_studio.server", "start", "--no-browser"]
    command += [
        "--internal-host",
        "127.0.0.1",
        "--host",
        url,
        "--port",
        str(port),
        "--data-dir",
        str(data),
    ]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=clean | settings, stdout=log, stderr=log, cwd=data, start_new_session=True
        )
        try:
            for _ in range(480):
                assert process.poll() is None, (data / "log").read_text()[-2000:]
                try:
                    if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.5)
            yield Foreign(url, personal_token(url, EMAIL, PASSWORD))
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def test_upload_draw_label_pull(
    foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chromium: Any
) -> None:
    legacy = httpx.get(
        f"{foreign.url}/api/projects", headers={"Authorization": f"Token {foreign.token}"}
    )
    assert legacy.status_code == 401
    study = make_study(tmp_path, "ecg", "rhythm")
    settings = study.root / "tslab.yaml"
    text = (
        settings.read_text()
        .replace("url: ''", f"url: {foreign.url}")
        .replace("data: local", "data: upload")
    )
    settings.write_text(text)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", foreign.token)
    study.run("push")
    study.run("push")

    access = httpx.post(
        f"{foreign.url}/api/token/refresh/", json={"refresh": foreign.token}
    ).json()["access"]
    with httpx.Client(base_url=foreign.url, headers={"Authorization": f"Bearer {access}"}) as api:
        project = api.get("/api/projects").json()["results"][0]["id"]
        tasks = api.get("/api/tasks", params={"project": project, "include": "id,data"}).json()[
            "tasks"
        ]
        assert len(tasks) == len(study.project.tasks())
        assert all(re.fullmatch(r"/data/upload/\d+/.+\.csv", t["data"]["csv"]) for t in tasks)
        uploads = api.get(f"/api/projects/{project}/file-uploads", params={"all": "true"}).json()
        assert len(uploads) == len(tasks)

    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    login(page, foreign.url, EMAIL, PASSWORD)
    editor = open_task(page, foreign.url, project, tasks[0]["id"])
    assert all(pane.ok for pane in editor.wait_drawn())
    page.on("dialog", lambda dialog: dialog.accept())
    page.evaluate("Htx.annotationStore.selected.deleteAllRegions()")
    editor.press_label("g")
    first, last = editor.view()
    drawn = editor.drag(first + 0.2 * (last - first), first + 0.7 * (last - first))
    editor.submit()
    page.close()

    study.run("pull", expect=(0, 1))
    annotation = study.project.annotations_list()[0]
    assert annotation.annotator == EMAIL
    assert [span.label for span in annotation.spans] == ["AFL"]
    task = study.task(tasks[0]["data"]["task"])
    start = (drawn.start - task.axis_offset) * task.tick_us / 1e6
    assert annotation.spans[0].start == pytest.approx(start, abs=0.004)


def test_wrong_token_and_dead_server(
    foreign: Foreign,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = make_study(tmp_path, "iot")
    settings = study.root / "tslab.yaml"
    settings.write_text(settings.read_text().replace("url: ''", f"url: {foreign.url}"))
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    capsys.readouterr()
    study.run("push", expect=5)
    error = capsys.readouterr().err.strip()
    assert "refuses the token" in error
    assert "LABEL_STUDIO_API_KEY" in error
    assert "\n" not in error
    settings.write_text(
        settings.read_text().replace(foreign.url, f"http://127.0.0.1:{free_port()}")
    )
    study.run("push", expect=5)
    error = capsys.readouterr().err.strip()
    assert "does not answer" in error
    assert "\n" not in error


@pytest.fixture
def cors_server(tmp_path: Path) -> Iterator[str]:
    """A plain web server for a project folder, which lets the browser fetch from elsewhere."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "iot-study"))

        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_data_by_url(
    foreign: Foreign,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chromium: Any,
    cors_server: str,
) -> None:
    study = make_study(tmp_path, "iot")
    settings = study.root / "tslab.yaml"
    text = settings.read_text().replace("url: ''", f"url: {foreign.url}\n  data_url: {cors_server}")
    settings.write_text(text.replace("data: local", "data: url"))
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", foreign.token)
    study.run("push")
    access = httpx.post(f"{foreign.url}/api/token/refresh/", json={"refresh": foreign.token})
    headers = {"Authorization": f"Bearer {access.json()['access']}"}
    with httpx.Client(base_url=foreign.url, headers=headers) as api:
        project = api.get("/api/projects", params={"title": "iot"}).json()["results"][0]["id"]
        wanted = {"project": project, "include": "id,data"}
        tasks = api.get("/api/tasks", params=wanted).json()["tasks"]
    assert {t["data"]["csv"] for t in tasks} == {
        f"{cors_server}/{task.csv}" for task in study.project.tasks()
    }
    page = chromium.new_page(viewport={"width": 1920, "height": 1080})
    login(page, foreign.url, EMAIL, PASSWORD)
    assert all(
        pane.ok for pane in open_task(page, foreign.url, project, tasks[0]["id"]).wait_drawn()
    )
    page.close()
