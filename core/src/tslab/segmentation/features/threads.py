"""Linear algebra on one thread: these matrices are small, and others use the machine too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


@cache
def _controller() -> ThreadpoolController:
    """The libraries that are loaded; looking for them takes longer than a small prediction."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds BLAS to one thread; results then do not hang on the number of cores either."""
    with _controller().limit(limits=1, user_api="blas"):
        yield
