"""What a domain declares: tiers with labels, channels, fields and views. Values, nothing else."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TierKind = Literal["states", "intervals", "instants"]
FieldKind = Literal["choice", "rating", "number", "text", "channel"]

RESERVED_HOTKEYS = frozenset(
    {"u", "enter", "escape", "backspace", "delete", "left", "right", "up", "down", "space", "tab"}
)
"""Keys that the editor keeps for itself on a time series."""


TAKEN_NAMES = frozenset(
    {
        *("recording", "view", "annotator", "ground_truth", "lead_time", "model_version"),
        *("tier", "label", "code", "start", "end", "score", "id", "origin"),
    }
)
"""Columns of tables of spans beside the fields, which no field can be named after."""

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
"""Names that XML can carry."""


class _Declaration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Declaration):
    """One label of a tier.

    Attributes:
        name: What the annotator sees and what files carry.
        hotkey: One key, or "" for none.
        color: "#rrggbb".
        code: The domain's standard code (WFDB, AASM, ISO), "" where there is none.
        description: Becomes the hint at the label.
        min_seconds: Shorter spans are a finding.
        max_seconds: Longer spans are a finding.
    """

    name: str = Field(pattern=PRINTABLE)
    hotkey: str = ""
    color: str = Field(default="#3366cc", pattern=r"^#[0-9A-Fa-f]{6}$")
    code: str = ""
    description: str = ""
    min_seconds: float | None = Field(default=None, ge=0)
    max_seconds: float | None = Field(default=None, gt=0)


class Tier(_Declaration):
    """One set of labels on the time axis; becomes one ``TimeSeriesLabels`` control.

    Attributes:
        name: Name of the control in Label Studio: letters, digits, underscore.
        kind: ``states`` never overlap, ``intervals`` may, ``instants`` are points in time.
        labels: At least one.
        exhaustive: Whether every moment must carry a label (states only).
        title: What the annotator reads above the labels.
        tolerance_seconds: How far apart two instants of the tier may be and still be the same one:
            in agreement, consensus and scores. None takes a fifth of their usual distance.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: TierKind
    labels: tuple[Label, ...] = Field(min_length=1)
    exhaustive: bool = False
    title: str = ""
    tolerance_seconds: float | None = Field(default=None, gt=0, le=3600)

    @model_validator(mode="after")
    def _unique(self) -> Self:
        _refuse_twice("label", [label.name for label in self.labels], f"tier '{self.name}'")
        if self.exhaustive and self.kind != "states":
            raise ValueError(f"tier '{self.name}': only states can be exhaustive")
        return self

    def label(self, name: str) -> Label | None:
        """The label of that name, None if the tier has none."""
        return next((label for label in self.labels if label.name == name), None)


class Channel(_Declaration):
    """A role that a source channel can take.

    Attributes:
        name: Name of the role ("II", "hr"); unique in the domain whatever the case.
        title: Legend, `name` by default.
        unit: What the values are shown in.
        aliases: Names in source files that mean this role, compared without case and spaces.
        group: Channels of one group share a pane (``MultiChannel``); "" is a pane of its own.
        color: Line colour "#rrggbb".
        height: Height of the pane in pixels; 0 lets the view decide.
        value_range: Lowest and highest value shown; None scales to the data.
        display_format: d3 format of the values.
        kind: Whether values may be interpolated.
        derived: Computed by the domain, not looked for in files.
        scale: What the axis label adds, such as "10 mm/mV".
    """

    name: str = Field(min_length=1)
    title: str = ""
    unit: str = ""
    aliases: tuple[str, ...] = ()
    group: str = ""
    color: str = Field(default="#3b7bbf", pattern=r"^#[0-9A-Fa-f]{6}$")
    height: int = Field(default=0, ge=0, le=1000)
    value_range: tuple[float, float] | None = None
    display_format: str = ""
    kind: Literal["continuous", "state", "count"] = "continuous"
    derived: bool = False
    scale: str = ""

    @property
    def column(self) -> str:
        """Name of the column in the task CSV: lower case, because the editor lowers it."""
        return column_name(self.name)


class Choice(_Declaration):
    """One answer of a field, with its standard code where there is one."""

    value: str = Field(pattern=PRINTABLE)
    hotkey: str = ""
    code: str = ""
    description: str = ""


class _AnyField(_Declaration):
    """What region fields and task fields share."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: FieldKind
    title: str = ""
    choices: tuple[Choice, ...] = ()
    multiple: bool = False
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "choice" and not self.choices:
            raise ValueError(f"field '{self.name}': a choice needs choices")
        if self.kind != "choice" and self.choices:
            raise ValueError(f"field '{self.name}': only a choice has choices")
        _refuse_twice("choice", [c.value for c in self.choices], f"field '{self.name}'")
        if self.multiple and any("|" in choice.value for choice in self.choices):
            raise ValueError(f"field '{self.name}': '|' separates choices in tables")
        return self


class RegionField(_AnyField):
    """What is asked about one region; `per_label` limits it to some labels (empty: all)."""

    per_label: tuple[str, ...] = ()


class TaskField(_AnyField):
    """What is asked about a whole task."""


class View(_Declaration):
    """The subset of tiers that an annotator works on at a time; one Label Studio project.

    Attributes:
        name: "rhythm", "beats".
        tiers: Names of the tiers shown; one, unless the domain has a reason.
        title: What people read.
        channels: Names of the channels shown, in order; empty shows all that a recording has.
        window_seconds: Length of a task.
        page_seconds: What the first screen shows.
        overview: Channels of the overview strip; empty takes the first two.
        hint: One or two sentences above the signal.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    tiers: tuple[str, ...] = Field(min_length=1)
    title: str = ""
    channels: tuple[str, ...] = ()
    overview: tuple[str, ...] = ()
    window_seconds: float | None = Field(default=None, gt=0)
    page_seconds: float | None = Field(default=None, gt=0)
    hint: str = ""


