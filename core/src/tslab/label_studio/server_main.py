"""The embedded server's process: Label Studio's own command, with settings that no variable sets.

Run as ``python -m tslab.label_studio.server_main start ...`` by `EmbeddedServer` alone.
"""

from __future__ import annotations

import importlib
import os
import sys

from tslab.label_studio.server_environment import COOKIE_VARIABLE, NOWHERE_PORT


def main() -> None:
    """Runs Label Studio's command line; returns when the server ends."""
    label_studio = importlib.import_module("label_studio.server")
    # Its settings import "core", which its own start would put on the path too late for us.
    sys.path.insert(0, label_studio.LS_PATH)
    settings = importlib.import_module("django.conf").settings
    # Browsers share cookies between ports of one host: with the usual name, a login to one study
    # would end the login to another one that runs beside it.
    settings.SESSION_COOKIE_NAME = os.environ[COOKIE_VARIABLE]
    # A Redis on this machine belongs to somebody else; Label Studio would connect to it unasked.
    for queue in settings.RQ_QUEUES.values():
        queue.update({"HOST": "127.0.0.1", "PORT": NOWHERE_PORT})
    # One line for each request would grow the log for ever, with invite tokens in it.
    settings.LOGGING["loggers"]["django.server"] = {"level": "WARNING"}
    sys.exit(label_studio.main())


if __name__ == "__main__":
    main()
