"""Which plugins are installed: read from metadata alone, so that a broken one stops nobody."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tslab.errors import PluginError, did_you_mean
from tslab.hooks import DOMAIN_GROUP, HOOK_API

LIMIT = "TSLAB_LOAD_PLUGINS"
"""Environment variable that limits plugins to a comma-separated list; empty loads none."""


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One installed entry point; made from metadata, nothing is imported.

    Attributes:
        name: The entry point's name: the domain's, or the extension's.
        group: ``tslab.domains`` or ``tslab.extensions``.
        module: Where the entry point leads.
        distribution: The installed distribution.
        version: Its version.
        summary: Its one-line description.
    """

    name: str
    group: str
    module: str
    distribution: str
    version: str
    summary: str = ""

    def __str__(self) -> str:
        """How errors name the plugin."""
        return f"plugin '{self.name}' ({self.distribution} {self.version}, module {self.module})"

    def load(self) -> types.ModuleType:
        """Imports the module.

        Raises:
            PluginError: It cannot be imported, is no module or wants another HOOK_API.
        """
        point = metadata.EntryPoint(self.name, self.module, self.group)
        try:
            module: object = point.load()
        except (Exception, SystemExit) as error:
            raise PluginError(
                f"{self} cannot be imported: {describe_error(error)}", self._remedy(error)
            ) from error
        if not isinstance(module, types.ModuleType):
            raise PluginError(
                f"{self} leads to a {type(module).__name__}, not to a module",
                "Let its entry point name the module that holds the hook functions.",
            )
        wanted = getattr(module, "HOOK_API", HOOK_API)
        if wanted != HOOK_API:
            raise PluginError(
                f"{self} wants HOOK_API {wanted}, this tslab has HOOK_API {HOOK_API}",
                f"Install a version of {self.distribution} made for this tslab, or another tslab.",
            )
        return module

    def _remedy(self, error: BaseException) -> str:
        remove = f"remove it with 'pip uninstall {self.distribution}'."
        own = self.module.partition(":")[0].partition(".")[0]
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and missing.partition(".")[0] not in (own, "tslab"):
            again = f"'pip install --upgrade {self.distribution}'"
            return f"Install '{missing}', which {again} does if the plugin declares it, or {remove}"
        return f"Mend it, or {remove}"


def describe_error(error: BaseException) -> str:
    """Type and message of an exception on one line; all problems of a declaration."""
    problems = getattr(error, "errors", None)
    if type(error).__module__.startswith("pydantic") and callable(problems):
        lines = []
        for item in problems():
            place = ".".join(str(step) for step in item["loc"])
            text = str(item["msg"]).removeprefix("Value error, ")
            lines.append(f"{place}: {text}" if place else text)
        return f"{getattr(error, 'title', 'declaration')} is not valid: {'; '.join(lines)}"
    return " ".join(f"{type(error).__name__}: {error}".split())


def installed(group: str) -> list[PluginEntry]:
    """Entry points of a group, sorted by name; reads metadata only."""
    allowed = os.environ.get(LIMIT)
    names = None if allowed is None else {_normal(part) for part in allowed.split(",")}
    found: dict[tuple[str, str], PluginEntry] = {}
    seen: set[str] = set()
    for dist in metadata.distributions():
        points = _points(dist, group)
        if not points:
            continue
        owner, version, summary = _identity(dist)
        if _normal(owner) in seen:
            continue  # an older copy further down the path
        seen.add(_normal(owner))
        for name, module in points:
            if names is None or names & {_normal(name), _normal(owner)}:
                entry = PluginEntry(name, group, module, owner, version, summary)
                found[(name, owner)] = entry
    return [found[key] for key in sorted(found)]


def find_domain(name: str) -> PluginEntry:
    """The entry point of a domain.

    Raises:
        PluginError: There is no plugin at all, none of that name, or two distributions claim it.
    """
    entries = installed(DOMAIN_GROUP)
    matching = [entry for entry in entries if entry.name == name]
    if len(matching) > 1:
        raise claimed_twice(name, matching)
    if matching:
        return matching[0]
    if LIMIT in os.environ:
        raise PluginError(
            f"no domain '{name}' among the plugins that {LIMIT}='{os.environ[LIMIT]}' allows",
            f"Add it there, or unset {LIMIT}.",
        )
    if not entries:
        raise PluginError(
            f"no domain '{name}': no domain plugin is installed",
            "Get one, for example: pip install tslab-ecg-eeg",
        )
    names = [entry.name for entry in entries]
    hint = did_you_mean(name, names) or f"Installed: {', '.join(names)}."
    raise PluginError(f"no installed plugin declares the domain '{name}'", hint)


def claimed_twice(name: str, entries: list[PluginEntry]) -> PluginError:
    """The error about a domain that several distributions declare."""
    owners = " and ".join(f"{entry.distribution} {entry.version}" for entry in entries)
    others = " or ".join(f"'pip uninstall {entry.distribution}'" for entry in entries)
    return PluginError(
        f"domain '{name}' is declared by {owners}", f"Uninstall one of them: {others}."
    )


def _points(dist: metadata.Distribution, group: str) -> list[tuple[str, str]]:
    """Names and modules of a group; a line that is no entry keeps its text and has no module."""
    try:
        text = dist.read_text("entry_points.txt") or ""
    except (OSError, UnicodeDecodeError):
        return []
    return list(_parse(text, group)) if group in text else []


def _parse(text: str, group: str) -> Iterator[tuple[str, str]]:
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
        elif section == group and line and not line.startswith("#"):
            name, _, module = line.partition("=")
            yield name.strip(), module.strip()


def _identity(dist: metadata.Distribution) -> tuple[str, str, str]:
    """Name, version and summary; a distribution without metadata is called after its folder."""
    try:
        about = dist.metadata
        name, version = about["Name"], about["Version"]
        if name:
            return str(name), str(version or "?"), str(about["Summary"] or "")
    except (OSError, TypeError, KeyError, UnicodeDecodeError):
        pass
    folder = Path(str(getattr(dist, "_path", "unknown-0"))).name
    name, _, version = folder.removesuffix(".dist-info").removesuffix(".egg-info").partition("-")
    return name, version or "?", ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
