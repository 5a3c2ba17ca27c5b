"""Linear algebra on one thread: these matrices are small, and others use the machine too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib.util import find_spec
from typing import Any


@cache
def _controller() -> Any:
    if find_spec("threadpoolctl") is None:
        # It comes with scikit-learn (extra tslab[learning]); without it only time is lost.
        return None
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds BLAS to one thread; results then do not hang on the number of cores either."""
    controller = _controller()
    with controller.limit(limits=1, user_api="blas") if controller else nullcontext():
        yield
