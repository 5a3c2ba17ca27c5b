"""tslab.yaml: what a person decides about one project, and the domain that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tslab.contracts import ReadOptions
from tslab.errors import ProjectError, did_you_mean

FILE_NAME = "tslab.yaml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_is_a_word(cls, value: object, info: ValidationInfo) -> object:
        """YAML reads ``yes`` as true, which would count as 1, and ``1`` as a switch would be on."""
        switch = cls.model_fields[str(info.field_name)].annotation is bool
        if isinstance(value, bool) and not switch:
            raise ValueError(f"says {str(value).lower()}, which is no value here")
        if switch and not isinstance(value, bool):
            raise ValueError("write true or false")
        return value


class Window(_Section):
    """Length of a task and of its first screen; the domain decides what is missing.

    Attributes:
        seconds: Length of a task in seconds.
        page_seconds: What the first screen shows, in seconds.
        join_events: Whether intervals of one label that somebody drew up to a window's border from
            both of its sides become one event on `tslab pull`.
    """

    seconds: float | None = Field(default=None, gt=0)
    page_seconds: float | None = Field(default=None, gt=0)
    join_events: bool = False


class Review(_Section):
    """How many annotators see a task, which share of the tasks more than one sees, and more.

    Attributes:
        overlap: Annotators for a task. In a blind study: raters for a task, 1 means all of them.
        percentage: Share of the tasks that get that many; the others get one.
        raters: For `blind`: how many people read, each in a Label Studio project of his own.
        blind: Whether nobody sees what others said: a project for each rater.
        low_agreement: Tasks with less agreement than this share get another annotator; 0 for never.
        max_additional: Annotators that a task may get beyond `overlap` for that reason.
        tolerance_seconds: Borders and instants that are no farther apart are no dispute, their
            median counts; None takes one sample of the fastest channel.
    """

    overlap: int = Field(default=1, ge=1, le=50)
    percentage: int = Field(default=100, ge=0, le=100)
    raters: int = Field(default=1, ge=1, le=50)
    blind: bool = False
    low_agreement: float = Field(default=0.0, ge=0, le=1)
    max_additional: int = Field(default=1, ge=0, le=50)
    tolerance_seconds: float | None = Field(default=None, ge=0, lt=86_400)

    @property
    def readers(self) -> int:
        """How many people shall read a task of the share that several read."""
        return self.raters if self.blind and self.overlap == 1 else self.overlap

    @property
    def additional(self) -> int:
        """How many people a task may get beyond `readers`."""
        return min(self.max_additional, self.raters - self.readers if self.blind else 50)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuses settings that contradict each other."""
        if not self.blind and self.raters > 1:
            raise ValueError(
                f"raters: {self.raters} needs blind: true, which gives each his own project; for "
                f"several annotators in one project write overlap: {self.raters}"
            )
        if self.blind and "raters" not in self.model_fields_set:
            raise ValueError("blind: true needs the number of people who read, such as raters: 2")
        if self.blind and self.overlap > self.raters:
            raise ValueError(
                f"overlap: {self.overlap} wants more people for a task than raters: {self.raters}"
            )
        if self.blind and self.low_agreement and self.max_additional and not self.additional:
            raise ValueError(
                f"low_agreement asks another rater, but all {self.raters} read every task that "
                "several read; write an overlap from 2 to less than raters"
            )
        return self


class LabelStudio(_Section):
    """Where annotators work; without an address, the server that `tslab up` starts.

    Attributes:
        url: Address of an existing Label Studio; LABEL_STUDIO_URL wins over it.
        data: How the editor gets the signals: ``local`` (files of this folder, embedded server
            only; an existing one gets uploads instead), ``upload``, or ``url``.
        data_url: For ``url``: the address that serves this project folder, so that
            ``tasks/...csv`` follows it.
    """

    url: str = ""
    data: Literal["local", "upload", "url"] = "local"
    data_url: str = ""


class Backend(_Section):
    """The ML backend that predicts and learns from annotations.

    Attributes:
        enabled: Whether `tslab up` starts one and `tslab push` connects it.
        url: Address of a backend that runs already, as Label Studio reaches it; BASIC_AUTH_USER
            and BASIC_AUTH_PASS are its name and password.
    """

    enabled: bool = True
    url: str = ""


class LabelChanges(_Section):
    """Changes to one tier's labels: by name removed, replaced or added.

    Attributes:
        remove: Names of labels to leave out.
        add: Labels to add; a known name changes what is given and keeps the rest.
    """

    remove: tuple[str, ...] = ()
    add: tuple[dict[str, Any], ...] = ()


