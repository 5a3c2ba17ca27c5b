"""What the tests of all readers share: a small domain, and a way to write and read a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tslab.contracts import ReadOptions
from tslab.domain import Choice, Domain, Label, RegionField, Tier, View
from tslab.errors import DataError
from tslab.readers import open_source, read_recording
from tslab.recording import Recording


@pytest.fixture
def domain() -> Domain:
    return Domain(
        name="demo",
        title="Demo",
        tiers=(
            Tier(
                name="state", kind="states", labels=(Label(name="Run", code="R"), Label(name="Off"))
            ),
            Tier(
                name="event",
                kind="intervals",
                labels=(Label(name="Leak"), Label(name="Shock"), Label(name="Both")),
            ),
            Tier(name="mark", kind="instants", labels=(Label(name="Peak"), Label(name="Both"))),
        ),
        views=(View(name="all", tiers=("state", "event", "mark")),),
        fields=(
            RegionField(name="severity", kind="rating", maximum=5),
            RegionField(
                name="cause",
                kind="choice",
                multiple=True,
                choices=(Choice(value="valve"), Choice(value="pump")),
            ),
        ),
    )


ReadText = Callable[..., Recording]


@pytest.fixture
def read_file(domain: Domain) -> Callable[..., Recording]:
    """Reads a file with options given as keywords."""

    def read(path: Path, **options: object) -> Recording:
        recording = read_recording(open_source(path), ReadOptions(**options), domain)  # type: ignore[arg-type]
        assert recording is not None
        return recording

    return read


@pytest.fixture
def read_text(tmp_path: Path, read_file: Callable[..., Recording]) -> ReadText:
    """Writes text (or bytes) as a file and reads it."""

    def read(text: str | bytes, name: str = "table.csv", **options: object) -> Recording:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_file(path, **options)

    return read


@pytest.fixture
def refusal(read_text: ReadText) -> Callable[..., str]:
    """The message with which a file of that text is refused; one line that names the file."""

    def refuse(text: str | bytes, name: str = "table.csv", **options: object) -> str:
        def read_all() -> None:
            for signal in read_text(text, name, **options).signals:
                signal.values()

        with pytest.raises(DataError) as caught:
            read_all()
        message = str(caught.value)
        assert "\n" not in message
        assert name in message
        assert caught.value.remedy
        return message

    return refuse


@pytest.fixture
def data_root() -> Path:
    """The folder with real recordings; the test is skipped where there is none."""
    default = Path(__file__).resolve().parents[4] / "shared" / "data"
    root = Path(os.environ.get("TSLAB_DATA", default))
    if not root.is_dir():
        pytest.skip(f"no sample data in {root} (set TSLAB_DATA)")
    return root
