"""JSON: annotations with everything that tslab knows, and Label Studio's own form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tslab import files
from tslab.annotation import Annotation
from tslab.domain import Domain

if TYPE_CHECKING:
    from tslab.recording import Recording


@dataclass(frozen=True, slots=True)
class JsonExporter:
    """Writes ``annotations.json``: recording time in seconds, fields, extents, annotators."""

    name: str = "json"
    title: str = "JSON with everything that tslab knows"
    scope: Literal["recording", "project"] = "project"

    def write(
        self,
        annotations: Sequence[Annotation],
        recordings: Mapping[str, Recording],
        folder: Path,
        domain: Domain,
    ) -> list[Path]:
        """Writes one document of all annotations.

        Raises:
            ProjectError: The file cannot be written.
        """
        del recordings
        path = folder / "annotations.json"
        document = {"domain": domain.name, "annotations": list(annotations)}
        files.write_bytes(path, files.json_bytes(document))
        return [path]

    def read(
        self, paths: Sequence[Path], recordings: Mapping[str, Recording], domain: Domain
    ) -> list[Annotation]:
        """The annotations that were written, equal in every field.

        Raises:
            DataError: The file is no JSON.
        """
        del recordings, domain
        import msgspec

        document = files.read_json(paths[0])
        return msgspec.convert(document["annotations"], list[Annotation])  # type: ignore[index]
