"""Broken plugins: the others go on, and one line names plugin, distribution, version and remedy."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tslab.cli import run
from tslab.errors import PluginError
from tslab.hooks import DOMAIN_GROUP, EXTENSION_GROUP
from tslab.plugin_manager import installed, load_domain

DOMAIN = """
from tslab import Domain, Label, Span, Tier, hookimpl

@hookimpl
def tslab_domain():
    tier = Tier(name="wave", kind="intervals", labels=(Label(name="High"),))
    return Domain(name={name!r}, title="The {name}", tiers=(tier,), open_channels=True)
"""


class Distributions:
    """Distributions made in a folder: real metadata, no installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(
        self,
        name: str,
        source: str | None,
        *,
        domains: Mapping[str, str] | None = None,
        extensions: Mapping[str, str] | None = None,
        version: str = "1.2.3",
    ) -> None:
        """Without entry points it declares one domain, named as itself without "tslab-"."""
        module = name.replace("-", "_")
        if source is not None:
            text = textwrap.dedent(source)
            (self.folder / f"{module}.py").write_text(text, encoding="utf-8")
        if domains is None and extensions is None:
            domains = {name.removeprefix("tslab-"): module}
        lines = ["[tslab.domains]", *(f"{k} = {v}" for k, v in (domains or {}).items())]
        lines += ["[tslab.extensions]", *(f"{k} = {v}" for k, v in (extensions or {}).items())]
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: On {name}\n"
        (info / "METADATA").write_text(about, encoding="utf-8")

    def lake(self, more: str = "", **options: object) -> None:
        """A domain 'lake' of distribution tslab-lake 1.2.3."""
        source = DOMAIN.format(name="lake") + textwrap.dedent(more)
        self.write("tslab-lake", source, **options)  # type: ignore[arg-type]


