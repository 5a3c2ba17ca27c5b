"""What a first keystroke costs: no heavy import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "pandas", "pydantic", "torch", "lxml", "label_studio_sdk", "pyarrow", "rich")

SCRIPT = """
import json, sys
from tslab.cli import run
code = run(json.loads(sys.argv[1]))
seen = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print("\\nSEEN", json.dumps([code, seen]))
"""


def fresh(*arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["domains"], ["domains", "--json"], ["init", "--help"]],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    done = fresh("-c", SCRIPT, json.dumps(arguments), json.dumps(HEAVY))
    code, seen = json.loads(done.stdout.rpartition("SEEN ")[2])
    assert seen == []
    assert code == 0


@pytest.mark.parametrize(
    "module",
    ["tslab", "tslab.cli", "tslab.hookspecs", "tslab.plugin_manager", "tslab.testing"],
)
def test_modules_are_cheap_to_import(module: str) -> None:
    code = (
        f"import json, sys, {module}; print(json.dumps([n for n in {HEAVY} if n in sys.modules]))"
    )
    assert json.loads(fresh("-c", code).stdout) == []


def test_an_export_with_numbers_loads_no_arrow(tmp_path: Path) -> None:
    regions = [
        {"id": f"r{at}", "from_name": "label", "to_name": "ts", "type": "timeserieslabels",
         "value": {"start": at, "end": at + 5, "timeserieslabels": ["x"]}}
        for at in (10, 20)
    ]  # fmt: skip
    annotations = [{"id": who, "completed_by": who, "result": regions} for who in (1, 2)]
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 1, "data": {"csv": "x"}, "annotations": annotations}]))
    arguments = ["agreement", "--from", str(path), "--json"]
    done = fresh("-c", SCRIPT, json.dumps(arguments), json.dumps(["pyarrow", "scipy", "lxml"]))
    found, _, seen = done.stdout.rpartition("SEEN ")
    assert '"event/f1@0.5"' in found
    assert json.loads(seen) == [0, []]
