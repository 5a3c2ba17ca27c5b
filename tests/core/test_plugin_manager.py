"""Registration, order, wrappers and blame, on modules made in the test."""

from __future__ import annotations

import functools
import logging
import types
from pathlib import Path
from typing import Any

import pytest

import tslab
from tslab.contracts import SegmenterSpec
from tslab.domain import Domain, Label, Tier
from tslab.errors import DataError, PluginError, UsageError
from tslab.hooks import DOMAIN_GROUP, EXTENSION_GROUP, hookimpl
from tslab.plugin_entries import describe_error
from tslab.plugin_manager import (
    BUILTIN,
    PluginEntry,
    Plugins,
    hook_names,
    load_domain,
    load_entry,
)

TIER = Tier(name="wave", kind="intervals", labels=(Label(name="High"),))
DOMAIN = Domain(name="lake", title="Lake", tiers=(TIER,))


def entry(name: str = "lake", group: str = DOMAIN_GROUP) -> PluginEntry:
    return PluginEntry(name, group, f"tslab_{name}", f"tslab-{name}", "2.1")


def module(name: str = "lake", **functions: Any) -> types.ModuleType:
    made = types.ModuleType(f"tslab_{name}")
    vars(made).update(functions)
    return made


def spec(name: str) -> SegmenterSpec:
    return SegmenterSpec(name, name, lambda domain: None)  # type: ignore[arg-type,return-value]


def offering(*names: str) -> Any:
    @hookimpl
    def tslab_segmenters() -> list[SegmenterSpec]:
        return [spec(name) for name in names]

    return tslab_segmenters


def names(plugins: Plugins) -> list[str]:
    return [found.name for found in plugins.segmenters(DOMAIN)]


def test_domain_is_asked_before_extensions_before_core() -> None:
    plugins = Plugins()
    plugins.register(BUILTIN, module("core", tslab_segmenters=offering("core")))
    extension = entry("extra", EXTENSION_GROUP)
    plugins.register(extension, module("extra", tslab_segmenters=offering("extra")))
    plugins.register(entry(), module(tslab_segmenters=offering("own", "second")))
    assert names(plugins) == ["own", "second", "extra", "core"]
    assert [e.name for e in plugins.entries] == ["builtin", "extra", "lake"]


def test_two_managers_share_nothing() -> None:
    first, second = Plugins(), Plugins()
    first.register(entry(), module(tslab_segmenters=offering("own")))
    assert names(second) == []


def test_hooks_of_a_plugin() -> None:
    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=offering("own")))
    assert plugins.hooks_of(entry()) == ["tslab_segmenters"]


def test_builtin_names_its_version() -> None:
    assert BUILTIN.version == tslab.__version__
    plugins = Plugins()
    plugins.register(BUILTIN, BUILTIN.load())
    assert set(plugins.hooks_of(BUILTIN)) < set(hook_names())


def test_a_refused_plugin_leaves_nothing_behind() -> None:
    @hookimpl
    def tslab_exporters(colour: str) -> list[Any]:
        return []

    plugins = Plugins()
    with pytest.raises(PluginError, match="colour"):
        plugins.register(
            entry(), module(tslab_segmenters=offering("own"), tslab_exporters=tslab_exporters)
        )
    assert names(plugins) == []
    assert plugins.entries == []
    plugins.register(entry(), module(tslab_segmenters=offering("mended")))
    assert names(plugins) == ["mended"]


def test_what_pluggy_refuses_is_blamed_too() -> None:
    @hookimpl(wrapper=True, hookwrapper=False)
    def tslab_segmenters() -> Any:
        return (yield)

    vars(tslab_segmenters)["tslab_impl"]["hookwrapper"] = True  # both: pluggy says no
    plugins = Plugins()
    with pytest.raises(PluginError, match=r"tslab-lake 2\.1"):
        plugins.register(entry(), module(tslab_segmenters=tslab_segmenters))
    assert plugins.entries == []


def test_registering_twice_is_refused() -> None:
    plugins = Plugins()
    plugins.register(entry(), module())
    with pytest.raises(PluginError, match="already registered"):
        plugins.register(entry(), module())


@pytest.mark.parametrize("cached_first", [True, False])
def test_a_cached_hook_is_a_hook(cached_first: bool) -> None:
    calls = []

    def tslab_segmenters() -> list[SegmenterSpec]:
        calls.append(1)
        return [spec("own")]

    marked: Any
    if cached_first:
        marked = hookimpl(functools.cache(tslab_segmenters))
    else:
        marked = functools.cache(hookimpl(tslab_segmenters))
    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=marked))
    assert names(plugins) == names(plugins) == ["own"]
    assert calls == [1]


def test_an_implementation_may_have_another_name_and_defaults() -> None:
    @hookimpl(specname="tslab_segmenters")
    def mine(domain: Domain, more: int = 2, *rest: int, **named: int) -> list[SegmenterSpec]:
        return [spec(domain.name)] * (more - 1)

    plugins = Plugins()
    plugins.register(entry(), module(mine=mine))
    assert names(plugins) == ["lake"]


def test_an_optional_hook_of_another_tslab_is_no_mistake() -> None:
    @hookimpl(optionalhook=True)
    def tslab_of_tomorrow() -> int:
        return 1

    plugins = Plugins()
    plugins.register(entry(), module(tslab_of_tomorrow=tslab_of_tomorrow))
    assert plugins.hooks_of(entry()) == []


def test_an_imported_unmarked_function_is_no_mistake() -> None:
    from tslab.hookspecs import tslab_segmenters

    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=tslab_segmenters))
    assert names(plugins) == []


