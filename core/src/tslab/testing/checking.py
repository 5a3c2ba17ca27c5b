"""Runs the contract test without pytest, on installed domains or on a package folder."""

from __future__ import annotations

import contextlib
import sys
import tomllib
import unittest
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tslab.errors import PluginError, TslabError, UsageError
from tslab.hooks import DOMAIN_GROUP, EXTENSION_GROUP
from tslab.plugin_entries import PluginEntry, describe_error, find_domain, installed
from tslab.plugin_manager import Plugins
from tslab.testing.contract import DomainContract
from tslab.testing.subject import ContractFailure


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Outcome of one check.

    Attributes:
        name: The check's name, without ``test_``.
        status: ``ok``, ``failed``, or ``-`` where there is nothing to check.
        message: What is wrong, or why there is nothing to check.
        remedy: What to do.
    """

    name: str
    status: Literal["ok", "failed", "-"]
    message: str = ""
    remedy: str = ""


def check_entry(entry: PluginEntry) -> list[CheckResult]:
    """Runs every check on one plugin.

    Raises:
        PluginError: It cannot be loaded at all.
    """
    if entry.group == EXTENSION_GROUP:
        plugins = Plugins()
        plugins.register(entry, entry.load())
        hooks = ", ".join(plugins.hooks_of(entry))
        return [CheckResult("extension_fits_the_contract", "ok", f"implements {hooks}")]
    attributes = {"domain": entry.name, "entry": entry}
    contract: type[DomainContract] = type("Contract", (DomainContract,), attributes)
    contract.subject()
    return [_run(contract, name) for name in contract.check_names()]


def _run(contract: type[DomainContract], name: str) -> CheckResult:
    short = name.removeprefix("test_")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(contract(), name)()
    except unittest.SkipTest as reason:
        return CheckResult(short, "-", str(reason))
    except (ContractFailure, TslabError) as error:
        return CheckResult(short, "failed", f"{error.message}.", error.remedy)
    except Exception as error:  # noqa: BLE001 - a check must not stop the others
        return CheckResult(short, "failed", f"{describe_error(error)}.")
    return CheckResult(short, "ok")


def entries_of(target: str) -> tuple[list[PluginEntry], Path | None]:
    """The plugins that a word on the command line means, and their folder if it is one.

    Args:
        target: A package folder, the name of an installed domain, or "" for the package here,
            or all installed domains.

    Raises:
        PluginError: There is no such domain.
        UsageError: The folder is no plugin package.
    """
    path = Path(target or ".")
    is_folder = path.is_dir() and (path / "pyproject.toml").is_file()
    if is_folder:
        entries = declared_entries(path)
        if entries or target:
            return entries, path.resolve()
    if target and path.is_dir() and ("/" in target or not _is_domain(target)):
        raise UsageError(f"folder '{target}' has no pyproject.toml", "Name a plugin's folder.")
    if target:
        return [find_domain(target)], None
    return installed(DOMAIN_GROUP), None


def _is_domain(name: str) -> bool:
    return any(entry.name == name for entry in installed(DOMAIN_GROUP))


def declared_entries(folder: Path) -> list[PluginEntry]:
    """Plugins that a package folder's pyproject.toml declares.

    Raises:
        UsageError: It is no TOML, or declares no plugin.
    """
    path = folder / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read '{path}': {error}", "Mend the file.") from error
    project: dict[str, Any] = document.get("project", {})
    points: dict[str, dict[str, str]] = project.get("entry-points", {})
    about = (str(project.get("name", folder.name)), str(project.get("version", "0")))
    summary = str(project.get("description", ""))
    found = [
        PluginEntry(name, group, module, *about, summary)
        for group in (DOMAIN_GROUP, EXTENSION_GROUP)
        for name, module in sorted(points.get(group, {}).items())
    ]
    if not found:
        raise UsageError(
            f"'{path}' declares no plugin",
            'Add [project.entry-points."tslab.domains"] with: name = "module"',
        )
    return found


@contextlib.contextmanager
def source_of(root: Path | None, entries: Sequence[PluginEntry]) -> Iterator[None]:
    """Lets the plugins' modules be imported from a package folder instead of an installed one.

    Args:
        root: The folder, None for installed plugins: then nothing changes.
        entries: Its plugins; their packages are imported anew and forgotten afterwards.

    Raises:
        PluginError: The folder holds no such package.
    """
    if root is None:
        yield
        return
    packages = {entry.module.partition(":")[0].partition(".")[0] for entry in entries}
    source = _source_folder(root, packages)
    hidden = _take_out(packages)
    sys.path.insert(0, str(source))
    try:
        yield
    finally:
        sys.path.remove(str(source))
        _take_out(packages)
        sys.modules.update(hidden)


def _source_folder(root: Path, packages: set[str]) -> Path:
    for folder in (root / "src", root):
        if all((folder / p).is_dir() or (folder / f"{p}.py").is_file() for p in packages):
            return folder
    raise PluginError(
        f"'{root}' holds no package {' or '.join(sorted(packages))}, which its entry points name",
        f"Put it into {root / 'src'}, or mend the entry points in pyproject.toml.",
    )


def _take_out(packages: set[str]) -> dict[str, Any]:
    names = [name for name in sys.modules if name.partition(".")[0] in packages]
    return {name: sys.modules.pop(name) for name in names}
