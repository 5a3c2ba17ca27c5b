"""Loads plugins for one domain and calls their hooks; one typed method for each hook."""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import pluggy

import tslab
from tslab import hookspecs
from tslab.errors import PluginError, UsageError, did_you_mean
from tslab.hooks import EXTENSION_GROUP
from tslab.plugin_entries import PluginEntry, find_domain, installed
from tslab.plugin_guard import blame, guard, guard_wrapper

if TYPE_CHECKING:
    from lxml import etree

    from tslab.annotation import Annotation
    from tslab.contracts import (
        AgreementMetric,
        Exporter,
        Finding,
        PredictRequest,
        ReadOptions,
        SampleRecording,
        Segmenter,
        SegmenterSpec,
        Source,
    )
    from tslab.domain import Domain
    from tslab.recording import Recording, Signal
    from tslab.spans import Span
    from tslab.task import Task

__all__ = [
    "BUILTIN",
    "PluginEntry",
    "Plugins",
    "find_domain",
    "hook_names",
    "installed",
    "load_domain",
    "load_entry",
]

MARK = "tslab_impl"
OFFERS = {
    "tslab_segmenters": "segmenter",
    "tslab_agreement_metrics": "agreement metric",
    "tslab_exporters": "exporter",
}
"""Hooks that offer objects under a name, and what those are called."""

BUILTIN = PluginEntry("builtin", "tslab", "tslab.builtin_plugin", "tslab", tslab.__version__)


def load_domain(name: str) -> tuple[Plugins, Domain]:
    """A fresh plugin manager for one domain, and what the domain declares.

    Args:
        name: As in ``--domain``.

    Raises:
        PluginError: The domain's plugin is missing or broken.
        UsageError: The name is not usable.
    """
    if not name:
        raise UsageError("no domain was named", "Use --domain NAME; 'tslab domains' lists them.")
    return load_entry(find_domain(name))


def load_entry(entry: PluginEntry) -> tuple[Plugins, Domain]:
    """The same for an entry point, which need not be installed.

    Core's own implementations are registered first, so that pluggy asks them last. A broken
    extension is left out and named in `Plugins.problems`.

    Raises:
        PluginError: The domain's plugin is broken.
    """
    plugins = Plugins()
    plugins.register(BUILTIN, BUILTIN.load())
    for extension in installed(EXTENSION_GROUP):
        try:
            plugins.register(extension, extension.load())
        except PluginError as error:
            plugins.problems.append(error)
    plugins.register(entry, entry.load())
    return plugins, plugins.domain(entry)