def test_objects_with_strange_attributes_are_left_alone() -> None:
    class Loud:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("do not touch")

        def __call__(self) -> None: ...

    Plugins().register(entry(), module(loud=Loud(), Loud=Loud))


# --- wrappers -------------------------------------------------------------------------------


def wrapped(function: Any, **options: Any) -> Plugins:
    plugins = Plugins()
    plugins.register(BUILTIN, module("core", tslab_segmenters=offering("core")))
    plugins.register(entry(), module(tslab_segmenters=hookimpl(function, **options)))
    return plugins


def test_a_wrapper_sees_and_changes_the_answers() -> None:
    def tslab_segmenters(domain: Domain) -> Any:
        answers = yield
        return [*answers, [spec(domain.name)]]

    assert names(wrapped(tslab_segmenters, wrapper=True)) == ["core", "lake"]


def test_an_old_style_wrapper_works() -> None:
    def tslab_segmenters() -> Any:
        outcome = yield
        outcome.force_result([[spec("old")]])

    assert names(wrapped(tslab_segmenters, hookwrapper=True)) == ["old"]


def test_a_raising_wrapper_is_blamed() -> None:
    def tslab_segmenters() -> Any:
        yield
        raise KeyError("gone")

    with pytest.raises(PluginError, match=r"tslab-lake 2\.1.*wrapper of hook .*KeyError: 'gone'"):
        names(wrapped(tslab_segmenters, wrapper=True))


@pytest.mark.parametrize("answer", [None, [42], [[42]]])
def test_a_wrapper_that_answers_wrongly_is_blamed(answer: Any) -> None:
    def tslab_segmenters() -> Any:
        yield
        return answer

    with pytest.raises(PluginError, match=r"tslab-lake 2\.1"):
        names(wrapped(tslab_segmenters, wrapper=True))


def test_a_wrapper_of_a_first_hook_answers_once() -> None:
    @hookimpl(wrapper=True)
    def tslab_labeling_config() -> Any:
        text = yield
        return f"{text}!"

    @hookimpl(specname="tslab_labeling_config")
    def config() -> str:
        return "<View/>"

    plugins = Plugins()
    plugins.register(BUILTIN, module("core", config=config))
    plugins.register(entry(), module(tslab_labeling_config=tslab_labeling_config))
    assert plugins.labeling_config(DOMAIN, "all", ()) == "<View/>!"


def test_an_error_below_a_wrapper_is_blamed_on_its_owner() -> None:
    def tslab_segmenters() -> Any:
        return (yield)

    @hookimpl(specname="tslab_segmenters")
    def broken() -> list[Any]:
        raise ValueError("mine")

    plugins = wrapped(tslab_segmenters, wrapper=True)
    plugins.register(entry("sea"), module("sea", broken=broken))
    with pytest.raises(PluginError, match=r"tslab-sea 2\.1"):
        names(plugins)


# --- names and blame ------------------------------------------------------------------------


def test_one_plugin_with_two_equal_names() -> None:
    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=offering("a", "b", "a")))
    with pytest.raises(PluginError, match=r"two segmenters are named 'a'.*tslab-lake 2\.1"):
        names(plugins)


def test_calling_blames_who_offered_it() -> None:
    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=offering("own")))
    found = plugins.segmenters(DOMAIN)[0]
    with (
        pytest.raises(PluginError) as caught,
        plugins.calling(found, "segmenter 'own', creating"),
    ):
        raise ZeroDivisionError("by zero")
    assert str(caught.value).startswith(
        "plugin 'lake' (tslab-lake 2.1, module tslab_lake): segmenter 'own', creating raised "
        "ZeroDivisionError: by zero ("
    )


def test_calling_lets_data_and_plugin_errors_pass() -> None:
    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=offering("own")))
    found = plugins.segmenters(DOMAIN)[0]
    for error in (DataError("truncated"), PluginError("known")):
        with pytest.raises(type(error)) as caught, plugins.calling(found, "segmenting"):
            raise error
        assert caught.value is error
        assert caught.value.__cause__ is None
    with plugins.calling(found, "segmenting"):
        pass


def test_what_is_not_implemented_says_so() -> None:
    @hookimpl
    def tslab_segmenters() -> list[Any]:
        raise NotImplementedError

    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=tslab_segmenters))
    with pytest.raises(PluginError, match="hook tslab_segmenters is not implemented"):
        names(plugins)


def test_an_error_of_many_lines_stays_on_one() -> None:
    assert describe_error(ValueError("a\n  b\n c")) == "ValueError: a b c"


def test_keyboard_interrupt_is_nobodys_fault() -> None:
    @hookimpl
    def tslab_segmenters() -> list[Any]:
        raise KeyboardInterrupt

    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=tslab_segmenters))
    with pytest.raises(KeyboardInterrupt):
        names(plugins)


def test_calls_are_traced_with_their_time(caplog: pytest.LogCaptureFixture) -> None:
    plugins = Plugins()
    plugins.register(entry(), module(tslab_segmenters=offering("own")))
    with caplog.at_level(logging.INFO, logger="tslab.hooks"):
        names(plugins)
    (record,) = caplog.records
    assert record.getMessage().startswith("lake tslab_segmenters ")


# --- loading --------------------------------------------------------------------------------


def test_no_name_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UsageError, match="--domain NAME"):
        load_domain("")


def test_an_entry_that_is_not_installed_can_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from tslab import *\n@hookimpl\ndef tslab_domain():\n"
        "    tier = Tier(name='t', kind='states', labels=(Label(name='A'),))\n"
        "    return Domain(name='puddle', title='Puddle', tiers=(tier,))\n"
    )
    (tmp_path / "tslab_puddle.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins, domain = load_entry(entry("puddle"))
    assert domain.title == "Puddle"
    assert plugins.domain(entry("puddle")) == domain