class Reading(_Section):
    """Defaults for reading files; see `tslab.ReadOptions`."""

    sampling_rate: float | None = Field(default=None, gt=0)
    time_column: str | int = ""
    time_format: str = ""
    time_unit: Literal["", "s", "ms", "us", "ns"] = ""
    time_zone: str = ""
    separator: str = ""
    decimal: Literal["", ".", ","] = ""
    columns: tuple[str | int, ...] = ()
    ignore: tuple[str | int, ...] = ()
    units: Mapping[str, str] = Field(default_factory=dict)

    def options(self) -> ReadOptions:
        """The same as the value that readers get."""
        values = self.model_dump()
        for name in ("columns", "ignore"):
            values[name] = tuple(str(item) for item in values[name])
        values["time_column"] = str(values["time_column"])
        return ReadOptions(**values)


class Settings(_Section):
    """The whole of tslab.yaml.

    Attributes:
        domain: Name of the domain.
        title: Name of the study; Label Studio shows it.
        views: Views to label, each becomes a Label Studio project; empty takes the domain's first.
        segmenter: One that learns is what `tslab train` trains; one that does not predicts in place
            of the promoted model. "" trains "learning".
        window: Overrides the domain's window.
        channels: Source channel -> channel of the domain.
        hotkeys: Label -> key.
        labels: Tier -> changes to its labels.
        reading: How to read files that do not say it themselves.
        guidelines: File with instructions for annotators (Markdown), relative to the project.
        review: Overlap between annotators.
        label_studio: Address and way of the data.
        backend: The ML backend.
        privacy: ``deidentified`` drops identities, ``restricted`` also refuses foreign addresses,
            ``open`` shows every column of ``--metadata``; None lets the domain decide.
        allow_hosts: Hosts that ``restricted`` lets through.
    """

    domain: str
    title: str = Field(default="", max_length=40)
    views: tuple[str, ...] = ()
    segmenter: str = ""
    window: Window = Window()
    channels: Mapping[str, str] = Field(default_factory=dict)
    hotkeys: Mapping[str, str | int] = Field(default_factory=dict)
    labels: Mapping[str, LabelChanges] = Field(default_factory=dict)
    reading: Reading = Reading()
    guidelines: str = ""
    review: Review = Review()
    label_studio: LabelStudio = LabelStudio()
    backend: Backend = Backend()
    privacy: Literal["deidentified", "restricted", "open"] | None = None
    allow_hosts: tuple[str, ...] = ()


def load_settings(path: Path) -> Settings:
    """The settings in a tslab.yaml.

    Raises:
        ProjectError: The file is missing, no YAML, or says something that does not exist.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        content, repeated = yaml.safe_load(text), _repeated_key(text)
    except OSError as error:
        raise ProjectError(f"cannot read '{path}': {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"'{path}' is not valid YAML: {error}", "Mend the line it names."
        ) from error
    if repeated:
        raise ProjectError(
            f"'{path}' says {repeated}: YAML would take the last one only", "Join them into one."
        )
    if not isinstance(content, dict):
        raise ProjectError(f"'{path}' holds no settings", "Start it with: domain: NAME")
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        raise ProjectError(f"'{path}': {_explain(error)}", "Mend tslab.yaml.") from error


def _repeated_key(text: str) -> str:
    """The first key that one mapping has twice, with its line; "" if none has."""
    import yaml

    waiting = [yaml.compose(text, Loader=yaml.SafeLoader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            known: set[str] = set()
            for key, value in node.value:
                waiting.append(value)
                if isinstance(key, yaml.ScalarNode) and key.value in known:
                    return f"'{key.value}' twice (line {key.start_mark.line + 1})"
                known.add(str(key.value))
    return ""


def _explain(error: ValidationError) -> str:
    """All problems of a validation on one line, with a hint for misspelt names."""
    parts = []
    for item in error.errors():
        place = ".".join(str(step) for step in item["loc"])
        if item["type"] == "extra_forbidden":
            hint = did_you_mean(str(item["loc"][-1]), _settings_at(item["loc"][:-1]))
            parts.append(f"'{place}' is not a setting{'; ' + hint if hint else ''}")
        else:
            parts.append(f"'{place}': {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)


def _settings_at(place: tuple[int | str, ...]) -> list[str]:
    """Names of the settings that a section may hold."""
    sections: dict[str, type[BaseModel]] = {
        "labels": LabelChanges,
        "window": Window,
        "reading": Reading,
        "review": Review,
        "label_studio": LabelStudio,
        "backend": Backend,
    }
    section: type[BaseModel] = sections.get(str(place[0]), Settings) if place else Settings
    return list(section.model_fields)
