"""The domain of one project: the plugin's, with what its tslab.yaml changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tslab.domain import Domain, squeezed
from tslab.errors import ProjectError, did_you_mean
from tslab.settings import Settings


def effective_domain(declared: Domain, settings: Settings) -> Domain:
    """The plugin's domain with the overrides of tslab.yaml applied.

    Raises:
        ProjectError: An override names something that the domain does not have, or clashes.
    """
    changes = declared.model_dump()
    _apply_labels(changes, settings)
    _apply_hotkeys(changes, settings)
    _apply_channels(changes, settings)
    changes["views"] = _chosen_views(declared, changes, settings)
    for view in changes["views"]:
        view["window_seconds"] = settings.window.seconds or view["window_seconds"]
        view["page_seconds"] = settings.window.page_seconds or view["page_seconds"]
    if settings.privacy is not None:
        changes["health"] = settings.privacy != "open"
    try:
        return Domain.model_validate(changes)
    except ValidationError as error:
        reasons = _reasons(error, changes)
        raise ProjectError(f"tslab.yaml: {reasons}", "Mend the override.") from error


def _reasons(error: ValidationError, changes: Mapping[str, Any]) -> str:
    """What clashes, each with the tier and the label's key that it is about."""
    parts = []
    for item in error.errors():
        place, text = item["loc"], item["msg"].removeprefix("Value error, ")
        if len(place) > 1 and place[0] == "tiers":
            tier = changes["tiers"][place[1]]
            where = f"tier '{tier['name']}'"
            if len(place) > 3 and place[2] == "labels":
                where += f", label '{tier['labels'][place[3]].get('name', '')}'"
            text = f"{where}, '{place[-1]}': {text}"
        parts.append(text)
    return "; ".join(parts)


def _chosen_views(
    declared: Domain, changes: dict[str, Any], settings: Settings
) -> list[dict[str, Any]]:
    names = settings.views or (declared.views[0].name,)
    known = {view["name"]: view for view in changes["views"]}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"It has {', '.join(known)}."
            raise ProjectError(f"tslab.yaml: domain '{declared.name}' has no view '{name}'", hint)
    return [known[name] for name in dict.fromkeys(names)]


def _apply_labels(changes: dict[str, Any], settings: Settings) -> None:
    tiers = {tier["name"]: tier for tier in changes["tiers"]}
    for name, edit in settings.labels.items():
        if name not in tiers:
            hint = did_you_mean(name, tiers) or f"It has {', '.join(tiers)}."
            raise ProjectError(f"tslab.yaml: labels: no tier '{name}'", hint)
        labels = {label["name"]: label for label in tiers[name]["labels"]}
        for removed in edit.remove:
            if labels.pop(removed, None) is None:
                hint = did_you_mean(removed, labels)
                raise ProjectError(f"tslab.yaml: tier '{name}' has no label '{removed}'", hint)
        for label in edit.add:
            if not label.get("name"):
                raise ProjectError(
                    f"tslab.yaml: a label added to tier '{name}' has no name", "Give it: name: NAME"
                )
            known = labels.get(str(label.get("name")), {})
            labels[str(label.get("name"))] = {**known, **label}
        tiers[name]["labels"] = tuple(labels.values())
    kept = {label["name"] for tier in tiers.values() for label in tier["labels"]}
    fields = []
    for field in changes["fields"]:
        left = tuple(name for name in field["per_label"] if name in kept)
        if left or not field["per_label"]:  # none left would ask it about every label
            fields.append({**field, "per_label": left})
    changes["fields"] = tuple(fields)


def _apply_hotkeys(changes: dict[str, Any], settings: Settings) -> None:
    labels: dict[str, list[dict[str, Any]]] = {}
    for tier in changes["tiers"]:
        for label in tier["labels"]:
            labels.setdefault(label["name"], []).append(label)
    for name, key in settings.hotkeys.items():
        if name not in labels:
            hint = did_you_mean(name, labels)
            raise ProjectError(f"tslab.yaml: hotkeys: no label '{name}'", hint)
        for label in labels[name]:
            label["hotkey"] = str(key)


def _same_channel(name: str, other: str) -> bool:
    return squeezed(name) == squeezed(other)


def _apply_channels(changes: dict[str, Any], settings: Settings) -> None:
    roles = {channel["name"]: channel for channel in changes["channels"]}
    for source, role in settings.channels.items():
        if role not in roles:
            if changes["open_channels"]:
                changes["channels"] = (*changes["channels"], {"name": role, "aliases": (source,)})
                roles[role] = changes["channels"][-1]
                continue
            hint = did_you_mean(role, roles) or f"It has {', '.join(roles)}."
            raise ProjectError(f"tslab.yaml: channels: no channel '{role}'", hint)
        for other in changes["channels"]:
            if other["name"] != role and _same_channel(other["name"], source):
                raise ProjectError(
                    f"tslab.yaml: channels: '{source}' is a channel of the domain itself",
                    "Rename it in the file.",
                )
            left = [alias for alias in other["aliases"] if not _same_channel(alias, source)]
            other["aliases"] = tuple(left)
        roles[role]["aliases"] = (*roles[role]["aliases"], source)