@pytest.fixture
def dists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distributions]:
    """An environment in which nothing but the written distributions is installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    real = importlib.metadata.distributions
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: real(path=[str(folder)]))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("TSLAB_LOAD_PLUGINS", raising=False)
    yield Distributions(folder)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def plugins_document(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """Exit code of `tslab plugins --json`, and status by name."""
    capsys.readouterr()
    code = run(["plugins", "--json"])
    document = json.loads(capsys.readouterr().out)
    return code, {row["name"]: row["status"] for row in document["plugins"]}


BROKEN = {
    "raises on import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "ends python on import": ("import sys\nsys.exit('bye')", "SystemExit: bye"),
    "has a syntax error": ("def (:", "SyntaxError"),
    "needs something": ("import no_such_thing_of_ours", "Install 'no_such_thing_of_ours'"),
    "wants a new contract": (
        "HOOK_API = 2\n" + DOMAIN.format(name="bad"),
        "wants HOOK_API 2, this tslab has HOOK_API 1. Install a version of tslab-bad",
    ),
    "misspells a hook": (
        DOMAIN.format(name="bad") + "@hookimpl\ndef tslab_segmentors(domain): return []",
        "there is no hook 'tslab_segmentors', did you mean 'tslab_segmenters'?",
    ),
    "invents a hook": (
        DOMAIN.format(name="bad") + "@hookimpl\ndef brew_coffee(): return 1",
        "there is no hook 'brew_coffee', it is one of tslab_domain, tslab_read_recording",
    ),
    "misspells an argument": (
        DOMAIN.format(name="bad") + "@hookimpl\ndef tslab_segmenters(domian): return []",
        "hook tslab_segmenters has no argument 'domian', did you mean 'domain'?",
    ),
    "takes too much": (
        DOMAIN.format(name="bad") + "@hookimpl\ndef tslab_exporters(domain, colour): return []",
        "hook tslab_exporters has no argument 'colour', it has domain",
    ),
    "takes by keyword only": (
        DOMAIN.format(name="bad") + "@hookimpl\ndef tslab_exporters(*, domain): return []",
        "take 'domain' before the *",
    ),
    "forgets the mark": (
        DOMAIN.format(name="bad") + "def tslab_segmenters(domain): return []",
        "function 'tslab_segmenters' is not marked as a hook, put @tslab.hookimpl above it",
    ),
    "has a wrapper without yield": (
        DOMAIN.format(name="bad")
        + "@hookimpl(wrapper=True)\ndef tslab_exporters(domain): return []",
        "'tslab_exporters' is marked as a wrapper, but it has no 'yield'",
    ),
    "has another name": (DOMAIN.format(name="sea"), "its domain calls itself 'sea'"),
    "declares nothing": ("x = 1", "hook tslab_domain is missing or answered None"),
    "declares a wrong thing": (
        "from tslab import hookimpl\n@hookimpl\ndef tslab_domain(): return {'name': 'bad'}",
        "hook tslab_domain answered a dict instead of Domain or None",
    ),
    "declares nonsense": (
        "from tslab import *\n@hookimpl\ndef tslab_domain():\n"
        "    return Domain(name='bad', title='Bad', tiers=(), colour='red')",
        "Domain is not valid: tiers: Tuple should have at least 1 item after validation, not 0; "
        "colour: Extra inputs are not permitted",
    ),
    "declares nonsense on import": (
        "from tslab import *\nL = Label(name='A', color='red')",
        "cannot be imported: Label is not valid: color: String should match pattern",
    ),
    "clashes in itself": (
        "from tslab import *\n@hookimpl\ndef tslab_domain():\n"
        "    a, b = Label(name='A', hotkey='a'), Label(name='B', hotkey='a')\n"
        "    t = Tier(name='t', kind='states', labels=(a, b))\n"
        "    return Domain(name='bad', title='Bad', tiers=(t,))",
        "hotkey 'a' of label 'B' is taken by label 'A'",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_plugin_that(
    how: str, dists: Distributions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source, words = BROKEN[how]
    dists.lake()
    dists.write("tslab-bad", source)

    # the neighbour works
    assert run(["init", str(tmp_path / "study"), "--domain", "lake"]) == 0
    assert capsys.readouterr().err == ""
    assert run(["domains"]) == 0

    # the broken one says what is wrong, on one line
    assert run(["init", str(tmp_path / "other"), "--domain", "bad"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tslab: plugin 'bad' (tslab-bad 1.2.3, module tslab_bad)")
    assert words in line
    assert "Traceback" not in line
    assert not (tmp_path / "other").exists()

    # and the list shows both
    code, status = plugins_document(capsys)
    assert code == 3
    assert status["lake"] == "ok"
    assert words in status["bad"]


def test_all_problems_at_once(dists: Distributions) -> None:
    dists.lake("""
        @hookimpl
        def tslab_segmentors(domain): return []

        @hookimpl
        def tslab_exporters(domian): return []

        def tslab_predict(segmenter): return None
    """)
    with pytest.raises(PluginError) as caught:
        load_domain("lake")
    for words in ("'tslab_segmentors'", "'domian'", "'tslab_predict' is not marked"):
        assert words in str(caught.value)


RAISING = {
    "tslab_read_recording": "source",
    "tslab_read_annotations": "source",
    "tslab_derived_channels": "recording",
    "tslab_make_tasks": "recording",
    "tslab_labeling_config": "view",
    "tslab_edit_labeling_config": "root",
    "tslab_segmenters": "domain",
    "tslab_predict": "segmenter",
    "tslab_agreement_metrics": "domain",
    "tslab_check_annotation": "annotation",
    "tslab_exporters": "domain",
    "tslab_sample_recordings": "domain",
}


def call(hook: str) -> None:
    """Loads the domain 'lake' and calls one hook through its method."""
    plugins, domain = load_domain("lake")
    method = getattr(plugins, hook.removeprefix("tslab_"))
    names = inspect.signature(method).parameters
    method(**{name: domain if name == "domain" else object() for name in names})


@pytest.mark.parametrize("hook", RAISING)
@pytest.mark.parametrize("error", ["ZeroDivisionError('by zero')", "SystemExit('bye')"])
def test_a_raising_hook_is_blamed(hook: str, error: str, dists: Distributions) -> None:
    dists.lake(f"@hookimpl\ndef {hook}({RAISING[hook]}):\n    raise {error}\n")
    with pytest.raises(PluginError) as caught:
        call(hook)
    text = str(caught.value)
    kind, _, words = error.partition("(")
    assert text.startswith("plugin 'lake' (tslab-lake 1.2.3, module tslab_lake): ")
    assert f"hook {hook} raised {kind}: {words.strip(chr(39) + ')')} (tslab_lake.py line " in text
    assert text.endswith("Report it to the plugin's author; --debug shows the traceback.")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("hook", RAISING)
def test_a_wrong_answer_is_blamed(hook: str, dists: Distributions) -> None:
    answer = RAISING[hook] if hook == "tslab_edit_labeling_config" else "42"
    dists.lake(f"@hookimpl\ndef {hook}({RAISING[hook]}):\n    return {answer}\n")
    with pytest.raises(PluginError, match=rf"tslab-lake 1\.2\.3.*hook {hook} answered a .*instead"):
        call(hook)


@pytest.mark.parametrize("hook", ["tslab_segmenters", "tslab_exporters", "tslab_sample_recordings"])
def test_none_and_generators_are_no_sequences(hook: str, dists: Distributions) -> None:
    dists.lake(f"@hookimpl\ndef {hook}(domain):\n    yield 1\n")
    with pytest.raises(PluginError, match="answered a generator instead of a sequence of"):
        call(hook)


def test_a_data_error_about_a_file_is_no_blame(dists: Distributions) -> None:
    from tslab.errors import DataError

    dists.lake("""
        import tslab
        @hookimpl
        def tslab_read_recording(source):
            raise tslab.DataError("file is truncated")
    """)
    with pytest.raises(DataError, match=r"^file is truncated$"):
        call("tslab_read_recording")


@pytest.mark.parametrize(
    ("hook", "body"),
    [
        ("tslab_check_annotation(annotation)", "Span(3, 1, 'High', 'wave')"),
        ("tslab_segmenters(domain)", "raise __import__('tslab').DataError('odd')"),
        ("tslab_predict(segmenter)", "raise __import__('tslab').errors.UsageError('odd')"),
    ],
)
def test_a_plugin_cannot_blame_the_data_or_the_user_for_its_own_mistake(
    hook: str, body: str, dists: Distributions
) -> None:
    dists.lake(f"@hookimpl\ndef {hook}:\n    {body}\n")
    with pytest.raises(PluginError, match=r"tslab-lake 1\.2\.3"):
        call(hook.partition("(")[0])


def test_a_segmenter_that_core_calls_is_blamed_on_its_plugin(dists: Distributions) -> None:
    dists.lake("""
        from tslab import SegmenterSpec
        class Broken:
            version = "1"
            def segment(self, recording):
                raise IndexError("row 7")
        @hookimpl
        def tslab_segmenters(domain):
            return [SegmenterSpec("broken", "Broken", lambda domain: Broken())]
    """)
    from tslab.contracts import PredictRequest
    from tslab.recording import Recording

    plugins, domain = load_domain("lake")
    segmenter = plugins.segmenters(domain)[0].create(domain)
    with pytest.raises(PluginError) as caught:
        plugins.predict(segmenter, Recording("r", (), 1.0), domain, PredictRequest())
    text = str(caught.value)
    assert "tslab-lake 1.2.3" in text
    assert "hook tslab_predict raised IndexError: row 7 (tslab_lake.py line " in text


def test_core_default_that_fails_is_a_defect_of_tslab(dists: Distributions) -> None:
    dists.lake()
    with pytest.raises(PluginError, match=r"plugin 'builtin' \(tslab 0\..*defect of tslab"):
        call("tslab_check_annotation")


# --- extensions -----------------------------------------------------------------------------

EXPORTER = """
from tslab import hookimpl

