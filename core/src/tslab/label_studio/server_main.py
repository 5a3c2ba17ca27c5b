"""The embedded server's process: Label Studio's own command, with what no variable can set.

Run as ``python -m tslab.label_studio.server_main start ...`` by `EmbeddedServer` alone.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from tslab.label_studio.server_environment import COOKIE_VARIABLE, NOWHERE_PORT, SERVED_VARIABLE


def main() -> None:
    """Runs Label Studio's command line; returns when the server ends."""
    label_studio: Any = importlib.import_module("label_studio.server")
    # Its settings import "core", which its own start would put on the path too late for us.
    sys.path.insert(0, label_studio.LS_PATH)
    _settle(importlib.import_module("django.conf").settings)
    prepare = label_studio._apply_database_migrations

    def prepare_and_guard() -> None:
        prepare()
        _guard_storages(Path(os.environ[SERVED_VARIABLE]))

    label_studio._apply_database_migrations = prepare_and_guard
    sys.exit(label_studio.main())


def _settle(settings: Any) -> None:
    # Browsers share cookies between ports of one host: with the usual name, a login to one study
    # would end the login to another one that runs beside it.
    settings.SESSION_COOKIE_NAME = os.environ[COOKIE_VARIABLE]
    # A Redis on this machine belongs to somebody else; Label Studio would connect to it unasked.
    for queue in settings.RQ_QUEUES.values():
        queue.update({"HOST": "127.0.0.1", "PORT": NOWHERE_PORT})
    # One line for each request would grow the log for ever, with invite tokens in it.
    settings.LOGGING["loggers"]["django.server"] = {"level": "WARNING"}


def _guard_storages(served: Path) -> None:
    """Lets storages cover the folder of the tasks and nothing else below the document root.

    Every user may make storages in the community edition: one on ``.tslab/`` would hand out the
    administrator's password and the names behind the pseudonyms.
    """
    models = importlib.import_module("io_storages.localfiles.models")
    refusal = importlib.import_module("rest_framework.exceptions").ValidationError
    validate = models.LocalFilesMixin.validate_connection

    def validate_and_guard(storage: Any) -> None:
        validate(storage)
        path = Path(storage.path).resolve()
        if served not in (path, *path.parents):
            raise refusal(f'Local path "{storage.path}" is not below "{served}"')

    models.LocalFilesMixin.validate_connection = validate_and_guard


if __name__ == "__main__":
    main()
