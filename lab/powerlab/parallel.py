# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots several hosts at the same time, at most two by default, and ends them all if one must stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from . import boot
from .failures import LabError

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T], jobs: int = 2) -> Iterator[tuple[T, R | LabError]]:
    """Yield (item, result or the lab's error) as they finish. An interruption ends every QEMU first."""
    with ThreadPoolExecutor(jobs) as pool:
        futures: dict[Future[R], T] = {pool.submit(work, item): item for item in items}
        try:
            left = set(futures)
            while left:
                # Wait with a timeout, so that the main thread can handle signals.
                done, left = wait(left, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    error = future.exception()
                    if error is not None and not isinstance(error, LabError):
                        raise error
                    yield futures[future], error if error is not None else future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            boot.end_all()
            raise