class Lines:
    name, title, scope = "lines", "Lines", "project"
    def write(self, annotations, recordings, folder, domain): return []
    def read(self, paths, recordings, domain): return None

@hookimpl
def tslab_exporters(domain): return [Lines()]
"""


def test_a_good_extension_serves_every_domain(dists: Distributions) -> None:
    dists.lake()
    dists.write("tslab-lines", EXPORTER, extensions={"lines": "tslab_lines"})
    plugins, domain = load_domain("lake")
    assert "lines" in [exporter.name for exporter in plugins.exporters(domain)]
    assert plugins.problems == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise RuntimeError('no licence')", "no licence"),
        ("from tslab import hookimpl\n@hookimpl\ndef tslab_lines(): return 1", "'tslab_lines'"),
        (
            "from tslab import hookimpl\n@hookimpl\ndef tslab_exporters(lines): return []",
            "'lines'",
        ),
        (DOMAIN.format(name="lake"), "an extension declares no domain"),
    ],
)
def test_a_broken_extension_is_one_warning(
    source: str,
    words: str,
    dists: Distributions,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    dists.lake()
    dists.write("tslab-lines", source, extensions={"lines": "tslab_lines"})
    assert run(["init", str(tmp_path / "study"), "--domain", "lake"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tslab: plugin 'lines' (tslab-lines 1.2.3, module tslab_lines)")
    assert words in line
    code, status = plugins_document(capsys)
    assert (code, status["lake"]) == (3, "ok")
    assert words in status["lines"]


def test_two_plugins_with_one_exporter_are_both_named(dists: Distributions) -> None:
    dists.lake()
    dists.write("tslab-lines", EXPORTER, extensions={"lines": "tslab_lines"})
    dists.write("tslab-other", EXPORTER, extensions={"other": "tslab_other"}, version="7.0")
    plugins, domain = load_domain("lake")
    with pytest.raises(PluginError) as caught:
        plugins.exporters(domain)
    text = str(caught.value)
    assert "two exporters are named 'lines'" in text
    assert "tslab-lines 1.2.3" in text
    assert "tslab-other 7.0" in text


# --- who is installed -----------------------------------------------------------------------


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


# --- the whole program ----------------------------------------------------------------------


def tslab(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    paths = [str(folder), *(path for path in sys.path if path)]
    return subprocess.run(
        [sys.executable, "-c", "from tslab.cli import main; main()", *arguments],
        env={**os.environ, **env, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )


def test_exit_codes_of_the_program(dists: Distributions) -> None:
    dists.lake()
    dists.write("tslab-bad", "raise RuntimeError('no licence')")
    broken = tslab(dists.folder, "init", "study", "--domain", "bad")
    assert broken.returncode == 3
    assert broken.stderr.count("\n") == 1
    assert "no licence" in broken.stderr
    assert tslab(dists.folder, "plugins").returncode == 3
    assert tslab(dists.folder, "init", "study", "--domain", "lake").returncode == 0


def test_hooks_are_traced(dists: Distributions) -> None:
    dists.lake()
    done = tslab(dists.folder, "init", "study", "--domain", "lake", TSLAB_TRACE_HOOKS="1")
    assert done.returncode == 0
    (line,) = [text for text in done.stderr.splitlines() if "lake" in text]
    assert line.startswith("hook lake tslab_domain ")
    assert line.endswith(" ms")
    quiet = tslab(dists.folder, "init", "other", "--domain", "lake")
    assert quiet.stderr == ""
