"""Calls plugin code so that whatever it does wrong is blamed on it by name, and traced."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path

from tslab.errors import DataError, PluginError, TslabError
from tslab.plugin_answers import check_answer, check_wrapped
from tslab.plugin_entries import PluginEntry, describe_error

trace = logging.getLogger("tslab.hooks")

READER_HOOKS = frozenset({"tslab_read_recording", "tslab_read_annotations"})
DATA_HOOKS = READER_HOOKS | {
    "tslab_derived_channels",
    "tslab_make_tasks",
    "tslab_predict",
    "tslab_check_annotation",
}
"""Hooks that work on one file or recording: there a DataError says that the data is unusable."""

Hook = Callable[..., object]


def guard(entry: PluginEntry, hook: str, function: Hook, neighbours: list[PluginEntry]) -> Hook:
    """The implementation, with blame for exceptions and wrong answers, and tracing.

    Args:
        entry: Whose implementation it is.
        hook: Name of the hook.
        function: The implementation.
        neighbours: All registered plugins: core's default of a hook may call another's code.
    """

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        began = time.perf_counter()
        try:
            answer = function(*args, **kwargs)
        except (Exception, SystemExit) as error:
            named = blame(error, entry, f"hook {hook}", neighbours, hook)
            if named is error:
                raise
            raise named from error
        finally:
            if trace.isEnabledFor(logging.INFO):
                spent = (time.perf_counter() - began) * 1000
                trace.info("%s %s %.1f ms", entry.name, hook, spent)
        check_answer(entry, hook, answer)
        return answer

    return call


def guard_wrapper(
    entry: PluginEntry,
    hook: str,
    function: Callable[..., Generator[object, object, object]],
    neighbours: list[PluginEntry],
    *,
    old_style: bool,
) -> Hook:
    """The same for a hook wrapper, which is a generator; old-style ones return nothing."""

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> Generator[object, object, object]:
        try:
            answer = yield from function(*args, **kwargs)
        except (Exception, SystemExit) as error:
            named = blame(error, entry, f"wrapper of hook {hook}", neighbours, hook)
            if named is error:
                raise
            raise named from error
        if not old_style:
            check_wrapped(entry, hook, answer)
        return answer

    return call


def blame(
    error: BaseException,
    entry: PluginEntry,
    place: str,
    neighbours: Iterable[PluginEntry],
    hook: str = "",
) -> TslabError:
    """The error that names the guilty plugin; the error itself where data or a user is guilty.

    Args:
        error: What was raised.
        entry: Whose code was called.
        place: What was called, for people.
        neighbours: Plugins whose code `entry` may have called.
        hook: Name of the hook, "" for an object that a plugin offered.
    """
    if isinstance(error, PluginError):
        return error
    guilty = _guilty(error, entry, neighbours)
    if isinstance(error, TslabError) and guilty.distribution == "tslab":
        return error
    if isinstance(error, DataError) and _is_about_data(error, hook):
        return error
    if isinstance(error, NotImplementedError) and not str(error):
        what = "is not implemented"
    else:
        what = f"raised {describe_error(error)}"
    whom = "to the plugin's author" if guilty.distribution != "tslab" else "as a defect of tslab"
    return PluginError(
        f"{guilty}: {place} {what} ({_last_place(error, guilty)})",
        f"Report it {whom}; --debug shows the traceback.",
    )


def _is_about_data(error: DataError, hook: str) -> bool:
    """Whether the plugin refused data; a span that it made wrongly is its own mistake."""
    if hook in READER_HOOKS:
        return True
    modules = [name for name, _, _ in _frames(error)]
    return (not hook or hook in DATA_HOOKS) and modules[-1:] != ["tslab.spans"]


def _guilty(
    error: BaseException, entry: PluginEntry, neighbours: Iterable[PluginEntry]
) -> PluginEntry:
    """The plugin that the deepest frame of any plugin belongs to."""
    if entry.distribution != "tslab":
        return entry
    owners = {_package(other): other for other in neighbours if other.distribution != "tslab"}
    for name, _, _ in reversed(list(_frames(error))):
        if name.partition(".")[0] in owners:
            return owners[name.partition(".")[0]]
    return entry


def _package(entry: PluginEntry) -> str:
    return entry.module.partition(":")[0].partition(".")[0]


def _frames(error: BaseException) -> Iterator[tuple[str, str, int]]:
    """Module, file and line of each frame of the traceback, outermost first."""
    step = error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        yield module, step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next


def _last_place(error: BaseException, entry: PluginEntry) -> str:
    """File and line of the plugin's deepest frame, or of the deepest one."""
    frames = list(_frames(error))
    own = [frame for frame in frames if frame[0].partition(".")[0] == _package(entry)]
    if not frames:
        return "unknown place"
    _, path, line = (own or frames)[-1]
    return f"{Path(path).name} line {line}"
