"""The project folder: its files are the state, and every command is a function of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tslab import files, ground_truth, overrides, settings
from tslab.annotation import Annotation
from tslab.contracts import ReadOptions, Source
from tslab.domain import Domain
from tslab.errors import DataError, ProjectError, did_you_mean
from tslab.plugin_manager import Plugins, load_domain
from tslab.recording import Recording, Signal
from tslab.recording_table import TABLE, RecordingEntry, read_table, table_bytes
from tslab.spans import Span
from tslab.task import Task

if TYPE_CHECKING:
    import pandas as pd

STATE = ".tslab"
PULLED = "pulled.json"
"""In `STATE`: how many things the last pull left out or mended, by code of the finding."""


class Project:
    """A project folder, opened.

    Attributes:
        root: The folder.
        settings: Its tslab.yaml.
        plugins: The domain's plugins.
        domain: The effective domain.
    """

    def __init__(
        self, root: Path, given: settings.Settings, plugins: Plugins, domain: Domain
    ) -> None:
        self.root = root
        self.settings = given
        self.plugins = plugins
        self.domain = domain
        self._new_ids: dict[str, str] = {}

    @classmethod
    def open(cls, folder: Path | str = ".") -> Project:
        """The project in a folder, or in the nearest parent that holds a tslab.yaml.

        Raises:
            ProjectError: There is none, or its tslab.yaml is wrong.
            PluginError: Its domain's plugin is missing or broken.
        """
        start = Path(folder).resolve()
        if not start.is_dir():
            raise ProjectError(f"there is no folder '{folder}'", "Mend --project.")
        for candidate in (start, *start.parents):
            if (candidate / settings.FILE_NAME).is_file():
                given = settings.load_settings(candidate / settings.FILE_NAME)
                plugins, declared = load_domain(given.domain)
                domain = overrides.effective_domain(declared, given)
                return cls(candidate, given, plugins, domain)
        raise ProjectError(
            f"no tslab project in '{folder}' or above it",
            "Make one with: tslab init FOLDER --domain NAME",
        )

    @property
    def title(self) -> str:
        """Name of the study."""
        return self.settings.title or self.root.name

    @property
    def state(self) -> Path:
        """The folder of local state and secrets; made with mode 0700."""
        folder = self.root / STATE
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
        return folder

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that this project labels."""
        return tuple(view.name for view in self.domain.views)

    # --- recordings -----------------------------------------------------------------------

    def entries(self) -> dict[str, RecordingEntry]:
        """Recordings that were added, by id.

        Raises:
            DataError: recordings.csv is damaged.
        """
        path = self.root / TABLE
        return read_table(path, self._sources()) if path.exists() else {}

    def save_entries(self, entries: Mapping[str, RecordingEntry]) -> None:
        """Writes recordings.csv, and the source paths into ``.tslab/``."""
        ordered = [entries[key] for key in sorted(entries)]
        sources = self._sources()
        for entry in ordered:
            reading = {"reading": dict(entry.reading)} if entry.reading else {}
            sources[entry.id] = {"path": entry.path, "sha256": entry.sha256, **reading}
        files.write_bytes(self.state / "sources.json", files.json_bytes(sources), mode=0o600)
        files.write_bytes(self.root / TABLE, table_bytes(ordered))

    def _sources(self) -> dict[str, dict[str, Any]]:
        path = self.root / STATE / "sources.json"
        if not path.exists():
            return {}
        document = files.read_json(path)
        if not isinstance(document, dict) or not all(
            isinstance(item, dict) and {"path", "sha256"} <= item.keys()
            for item in document.values()
        ):
            raise DataError(
                f"'{STATE}/sources.json' is damaged", "Delete it and run 'tslab add' again."
            )
        return document

    def id_for(self, sha256: str) -> str:
        """The recording id of a content hash: the one it already has, or a new random one."""
        for key, source in self._sources().items():
            if source["sha256"] == sha256:
                return key
        if sha256 not in self._new_ids:
            # Letters only: digits in a row look like a patient's number, to people and our checks.
            letters = "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(8))
            self._new_ids[sha256] = f"rec-{letters}"
        return self._new_ids[sha256]

    def find_recording(self, name: str) -> str | None:
        """Id of a recording given by id, by file name or by file stem; None if there is none.

        Raises:
            DataError: Files in several folders have that name.
        """
        entries = self.entries()
        if name in entries:
            return name
        found = []
        for entry in entries.values():
            path = Path(entry.path)
            if name == entry.path:
                return entry.id
            if name in {path.name, path.stem}:
                found.append(entry.id)
        if len(found) > 1:
            raise DataError(
                f"'{name}' is the name of {len(found)} recordings: {', '.join(found)}",
                "Use the ids of recordings.csv instead.",
            )
        return found[0] if found else None

    def read_source(self, path: Path, options: ReadOptions | None = None) -> Recording:
        """Reads a native file through the plugins; channels keep their source names.

        Raises:
            DataError: The file cannot be read, or nobody reads this format.
        """
        if path.is_dir():
            raise DataError(f"'{path.name}' is a folder", "Name its files: tslab add FOLDER/*")
        try:
            source = Source.open(path)
        except OSError as error:
            raise DataError(
                f"cannot read '{path.name}': {error.strerror or error}", f"Check the path {path}."
            ) from error
        options = options or self.settings.reading.options()
        recording = self.plugins.read_recording(source, options, self.domain)
        if recording is None:
            raise DataError(
                f"no reader knows the format of '{path.name}'",
                "Read are CSV, JSON, Parquet, WFDB (.hea), EDF, BDF, and what plugins add.",
            )
        return recording

    def map_channels(self, recording: Recording, name: str) -> Recording:
        """The recording with its channels under the domain's names; strangers are dropped.

        Of several channels that stand for one role the first is taken.

        Raises:
            DataError: No channel is one of the domain's.
        """
        signals: dict[str, Signal] = {}
        for signal in recording.signals:
            role = self.domain.channel(signal.name)
            if role is None and not self.domain.open_channels:
                continue
            mapped = replace(
                signal, name=_legible(signal.name, "channel"), unit=_legible(signal.unit)
            )
            if role is not None:
                unit = mapped.unit or role.unit
                mapped = replace(mapped, name=role.name, kind=role.kind, unit=unit)
            key = mapped.name.lower()
            if key not in signals:
                signals[key] = mapped
        if not signals:
            known = ", ".join(c.name for c in self.domain.channels if not c.derived)
            raise DataError(
                f"'{name}' has no channel of domain '{self.domain.name}': it has "
                f"{', '.join(recording.channel_names) or 'none'}",
                f"Map one in tslab.yaml, for example channels: "
                f"{{'{(recording.channel_names or ('X',))[0]}': "
                f"{known.split(', ')[0] if known else 'NAME'}}}.",
            )
        order = {c.name: i for i, c in enumerate(self.domain.channels)}
        ordered = sorted(signals.values(), key=lambda s: order.get(s.name, len(order)))
        return recording.with_signals(ordered)

    def prepare(self, recording: Recording, name: str) -> Recording:
        """Mapped channels plus the derived ones of the plugins."""
        mapped = self.map_channels(recording, name)
        derived = self.plugins.derived_channels(mapped, self.domain)
        return mapped.with_signals([*mapped.signals, *derived])

    def recording(self, recording_id: str, *, derived: bool = True) -> Recording:
        """A recording that was added, with its channels mapped.

        Args:
            recording_id: As in recordings.csv.
            derived: Whether the plugins' computed channels are wanted too.

        Raises:
            DataError: It is unknown, or its source is gone or changed.
        """
        entry = self.entries().get(recording_id)
        if entry is None:
            hint = did_you_mean(recording_id, self.entries()) or "See recordings.csv."
            raise DataError(f"no recording '{recording_id}' in this project", hint)
        if not entry.path or not Path(entry.path).exists():
            raise DataError(
                f"the source of recording '{recording_id}' is gone",
                "Put the file back where it was, or run 'tslab add' with its new place.",
            )
        options = self.settings.reading.options()
        try:
            options = replace(options, **entry.reading)
        except TypeError as error:
            raise DataError(
                f"'{STATE}/sources.json' is damaged: {error}", "Run 'tslab add' again."
            ) from error
        recording = self.read_source(Path(entry.path), options)
        if abs(recording.duration - entry.duration) > 1e-5:
            raise DataError(
                f"the source of recording '{recording_id}' changed since it was added: it lasted "
                f"{entry.duration:g} s and lasts {recording.duration:g} s",
                "Put the old file back, or run 'tslab add' again.",
            )
        named = replace(recording, id=recording_id, metadata=entry.metadata)
        name = Path(entry.path).name
        return self.prepare(named, name) if derived else self.map_channels(named, name)

    # --- tasks, predictions, annotations --------------------------------------------------

    def tasks(self) -> list[Task]:
        """The tasks of tasks.json, in order.

        Raises:
            DataError: The file is damaged.
        """
        path = self.root / "tasks.json"
        if not path.exists():
            return []
        document = files.read_json(path)
        try:
            if not isinstance(document, list):
                raise TypeError("not a list")
            return [Task.from_json(item) for item in document]
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise DataError(
                f"'tasks.json' holds something that is no task of tslab ({error!r})",
                "Delete it and run 'tslab add' again.",
            ) from error

    def save_tasks(self, tasks: Sequence[Task]) -> None:
        """Writes tasks.json, sorted by view, recording and window."""
        ordered = sorted(tasks, key=lambda task: (task.view, task.recording, task.start_us))
        document = [task.to_json() for task in ordered]
        files.write_bytes(self.root / "tasks.json", files.json_bytes(document))

    def prediction_files(self) -> dict[str, Path]:
        """Files of predictions by model version, sorted."""
        found = {}
        for path in sorted((self.root / "predictions").glob("*.json")):
            document = files.read_json(path)
            if not isinstance(document, dict) or "model_version" not in document:
                raise DataError(
                    f"'predictions/{path.name}' was not written by tslab",
                    "Bring predictions in with: tslab predict --from FILE",
                )
            found[str(document["model_version"])] = path
        return found

    def annotations_list(self) -> list[Annotation]:
        """What `tslab pull` brought back, and ground truth that was made here.

        Raises:
            DataError: A file is damaged.
        """
        made = ground_truth.made_truth(self.root)
        return [*self.pulled_annotations(), *(a for own in made.values() for a in own)]

    def pulled_annotations(self) -> list[Annotation]:
        """What `tslab pull` brought back.

        Raises:
            DataError: The file is damaged.
        """
        import msgspec

        path = self.root / "annotations" / "annotations.json"
        if not path.exists():
            return []
        try:
            return msgspec.json.decode(path.read_bytes(), type=list[Annotation])
        except (msgspec.MsgspecError, DataError, OSError) as error:
            raise DataError(
                f"'annotations/annotations.json' is damaged: {error}",
                "Run 'tslab pull' again.",
            ) from error

    def pulled_findings(self) -> dict[str, int]:
        """How many things the last `tslab pull` left out or mended, by code.

        Raises:
            DataError: The file is damaged.
        """
        path = self.root / STATE / PULLED
        document = files.read_json(path) if path.exists() else {}
        if not isinstance(document, dict) or not all(
            type(count) is int for count in document.values()
        ):
            raise DataError(f"'{STATE}/{PULLED}' is damaged", "Run 'tslab pull' again.")
        return document

    # --- tables for notebooks -------------------------------------------------------------

    @property
    def recordings(self) -> pd.DataFrame:
        """One row for each recording: id, sha256, duration (s), channels, rates (Hz), metadata."""
        from tslab.frames import recordings_frame

        return recordings_frame(self.entries().values())

    @property
    def annotations(self) -> pd.DataFrame:
        """One row for each annotated span: times in seconds, region fields as columns."""
        from tslab.frames import annotations_frame

        return annotations_frame(self.annotations_list())

    @property
    def predictions(self) -> pd.DataFrame:
        """One row for each predicted span, with its model version; times in seconds."""
        from tslab.frames import predictions_frame

        return predictions_frame({v: self.predicted_spans(v) for v in self.prediction_files()})

    def predicted_spans(self, model_version: str) -> dict[str, list[Span]]:
        """Spans of one model version by recording id, uncut, sorted by time.

        Raises:
            DataError: The file is damaged.
        """
        import msgspec

        path = self.prediction_files()[model_version]
        document = files.read_json(path)
        try:
            recordings = document["recordings"]  # type: ignore[index]
            return msgspec.convert(recordings, dict[str, list[Span]])
        except (KeyError, TypeError, msgspec.ValidationError, DataError) as error:
            raise DataError(
                f"'predictions/{path.name}' is damaged: {error}", "Run 'tslab predict' again."
            ) from error


def _legible(name: str, other: str = "") -> str:
    """A name without what XML and recordings.csv cannot hold."""
    text = "".join(letter if letter.isprintable() else " " for letter in name)
    return text.replace("|", "/").strip() or other


def open_project(folder: Path | str = ".") -> Project:
    """The project in a folder (or in the nearest parent), for notebooks and scripts.

    Raises:
        ProjectError: There is none, or its tslab.yaml is wrong.
        PluginError: Its domain's plugin is missing or broken.
    """
    return Project.open(folder)
