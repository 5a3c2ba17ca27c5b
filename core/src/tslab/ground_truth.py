"""Ground truth that was made in the project folder, beside the one that Label Studio marks.

It lives in a file of its own, because `tslab pull` writes annotations.json anew each time. Each
maker has a section, so that one never wipes what another one made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tslab import files
from tslab.annotation import Annotation
from tslab.errors import DataError

FILE_NAME = "annotations/ground_truth.json"
REVIEWER = "review"
"""Who makes the ground truth of `tslab review`, in the file and as its annotator."""


def made_truth(root: Path) -> dict[str, list[Annotation]]:
    """Ground truth by maker, such as ``consensus``.

    Args:
        root: The project folder.

    Raises:
        DataError: The file is damaged.
    """
    import msgspec

    path = root / FILE_NAME
    if not path.exists():
        return {}
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, list[Annotation]])
    except (msgspec.MsgspecError, DataError, OSError) as error:
        raise DataError(
            f"'{FILE_NAME}' is damaged: {error}",
            "Delete it; 'tslab pull' writes what a review decided again, 'tslab consensus --as "
            "ground-truth' what annotators have in common.",
        ) from error
    return {maker: [replace(a, ground_truth=True) for a in found[maker]] for maker in sorted(found)}


def save_truth(root: Path, maker: str, annotations: Sequence[Annotation]) -> Path:
    """Writes what one maker made in place of what he made before; the others keep theirs.

    Args:
        root: The project folder.
        maker: Name of the section.
        annotations: In recording time; none removes the section.

    Raises:
        DataError: The file is damaged.
        ProjectError: It cannot be written.
    """
    known = made_truth(root)
    known.pop(maker, None)
    if annotations:
        ordered = sorted(annotations, key=lambda a: (a.recording, a.view, a.annotator))
        known[maker] = [replace(a, ground_truth=True) for a in ordered]
    path = root / FILE_NAME
    files.write_bytes(path, files.json_bytes({key: known[key] for key in sorted(known)}))
    return path
