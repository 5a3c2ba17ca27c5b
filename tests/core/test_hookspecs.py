"""Every hook is documented in full, typed, and tested."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tslab import hookspecs
from tslab.plugin_answers import expected_answers
from tslab.plugin_manager import Plugins, hook_names

HOOKS = hook_names()
TESTS = Path(__file__).parent


def docstring(hook: str) -> str:
    return inspect.getdoc(getattr(hookspecs, hook)) or ""


def sections(text: str) -> dict[str, str]:
    """Text of each section by its title; the part above the first one is under ""."""
    found: dict[str, list[str]] = {"": []}
    title = ""
    for line in text.splitlines():
        match = re.match(r"(Args|Returns|Raises|Since):(.*)", line)
        if match:
            title = match.group(1)
            found[title] = [match.group(2)]
        else:
            found[title].append(line)
    return {key: "\n".join(lines).strip() for key, lines in found.items()}


def test_there_are_thirteen() -> None:
    assert len(HOOKS) == 13


@pytest.mark.parametrize("hook", HOOKS)
def test_it_says_what_it_is_for(hook: str) -> None:
    first = re.split(r"\n\s*\n", docstring(hook))[0]
    assert first.endswith(".")
    assert len(first.split()) >= 4


@pytest.mark.parametrize("hook", HOOKS)
def test_it_says_who_asks_and_when(hook: str) -> None:
    assert re.search(r"^Asked ", sections(docstring(hook))[""], re.MULTILINE)


@pytest.mark.parametrize("hook", HOOKS)
def test_it_explains_each_argument(hook: str) -> None:
    arguments = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    text = "    " + sections(docstring(hook)).get("Args", "")
    assert re.findall(r"^    (\w+): \S", text, re.MULTILINE) == arguments


@pytest.mark.parametrize("hook", HOOKS)
def test_it_says_what_the_answer_means_none_or_nothing_too(hook: str) -> None:
    answer = " ".join(sections(docstring(hook))["Returns"].split())
    expected = expected_answers()[hook]
    if expected.kind is type(None):
        assert answer.startswith("Nothing")
    elif expected.nothing:
        assert "None" in answer
    else:
        assert "empty sequence" in answer


@pytest.mark.parametrize("hook", HOOKS)
def test_it_says_what_an_exception_does(hook: str) -> None:
    assert sections(docstring(hook))["Raises"].startswith("Exception: ")


@pytest.mark.parametrize("hook", HOOKS)
def test_it_says_since_when(hook: str) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+, HOOK_API \d+\.", sections(docstring(hook))["Since"])


@pytest.mark.parametrize("hook", HOOKS)
def test_it_is_typed(hook: str) -> None:
    signature = inspect.signature(getattr(hookspecs, hook))
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty


@pytest.mark.parametrize("hook", HOOKS)
def test_it_has_a_method_that_names_it(hook: str) -> None:
    method = getattr(Plugins, hook.removeprefix("tslab_"))
    if hook != "tslab_domain":
        assert f"`{hook}`" in (inspect.getdoc(method) or "")
        taken = list(inspect.signature(method).parameters)[1:]
        assert taken == list(inspect.signature(getattr(hookspecs, hook)).parameters)


@pytest.mark.parametrize("hook", HOOKS)
def test_first_and_all_are_what_pluggy_does(hook: str) -> None:
    options = getattr(hookspecs, hook).tslab_spec
    assert options["firstresult"] == expected_answers()[hook].first


@pytest.mark.parametrize("hook", HOOKS)
def test_it_has_a_test(hook: str) -> None:
    names = [
        name
        for path in TESTS.glob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    ]
    assert f"test_hook_{hook}" in names or f"test_hook_{hook.removeprefix('tslab_')}" in names


def test_builtin_plugin_implements_only_hooks() -> None:
    from tslab import builtin_plugin

    own = {name for name in vars(builtin_plugin) if name.startswith("tslab_")}
    assert own <= set(HOOKS)
