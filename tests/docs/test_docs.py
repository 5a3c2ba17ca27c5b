"""Links and names of the documentation are right, and its site builds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from kit.doc_pages import DOCS, PAGES, ROOT

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
