"""Writes the package of a new plugin from the templates that ship with tslab."""

from __future__ import annotations

import re
import shutil
import string
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tslab.errors import ProjectError, UsageError

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40
FILES = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "plugin.py.in": "src/${package}/__init__.py",
    "py.typed.in": "src/${package}/py.typed",
    "test_contract.py.in": "tests/test_contract.py",
}
"""Template -> where it goes in the package."""


@dataclass(frozen=True, slots=True)
class PluginNames:
    """What a new plugin and its parts are called.

    Attributes:
        domain: What ``--domain`` takes.
        distribution: What pip installs.
        package: What Python imports.
        title: What people read.
        test_class: Name of its contract test.
    """

    domain: str
    distribution: str
    package: str
    title: str
    test_class: str


def plugin_names(name: str) -> PluginNames:
    """All names of a plugin, made of the domain's; a leading "tslab-" is taken off.

    Raises:
        UsageError: It is no name for a domain, or an installed plugin has it.
    """
    from tslab.hooks import DOMAIN_GROUP
    from tslab.plugin_entries import installed

    domain = name.removeprefix("tslab-")
    if not NAME.fullmatch(domain) or len(domain) > LONGEST:
        better = re.sub(r"[^a-z0-9]+", "-", domain.lower()).strip("-").lstrip("0123456789-")
        hint = f", for example '{better[:LONGEST].strip('-')}'" if better else ""
        raise UsageError(
            f"'{name}' is no name for a domain",
            f"Use up to {LONGEST} lower-case letters, digits and single hyphens{hint}.",
        )
    taken = [entry for entry in installed(DOMAIN_GROUP) if entry.name == domain]
    if taken:
        raise UsageError(
            f"the domain '{domain}' is there already, from {taken[0].distribution}",
            "Choose another name.",
        )
    words = domain.split("-")
    return PluginNames(
        domain=domain,
        distribution=f"tslab-{domain}",
        package=f"tslab_{domain.replace('-', '_')}",
        title=" ".join(words).capitalize(),
        test_class=f"Test{''.join(word.capitalize() for word in words)}",
    )


def write_plugin(names: PluginNames, target: Path) -> list[Path]:
    """Writes the package beside `target` and renames it into place: whole, or not at all.

    Returns:
        The files.

    Raises:
        ProjectError: The folder exists or cannot be written.
    """
    if target.exists():
        raise ProjectError(
            f"'{target}' exists already", "Choose another folder with --folder, or remove it."
        )
    beside: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        beside.chmod(0o755)
        written = _write_files(names, beside)
        beside.rename(target)
    except OSError as error:
        raise ProjectError(
            f"cannot write '{target}': {error.strerror or error}", "Check the path and your rights."
        ) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
    return [target / path for path in written]


def _write_files(names: PluginNames, folder: Path) -> list[Path]:
    values = {
        "domain": names.domain,
        "distribution": names.distribution,
        "package": names.package,
        "title": names.title,
        "test_class": names.test_class,
    }
    source = resources.files("tslab") / "templates" / "plugin"
    written = []
    for template, place in FILES.items():
        path = Path(string.Template(place).substitute(values))
        text = (source / template).read_text(encoding="utf-8")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(string.Template(text).substitute(values), encoding="utf-8")
        written.append(path)
    return sorted(written)
