"""Distributions with plugins that are made in a folder, and what tslab says of them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tslab.cli import run

DOMAIN = """
from tslab import Domain, Label, Span, Tier, hookimpl

@hookimpl
def tslab_domain():
    tier = Tier(name="wave", kind="intervals", labels=(Label(name="High"),))
    return Domain(name={name!r}, title="The {name}", tiers=(tier,), open_channels=True)
"""


class Distributions:
    """Distributions made in a folder: real metadata, no installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(
        self,
        name: str,
        source: str | None,
        *,
        domains: Mapping[str, str] | None = None,
        extensions: Mapping[str, str] | None = None,
        version: str = "1.2.3",
    ) -> None:
        """Without entry points it declares one domain, named as itself without "tslab-"."""
        module = name.replace("-", "_")
        if source is not None:
            text = textwrap.dedent(source)
            (self.folder / f"{module}.py").write_text(text, encoding="utf-8")
        if domains is None and extensions is None:
            domains = {name.removeprefix("tslab-"): module}
        lines = ["[tslab.domains]", *(f"{k} = {v}" for k, v in (domains or {}).items())]
        lines += ["[tslab.extensions]", *(f"{k} = {v}" for k, v in (extensions or {}).items())]
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: On {name}\n"
        (info / "METADATA").write_text(about, encoding="utf-8")

    def lake(self, more: str = "", **options: object) -> None:
        """A domain 'lake' of distribution tslab-lake 1.2.3."""
        source = DOMAIN.format(name="lake") + textwrap.dedent(more)
        self.write("tslab-lake", source, **options)  # type: ignore[arg-type]


def plugins_document(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """Exit code of `tslab plugins --json`, and status by name."""
    capsys.readouterr()
    code = run(["plugins", "--json"])
    document = json.loads(capsys.readouterr().out)
    return code, {row["name"]: row["status"] for row in document["plugins"]}


EXPORTER = """
from tslab import hookimpl

class Lines:
    name, title, scope = "lines", "Lines", "project"
    def write(self, annotations, recordings, folder, domain): return []
    def read(self, paths, recordings, domain): return None

@hookimpl
def tslab_exporters(domain): return [Lines()]
"""
