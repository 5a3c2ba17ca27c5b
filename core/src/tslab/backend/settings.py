"""Settings of the ML backend: flags, the environment of Label Studio's example, the project."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tslab.errors import UsageError, did_you_mean
from tslab.label_studio.connection import check_address

if TYPE_CHECKING:
    from tslab.project import Project

MEGABYTE = 1024 * 1024
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SEGMENTERS = ("learning", "lstm")
DEFAULT_FOLDER = "models"
MOST_REFRESHED = 10**6
DIGITS = 12
"""Longest text that is read as a number."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says; None and "" leave it to the environment.

    Attributes:
        host: Address to listen on.
        port: Port to listen on.
        model_dir: Folder of the models.
        refresh: How many unlabelled tasks get new predictions after a training.
    """

    host: str = "127.0.0.1"
    port: int = 9090
    model_dir: str = ""
    refresh: int | None = None


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """Everything that the backend can be told.

    Attributes:
        model_dir: Folder of the models, absolute.
        host: Address to listen on.
        port: Port to listen on.
        folder: The project folder, None when only foreign projects are served.
        url: Address of Label Studio without a slash at its end; "" when unknown.
        api_key: Legacy token or personal access token; never printed.
        user: Name for basic authentication; "" switches it off.
        password: Password for basic authentication.
        log_level: Name of a level of `logging`.
        segmenter: What is trained: ``learning`` or ``lstm``.
        allow_hosts: Hosts beside Label Studio that task data may come from, ``host`` or
            ``host:port``, lower case.
        train_every: Annotations that lead to one training.
        quiet_seconds: A training waits until no annotation came for so long.
        longest_wait_seconds: But not longer than this.
        train_seconds: A training that takes longer is ended.
        trainings_at_once: Bound for all projects together.
        predict_seconds: Work on one request; Label Studio waits 100 s.
        predict_threads: Requests that are worked on at a time; the others wait.
        max_tasks: Most tasks of one request.
        max_body_bytes: Longest request body.
        max_data_bytes: Longest answer to a request for task data.
        data_seconds: Longest time that task data may take to arrive.
        models_in_memory: Loaded models that are kept.
        refresh: Unlabelled tasks that get new predictions after a training; 0 for none.
    """

    model_dir: Path
    host: str = "127.0.0.1"
    port: int = 9090
    folder: Path | None = None
    url: str = ""
    api_key: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    log_level: str = "INFO"
    segmenter: str = SEGMENTERS[0]
    allow_hosts: tuple[str, ...] = ()
    train_every: int = 1
    quiet_seconds: float = 2.0
    longest_wait_seconds: float = 30.0
    train_seconds: float = 3600.0
    trainings_at_once: int = 1
    predict_seconds: float = 80.0
    predict_threads: int = 2
    max_tasks: int = 10_000
    max_body_bytes: int = 100 * MEGABYTE
    max_data_bytes: int = 256 * MEGABYTE
    data_seconds: float = 30.0
    models_in_memory: int = 8
    refresh: int = 200

    @classmethod
    def read(
        cls, flags: Flags, environ: Mapping[str, str] | None = None, project: Project | None = None
    ) -> BackendSettings:
        """The settings: flags win over the environment, the environment over tslab.yaml.

        Raises:
            UsageError: A value makes no sense.
            ServerError: The project's privacy forbids the address of Label Studio.
        """
        env = _Environment(os.environ if environ is None else environ)
        base = project.root if project is not None else Path.cwd()
        given = project.settings if project is not None else None
        folder = flags.model_dir or env.text("MODEL_DIR") or str(base / DEFAULT_FOLDER)
        refresh = flags.refresh
        if refresh is None:
            refresh = env.whole("TSLAB_REFRESH", 200, 0, MOST_REFRESHED)
        user, password = _credentials(env)
        url = _label_studio(env, given.label_studio.url if given is not None else "")
        if given is not None and url:
            check_address(url, given)
        return cls(
            model_dir=_absolute(folder),
            host=flags.host,
            port=flags.port,
            folder=project.root if project is not None else None,
            url=url,
            api_key=_key(env),
            user=user,
            password=password,
            log_level=env.one_of("LOG_LEVEL", LOG_LEVELS, "INFO", upper=True),
            segmenter=_segmenter(env, given.segmenter if given is not None else ""),
            allow_hosts=_hosts(env, given.allow_hosts if given is not None else ()),
            train_every=env.whole("START_TRAINING_EACH_N_UPDATES", 1, 1, 10**6),
            quiet_seconds=env.seconds("TSLAB_TRAIN_QUIET_SECONDS", 2.0),
            longest_wait_seconds=env.seconds("TSLAB_TRAIN_WAIT_SECONDS", 30.0),
            train_seconds=env.seconds("TSLAB_TRAIN_SECONDS", 3600.0),
            trainings_at_once=env.whole("TSLAB_TRAININGS_AT_ONCE", 1, 1, 64),
            predict_seconds=env.seconds("TSLAB_PREDICT_SECONDS", 80.0),
            predict_threads=env.whole("TSLAB_PREDICT_THREADS", 2, 1, 256),
            max_tasks=env.whole("TSLAB_MAX_TASKS", 10_000, 1, 10**6),
            max_body_bytes=env.whole("TSLAB_MAX_BODY_MB", 100, 1, 4096) * MEGABYTE,
            max_data_bytes=env.whole("TSLAB_MAX_DATA_MB", 256, 1, 65536) * MEGABYTE,
            data_seconds=env.seconds("TSLAB_DATA_SECONDS", 30.0),
            models_in_memory=env.whole("TSLAB_MODELS_IN_MEMORY", 8, 1, 1000),
            refresh=refresh,
        )


class _Environment:
    """Typed reading of environment variables; an empty one counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.text(name)
        if not text:
            return default
        digits = text.isascii() and text.isdigit() and len(text) <= DIGITS
        if not digits or not lowest <= int(text) <= highest:
            remedy = f"It takes a whole number from {lowest} to {highest}."
            raise UsageError(f"{name} is '{text[:DIGITS]}'", remedy)
        return int(text)

    def seconds(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            value = float(text) if text else default
        except ValueError:
            value = -1.0
        if not 0 <= value <= 10**7:
            raise UsageError(f"{name} is '{text}'", "It takes a number of seconds.")
        return value

    def one_of(self, name: str, known: tuple[str, ...], default: str, *, upper: bool) -> str:
        text = self.text(name) or default
        value = text.upper() if upper else text.lower()
        if value not in known:
            hint = did_you_mean(value, known) or f"It takes {', '.join(known)}."
            raise UsageError(f"{name} is '{text}'", hint)
        return value


def _credentials(env: _Environment) -> tuple[str, str]:
    user, password = env.text("BASIC_AUTH_USER"), env.text("BASIC_AUTH_PASS")
    if bool(user) != bool(password):
        raise UsageError(
            "BASIC_AUTH_USER and BASIC_AUTH_PASS go together, and only one is set",
            "Set both, or none.",
        )
    if ":" in user:
        raise UsageError(
            "BASIC_AUTH_USER holds a ':', which ends the name in every request", "Choose another."
        )
    return user, password


def _absolute(folder: str) -> Path:
    path = Path(folder).expanduser()
    path = path if path.is_absolute() else Path.cwd() / path
    with contextlib.suppress(OSError):  # the check at the start says what is wrong with it
        if path.is_file():
            remedy = "Name a folder in MODEL_DIR."
            raise UsageError(f"the model folder '{folder}' is a file", remedy)
    return path.resolve()


def _segmenter(env: _Environment, named: str) -> str:
    """What to train; a segmenter of the domain that does not learn leaves the default."""
    default = named if named in SEGMENTERS else SEGMENTERS[0]
    return env.one_of("SEGMENTER", SEGMENTERS, default, upper=False)


def _label_studio(env: _Environment, named: str) -> str:
    name = next((n for n in ("LABEL_STUDIO_HOST", "LABEL_STUDIO_URL") if env.text(n)), "")
    address = (env.text(name) if name else named).rstrip("/")
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        place = name or "label_studio: url in tslab.yaml"
        raise UsageError(f"{place} is no address of a web server", "Write http://HOST:PORT.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            f"{name or 'label_studio: url'} holds more than an address",
            "Write http://HOST:PORT; the key goes into LABEL_STUDIO_API_KEY.",
        )
    return address


def _key(env: _Environment) -> str:
    key = env.text("LABEL_STUDIO_API_KEY")
    if not key.isascii() or any(letter.isspace() for letter in key):
        raise UsageError(
            "LABEL_STUDIO_API_KEY holds spaces or letters that no token has", "Copy it again."
        )
    return key


def _hosts(env: _Environment, named: tuple[str, ...]) -> tuple[str, ...]:
    given = [part.strip().lower() for part in env.text("TSLAB_ALLOW_HOSTS").split(",")]
    hosts = [part for part in (*given, *(name.lower() for name in named)) if part]
    for host in hosts:
        if "/" in host or "@" in host or "*" in host:
            raise UsageError(
                f"TSLAB_ALLOW_HOSTS names '{host}'", "Write HOST or HOST:PORT, with commas between."
            )
    return tuple(dict.fromkeys(hosts))
