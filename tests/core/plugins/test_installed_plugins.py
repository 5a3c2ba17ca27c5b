"""Which plugins are installed: twice, none, misspelt, limited, with damaged metadata."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from kit.distributions import DOMAIN, EXPORTER, Distributions, plugins_document

from tslab.cli import run
from tslab.errors import PluginError
from tslab.hooks import DOMAIN_GROUP, EXTENSION_GROUP
from tslab.plugin_manager import installed, load_domain


def test_two_distributions_of_one_domain(
    dists: Distributions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    dists.lake()
    dists.write("tslab-pond", DOMAIN.format(name="lake"), domains={"lake": "tslab_pond"})
    dists.write("tslab-sea", DOMAIN.format(name="sea"))
    assert run(["init", str(tmp_path / "a"), "--domain", "lake"]) == 3
    err = capsys.readouterr().err
    assert "domain 'lake' is declared by tslab-lake 1.2.3 and tslab-pond 1.2.3" in err
    assert "'pip uninstall tslab-lake' or 'pip uninstall tslab-pond'" in err
    assert run(["init", str(tmp_path / "b"), "--domain", "sea"]) == 0
    assert run(["domains"]) == 3
    code, status = plugins_document(capsys)
    assert code == 3
    assert "is declared by" in status["lake"]
    assert status["sea"] == "ok"


def test_nothing_is_installed(
    dists: Distributions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["plugins"]) == 0
    assert "No plugin is installed" in capsys.readouterr().out
    assert run(["init", str(tmp_path), "--domain", "lake"]) == 3
    assert "no domain plugin is installed. Get one" in capsys.readouterr().err


def test_a_misspelt_domain_gets_a_hint(
    dists: Distributions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    dists.lake()
    assert run(["init", str(tmp_path), "--domain", "lage"]) == 3
    assert "did you mean 'lake'?" in capsys.readouterr().err
    assert run(["init", str(tmp_path), "--domain", "volcano"]) == 3
    assert "Installed: lake." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        ("", []),
        ("lake", ["lake"]),
        ("tslab-sea", ["sea"]),
        ("tslab_sea , lake", ["lake", "sea"]),
        ("volcano", []),
    ],
)
def test_load_plugins_limits_them(
    allowed: str,
    found: list[str],
    dists: Distributions,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    dists.lake()
    dists.write("tslab-sea", DOMAIN.format(name="sea"))
    dists.write("tslab-lines", EXPORTER, extensions={"lines": "tslab_lines"})
    monkeypatch.setenv("TSLAB_LOAD_PLUGINS", allowed)
    assert [entry.name for entry in installed(DOMAIN_GROUP)] == found
    assert installed(EXTENSION_GROUP) == []
    if "lake" not in found:
        assert run(["init", str(tmp_path), "--domain", "lake"]) == 3
        assert "TSLAB_LOAD_PLUGINS" in capsys.readouterr().err


def test_listing_domains_imports_no_plugin(
    dists: Distributions, capsys: pytest.CaptureFixture[str]
) -> None:
    dists.write("tslab-bad", "raise RuntimeError")
    assert run(["domains", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["domains"]
    assert rows == [
        {
            "name": "bad",
            "title": "On tslab-bad",
            "distribution": "tslab-bad",
            "version": "1.2.3",
            "status": "installed",
        }
    ]
    assert "tslab_bad" not in sys.modules


def test_a_distribution_without_metadata_stops_nobody(
    dists: Distributions, capsys: pytest.CaptureFixture[str]
) -> None:
    dists.lake()
    info = dists.folder / "tslab_half-0.4.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[tslab.domains]\nhalf = tslab_half\n")
    (dists.folder / "none-1.dist-info").mkdir()
    code, status = plugins_document(capsys)
    assert (code, status["lake"]) == (3, "ok")
    assert "plugin 'half' (tslab_half 0.4, module tslab_half) cannot be imported" in status["half"]


@pytest.mark.parametrize("line", ["no equals", "lake2 =", "= tslab_lake", "lake2 = not a module!"])
def test_a_damaged_entry_point_stops_nobody(
    line: str, dists: Distributions, capsys: pytest.CaptureFixture[str]
) -> None:
    dists.lake()
    dists.write("tslab-torn", None, domains={})
    path = dists.folder / "tslab_torn-1.2.3.dist-info" / "entry_points.txt"
    path.write_text(f"# a comment\n[console_scripts]\nx = y:z\n[tslab.domains]\n{line}\n")
    code, status = plugins_document(capsys)
    assert code == 3
    assert status.pop("lake") == "ok"
    (text,) = status.values()
    assert "tslab-torn 1.2.3" in text


def test_entry_points_that_are_no_text_are_no_entry_points(dists: Distributions) -> None:
    dists.lake()
    dists.write("tslab-torn", None, domains={})
    path = dists.folder / "tslab_torn-1.2.3.dist-info" / "entry_points.txt"
    path.write_bytes(b"[tslab.domains]\n\xff\xfe = x")
    assert [entry.name for entry in installed(DOMAIN_GROUP)] == ["lake"]


def test_an_entry_point_must_lead_to_a_module(dists: Distributions) -> None:
    dists.write("tslab-lake", DOMAIN.format(name="lake"), domains={"lake": "tslab_lake:Domain"})
    with pytest.raises(PluginError, match="leads to a ModelMetaclass, not to a module"):
        load_domain("lake")
