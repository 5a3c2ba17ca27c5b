"""A real Label Studio for each domain, and a real Chromium, once for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.studies import Study, give_database, make_study

pytestmark = [pytest.mark.browser, pytest.mark.server]

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM.exists(), "install it: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session", params=["ecg", "iot"])
def study(
    request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Study]:
    views = {"ecg": ("rhythm", "beats"), "iot": ("anomalies",)}[request.param]
    made = make_study(tmp_path_factory.mktemp(request.param), request.param, *views)
    give_database(made.server, migrated)
    made.run("up", "--no-backend")  # a model learnt meanwhile would change what is shown
    made.run("push")
    yield made
    made.run("down")
