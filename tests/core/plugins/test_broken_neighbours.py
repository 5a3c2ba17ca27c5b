"""Broken plugins: the others go on, and one line names plugin, distribution, version and remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kit.distributions import DOMAIN, EXPORTER, Distributions, plugins_document

from tslab.cli import run
from tslab.errors import PluginError
from tslab.plugin_manager import load_domain

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
