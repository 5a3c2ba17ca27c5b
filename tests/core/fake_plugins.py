"""Distributions made in a folder: real metadata, no installation."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

DOMAIN = """
from tslab import Domain, Label, Tier, hookimpl

@hookimpl
def tslab_domain():
    tier = Tier(name="wave", kind="intervals", labels=(Label(name="High"),))
    return Domain(name={name!r}, title="The {name}", tiers=(tier,), open_channels=True)
"""
"""Source of a domain plugin; other hooks may follow it."""


def domain_source(name: str) -> str:
    return DOMAIN.format(name=name)


def write_distribution(
    folder: Path,
    name: str,
    source: str | None,
    *,
    domains: Mapping[str, str] | None = None,
    extensions: Mapping[str, str] | None = None,
    version: str = "1.2.3",
) -> str:
    """Writes a module and its dist-info; returns the module's name.

    Without entry points the distribution declares one domain, named as itself without "tslab-".
    """
    module = name.replace("-", "_")
    if source is not None:
        (folder / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    if domains is None and extensions is None:
        domains = {name.removeprefix("tslab-"): module}
    lines = ["[tslab.domains]", *(f"{k} = {v}" for k, v in (domains or {}).items())]
    lines += ["[tslab.extensions]", *(f"{k} = {v}" for k, v in (extensions or {}).items())]
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: About {name}\n"
    (info / "METADATA").write_text(about, encoding="utf-8")
    return module


def only_plugins_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a folder first on the path and hides every plugin that is really installed."""
    from tslab import plugin_entries

    real = plugin_entries.metadata.distributions

    def here(**context: object) -> object:
        return real(**context, path=[str(folder)])

    monkeypatch.setattr(plugin_entries.metadata, "distributions", here)
    monkeypatch.syspath_prepend(str(folder))