class Domain(_Declaration):
    """Everything that a domain plugin declares about its field.

    Attributes:
        name: What ``--domain`` takes; equals the entry point's name.
        title: What people read.
        tiers: All tiers.
        views: What is labelled together; without any, one view shows all tiers.
        channels: Roles of channels; see `open_channels`.
        fields: Asked about each region.
        task_fields: Asked about each task.
        open_channels: Whether channels that match no role are kept under their own name.
        window_seconds: Length of a task, at most 100 pages; None chooses by sampling rate.
        page_seconds: What the first screen shows; None chooses by sampling rate.
        max_gap_seconds: A longer gap splits the task; None never splits.
        epoch_seconds: Length of a scoring epoch, None where the domain has none.
        health: Whether recordings are health data: identity is dropped unless told otherwise.
        metadata: Columns of ``--metadata`` that are shown beside the signal; empty shows all.
        instructions: Default text of the project's instructions, HTML as Label Studio shows it.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = Field(min_length=1)
    tiers: tuple[Tier, ...] = Field(min_length=1)
    views: tuple[View, ...] = ()
    channels: tuple[Channel, ...] = ()
    fields: tuple[RegionField, ...] = ()
    task_fields: tuple[TaskField, ...] = ()
    open_channels: bool = False
    window_seconds: float | None = Field(default=None, gt=0)
    page_seconds: float | None = Field(default=None, gt=0)
    max_gap_seconds: float | None = Field(default=None, gt=0)
    epoch_seconds: float | None = Field(default=None, gt=0)
    health: bool = False
    metadata: tuple[str, ...] = ()
    instructions: str = ""

    @model_validator(mode="before")
    @classmethod
    def _default_view(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("views") and data.get("tiers"):
            names = [t.name if isinstance(t, Tier) else t.get("name") for t in data["tiers"]]
            return {**data, "views": ({"name": "all", "tiers": tuple(names)},)}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        where = f"domain '{self.name}'"
        controls = [t.name for t in self.tiers] + [f.name for f in self.fields + self.task_fields]
        _refuse_twice("tier or field", [*controls, "ts"], where)
        for item in self.fields:
            if item.name in TAKEN_NAMES:
                raise ValueError(f"{where}: field '{item.name}' has the name of a table's column")
        _refuse_twice("view", [view.name for view in self.views], where)
        _refuse_twice("channel", [channel.column for channel in self.channels], where)
        self._check_references(where)
        for view in self.views:
            self._check_hotkeys(view)
        return self

    def _check_references(self, where: str) -> None:
        tiers = {tier.name for tier in self.tiers}
        channels = {channel.name for channel in self.channels}
        labels = {label.name for tier in self.tiers for label in tier.labels}
        for view in self.views:
            for name in view.tiers:
                if name not in tiers:
                    raise ValueError(f"{where}: view '{view.name}' names unknown tier '{name}'")
            for name in (*view.channels, *view.overview):
                if name not in channels and not self.open_channels:
                    raise ValueError(f"{where}: view '{view.name}' names unknown channel '{name}'")
        for item in self.fields:
            for name in item.per_label:
                if name not in labels:
                    raise ValueError(f"{where}: field '{item.name}' names unknown label '{name}'")

    def _check_hotkeys(self, view: View) -> None:
        taken: dict[str, str] = {}
        items = [label for tier in self.view_tiers(view.name) for label in tier.labels]
        keys = [(label.hotkey, f"label '{label.name}'") for label in items]
        for item in (*self.fields, *self.task_fields):
            keys += [(c.hotkey, f"choice '{c.value}' of '{item.name}'") for c in item.choices]
        for key, what in keys:
            if not key:
                continue
            if key.lower() in RESERVED_HOTKEYS:
                raise ValueError(f"hotkey '{key}' of {what} is reserved by Label Studio")
            if not re.fullmatch(r"[a-z0-9]", key):
                raise ValueError(f"hotkey '{key}' of {what} is not one lower-case letter or digit")
            if key in taken:
                raise ValueError(f"hotkey '{key}' of {what} is taken by {taken[key]}")
            taken[key] = what

    def view(self, name: str) -> View:
        """The view of that name.

        Raises:
            KeyError: The domain has no such view.
        """
        for view in self.views:
            if view.name == name:
                return view
        raise KeyError(name)

    def view_tiers(self, view: str) -> tuple[Tier, ...]:
        """Tiers of a view, in its order."""
        by_name = {tier.name: tier for tier in self.tiers}
        return tuple(by_name[name] for name in self.view(view).tiers)

    def tier(self, name: str) -> Tier:
        """The tier of that name.

        Raises:
            KeyError: The domain has no such tier.
        """
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(name)

    def channel(self, name: str) -> Channel | None:
        """The role that a source channel's name stands for, None if it stands for none."""
        wanted = squeezed(name)
        for channel in self.channels:
            if wanted in {squeezed(channel.name), *map(squeezed, channel.aliases)}:
                return channel
        return None


def column_name(name: str) -> str:
    """Column of a channel in a task CSV: lower case, letters, digits and underscores.

    The editor lowers column names before it looks them up, so ours are lower from the start.
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "channel"


def squeezed(name: str) -> str:
    """A channel's name as names are compared: without case, spaces and underscores."""
    return re.sub(r"[\s_]+", "", name).lower()


def _refuse_twice(what: str, names: list[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ValueError(f"{where}: {what} '{name}' is declared twice")
        seen.add(name.lower())
