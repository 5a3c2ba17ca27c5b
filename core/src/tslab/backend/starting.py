"""What would go wrong later is said at the start."""

from __future__ import annotations

import contextlib
import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tslab.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from tslab.backend.settings import BackendSettings


def check_start(settings: BackendSettings, environ: Mapping[str, str] | None = None) -> None:
    """Makes sure that models can be kept, and that what is to be trained can be.

    Args:
        settings: Of the backend.
        environ: Names and values, the process's own by default.

    Raises:
        ProjectError: The folder of the models cannot be made or written.
        UsageError: A setting of the neural net makes no sense, or torch is missing.
    """
    _check_folder(settings.model_dir)
    if settings.segmenter == "lstm":
        from tslab.segmentation.lstm.settings import LstmSettings

        LstmSettings.from_environment(environ)
        if importlib.util.find_spec("torch") is None:
            raise UsageError(
                "SEGMENTER is 'lstm', which needs torch, and that is not installed",
                'pip install "tslab[torch]", or set SEGMENTER=learning.',
            )


def _check_folder(folder: Path) -> None:
    made: list[Path] = []
    try:
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise ProjectError(
            f"models cannot be kept in '{folder}': {reason}",
            "Check your rights there, or name another folder in MODEL_DIR.",
        ) from error
    finally:
        for path in made:  # a backend that never trains leaves nothing behind
            with contextlib.suppress(OSError):
                path.rmdir()


def cautions(settings: BackendSettings) -> list[str]:
    """Lines about what it can do without, but hardly means."""
    from tslab.label_studio.access import is_loopback

    lines = []
    if not settings.user and not is_loopback(settings.host):
        lines.append(
            "everybody who reaches this address can ask for predictions; set BASIC_AUTH_USER and "
            "BASIC_AUTH_PASS"
        )
    # A project folder knows its own server, which may be started later.
    if settings.folder is None and not (settings.url and settings.api_key):
        lines.append(
            "it predicts nothing that must be fetched and cannot train until LABEL_STUDIO_HOST and "
            "LABEL_STUDIO_API_KEY are set"
        )
    return lines