class Plugins:
    """The plugins of one domain; one typed method for each hook.

    Attributes:
        entries: Registered plugins, in the order of registration.
        problems: What was wrong with plugins that were left out.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("tslab")
        self._manager.add_hookspecs(hookspecs)
        self.entries: list[PluginEntry] = []
        self.problems: list[PluginError] = []
        self._offers: dict[str, list[tuple[PluginEntry, Any]]] = {}

    def register(self, entry: PluginEntry, module: types.ModuleType) -> None:
        """Adds a plugin's hook implementations.

        Raises:
            PluginError: Something in the module does not fit the contract; names all of it.
        """
        guarded = types.SimpleNamespace()
        problems: list[str] = []
        for name, function in vars(module).items():
            options = _mark(function)
            problem = _problem(entry, module, name, function, options)
            if problem:
                problems.append(problem)
            elif options is not None:
                hook = str(options.get("specname") or name)
                if hook in hook_names():
                    setattr(guarded, name, self._guarded(entry, hook, function, options))
        if problems:
            raise PluginError(f"{entry} does not fit the plugin contract: {'; '.join(problems)}")
        try:
            self._manager.register(guarded, name=str(entry))
        except Exception as error:
            self._manager.unregister(name=str(entry))
            raise PluginError(
                f"{entry} does not fit the plugin contract: {error}",
                "Compare it with the hook's documentation.",
            ) from error
        self.entries.append(entry)

    def _guarded(
        self, entry: PluginEntry, hook: str, function: Any, options: dict[str, Any]
    ) -> Callable[..., object]:
        if options.get("wrapper") or options.get("hookwrapper"):
            old = bool(options.get("hookwrapper"))
            return guard_wrapper(entry, hook, function, self.entries, old_style=old)
        guarded = guard(entry, hook, function, self.entries)
        return self._noting(entry, hook, guarded) if hook in OFFERS else guarded

    def _noting(
        self, entry: PluginEntry, hook: str, function: Callable[..., object]
    ) -> Callable[..., object]:
        """The implementation; remembers who offered what, for errors that come later."""

        @functools.wraps(function)
        def call(*args: object, **kwargs: object) -> object:
            answer = function(*args, **kwargs)
            self._offers[hook] += [(entry, item) for item in cast("Sequence[object]", answer)]
            return answer

        return call

    def _offered(self, hook: str, domain: Domain) -> list[Any]:
        """All that plugins offer under a name.

        Raises:
            PluginError: Two have one name; says whose they are.
        """
        self._offers[hook] = []
        found = list(_flat(getattr(self._manager.hook, hook)(domain=domain)))
        names = [item.name for item in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            owners = [str(entry) for entry, item in self._offers[hook] if item.name == twice[0]]
            raise PluginError(
                f"two {OFFERS[hook]}s are named '{twice[0]}': of {' and of '.join(owners)}",
                "Uninstall one of the plugins, or let its author rename it.",
            )
        return found

    @contextlib.contextmanager
    def calling(self, thing: object, doing: str) -> Iterator[None]:
        """Blames what an offered object raises on the plugin that offered it.

        For whoever calls a segmenter, metric or exporter outside of a hook.

        Args:
            thing: The object or its `SegmenterSpec`.
            doing: What it is called for: "exporter 'wfdb', writing".

        Raises:
            PluginError: Instead of any exception that is not about data.
        """
        offers = [pair for offered in self._offers.values() for pair in offered]
        owner = next((entry for entry, item in offers if item is thing), BUILTIN)
        try:
            yield
        except (Exception, SystemExit) as error:
            named = blame(error, owner, doing, self.entries)
            if named is error:
                raise
            raise named from error

    def hooks_of(self, entry: PluginEntry) -> list[str]:
        """Names of the hooks that a registered plugin implements."""
        plugin = self._manager.get_plugin(str(entry))
        callers = self._manager.get_hookcallers(plugin) or []
        return sorted(caller.name for caller in callers)

    def domain(self, entry: PluginEntry) -> Domain:
        """What the domain module declares.

        Raises:
            PluginError: It declares nothing, or another name than its entry point.
        """
        domain: Domain | None = self._manager.hook.tslab_domain()
        if domain is None:
            raise PluginError(
                f"{entry}: hook tslab_domain is missing or answered None",
                "Return a tslab.Domain from it.",
            )
        if domain.name != entry.name:
            raise PluginError(
                f"{entry}: its domain calls itself '{domain.name}'",
                "The entry point and Domain(name=...) must be equal.",
            )
        return domain

    def read_recording(
        self, source: Source, options: ReadOptions, domain: Domain
    ) -> Recording | None:
        """First answer of `tslab_read_recording`."""
        hook = self._manager.hook.tslab_read_recording
        return cast("Recording | None", hook(source=source, options=options, domain=domain))

    def read_annotations(
        self, source: Source, options: ReadOptions, domain: Domain
    ) -> Sequence[Annotation] | None:
        """First answer of `tslab_read_annotations`."""
        hook = self._manager.hook.tslab_read_annotations
        return cast(
            "Sequence[Annotation] | None", hook(source=source, options=options, domain=domain)
        )

    def derived_channels(self, recording: Recording, domain: Domain) -> list[Signal]:
        """All answers of `tslab_derived_channels`."""
        hook = self._manager.hook.tslab_derived_channels
        return list(_flat(hook(recording=recording, domain=domain)))

    def make_tasks(self, recording: Recording, domain: Domain) -> Sequence[Task]:
        """First answer of `tslab_make_tasks`."""
        hook = self._manager.hook.tslab_make_tasks
        return cast("Sequence[Task]", hook(recording=recording, domain=domain) or ())

    def labeling_config(self, domain: Domain, view: str, channels: Sequence[str]) -> str:
        """First answer of `tslab_labeling_config`."""
        hook = self._manager.hook.tslab_labeling_config
        return cast("str", hook(domain=domain, view=view, channels=channels) or "")

    def edit_labeling_config(self, root: etree._Element, domain: Domain, view: str) -> None:
        """Calls every `tslab_edit_labeling_config`."""
        self._manager.hook.tslab_edit_labeling_config(root=root, domain=domain, view=view)

    def segmenters(self, domain: Domain) -> list[SegmenterSpec]:
        """All answers of `tslab_segmenters`, the domain's first.

        Raises:
            PluginError: Two have one name.
        """
        return self._offered("tslab_segmenters", domain)

    def predict(
        self, segmenter: Segmenter, recording: Recording, domain: Domain, request: PredictRequest
    ) -> Sequence[Span]:
        """First answer of `tslab_predict`."""
        hook = self._manager.hook.tslab_predict
        answer = hook(segmenter=segmenter, recording=recording, domain=domain, request=request)
        return cast("Sequence[Span]", answer or ())

    def agreement_metrics(self, domain: Domain) -> list[AgreementMetric]:
        """All answers of `tslab_agreement_metrics`.

        Raises:
            PluginError: Two have one name.
        """
        return self._offered("tslab_agreement_metrics", domain)

    def check_annotation(
        self, annotation: Annotation, recording: Recording, domain: Domain
    ) -> list[Finding]:
        """All answers of `tslab_check_annotation`."""
        hook = self._manager.hook.tslab_check_annotation
        return list(_flat(hook(annotation=annotation, recording=recording, domain=domain)))

    def exporters(self, domain: Domain) -> list[Exporter]:
        """All answers of `tslab_exporters`.

        Raises:
            PluginError: Two have one name.
        """
        return self._offered("tslab_exporters", domain)

    def sample_recordings(self, domain: Domain) -> list[SampleRecording]:
        """All answers of `tslab_sample_recordings`."""
        return list(_flat(self._manager.hook.tslab_sample_recordings(domain=domain)))


def hook_names() -> list[str]:
    """Names of all hooks of the contract."""
    return [name for name in vars(hookspecs) if name.startswith("tslab_")]


def _flat(answers: Sequence[Sequence[Any]]) -> Iterator[Any]:
    for answer in answers:
        yield from answer


def _mark(thing: object) -> dict[str, Any] | None:
    """What `tslab.hookimpl` left on a function; looked at without running anything."""
    options = inspect.getattr_static(thing, MARK, None) if callable(thing) else None
    return options if isinstance(options, dict) else None


def _problem(
    entry: PluginEntry,
    module: types.ModuleType,
    name: str,
    function: Any,
    options: dict[str, Any] | None,
) -> str:
    """What is wrong with one name of a plugin module, with its remedy; "" for nothing."""
    known = hook_names()
    if options is None:
        own = getattr(function, "__module__", None) == module.__name__
        if name in known and callable(function) and own:
            return f"function '{name}' is not marked as a hook, put @tslab.hookimpl above it"
        return ""
    hook = str(options.get("specname") or name)
    if hook not in known:
        if options.get("optionalhook"):
            return ""
        hint = did_you_mean(hook, known) or f"it is one of {', '.join(known)}"
        return f"there is no hook '{hook}', {hint}"
    if hook == "tslab_domain" and entry.group == EXTENSION_GROUP:
        return f"an extension declares no domain, move '{name}' to a plugin of tslab.domains"
    wraps = options.get("wrapper") or options.get("hookwrapper")
    if wraps and not inspect.isgeneratorfunction(function):
        return f"'{name}' is marked as a wrapper, but it has no 'yield'"
    return _argument_problem(hook, function)


def _argument_problem(hook: str, function: Callable[..., object]) -> str:
    given = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    for item in inspect.signature(function).parameters.values():
        if item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD) or item.default is not item.empty:
            continue
        if item.name not in given:
            has = f"it has {', '.join(given)}" if given else "it has none"
            hint = did_you_mean(item.name, given) or has
            return f"hook {hook} has no argument '{item.name}', {hint}"
        if item.kind is item.KEYWORD_ONLY:
            return f"hook {hook} is called by position, take '{item.name}' before the *"
    return ""
