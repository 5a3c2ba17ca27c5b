"""Environment variables of the embedded server: what it may see, and that it may call nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tslab.label_studio.server_record import ServerRecord

SETTINGS_MODULE = "label_studio.core.settings.label_studio"
COOKIE_VARIABLE = "TSLAB_SESSION_COOKIE"
SERVED_VARIABLE = "TSLAB_SERVED_FOLDER"
SERVED = "tasks"
"""The one folder of a project that the server may hand out."""
NOWHERE_PORT = 9
"""The discard port of this host, where nobody listens."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# Label Studio reads many variables without a prefix (HOST, PORT, DEBUG, SECRET_KEY, POSTGRE_HOST),
# so it gets these of the shell's and no others.
_INHERITED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ",
    "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_OURS = {"LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"}


def server_environment(
    record: ServerRecord, root: Path, data: Path, allow_hosts: Iterable[str] = ()
) -> dict[str, str]:
    """The whole environment of the server's process.

    Variables of the shell that begin with ``LABEL_STUDIO_`` reach it too, ours win.

    Args:
        record: Account, port and address.
        root: The project folder; files below its ``tasks/`` may be served.
        data: Label Studio's data directory.
        allow_hosts: Hosts that it may reach, besides this one.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or (name.startswith("LABEL_STUDIO_") and name not in _OURS)
    }
    return {
        **inherited,
        **_prefixed(record, root, data),
        **_no_outbound(allow_hosts),
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
        COOKIE_VARIABLE: f"tslab_session_{record.port}",
        SERVED_VARIABLE: str(root.resolve() / SERVED),
        # Label Studio makes folders in the home of the user, unless told otherwise.
        "XDG_DATA_HOME": str(data / "share"),
        "XDG_CACHE_HOME": str(data / "cache"),
        "XDG_CONFIG_HOME": str(data / "config"),
    }


def _prefixed(record: ServerRecord, root: Path, data: Path) -> Mapping[str, str]:
    """Label Studio's own settings; the prefixed name wins over every other."""
    named = {
        "USERNAME": record.email,
        "PASSWORD": record.password,
        "USER_TOKEN": record.token,
        "ENABLE_LEGACY_API_TOKEN": "true",
        "HOST": record.url,
        "PORT": str(record.port),
        "BASE_DATA_DIR": str(data),
        "DJANGO_DB": "sqlite",
        "DATABASE_NAME": str(data / "label_studio.sqlite3"),
        "LOCAL_FILES_SERVING_ENABLED": "true",
        "LOCAL_FILES_DOCUMENT_ROOT": str(root),
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",
        # Against pages elsewhere that resolve their own name to this host.
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CORS_ALLOW_ALL_ORIGINS": "false",
        # The ML backend runs on this host.
        "ML_BLOCK_LOCAL_IP": "false",
        "SSRF_PROTECTION_ENABLED": "false",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "CONVERTER_DOWNLOAD_RESOURCES": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "DEBUG": "false",
        "LOG_LEVEL": "WARNING",
    }
    return {f"LABEL_STUDIO_{name}": value for name, value in named.items()}


def _no_outbound(allow_hosts: Iterable[str]) -> dict[str, str]:
    """Proxies that lead nowhere: some requests, such as /heidi-tips, have no switch."""
    nowhere = f"http://127.0.0.1:{NOWHERE_PORT}"
    direct = ",".join([*LOOPBACK, *allow_hosts])
    wanted = {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "ALL_PROXY": nowhere}
    wanted["NO_PROXY"] = direct
    return {**wanted, **{name.lower(): value for name, value in wanted.items()}}
