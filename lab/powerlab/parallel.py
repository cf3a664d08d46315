# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs boots side by side, at most two by default, and ends them all when one must stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from . import boot
from .failures import LabError

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T], jobs: int = 2) -> Iterator[tuple[T, R | LabError]]:
    """Yield (item, result or the lab's error) as they come; an interruption ends every QEMU first."""
    with ThreadPoolExecutor(jobs) as pool:
        futures: dict[Future[R], T] = {pool.submit(work, item): item for item in items}
        try:
            left = set(futures)
            while left:
                # A bounded wait lets signals through to the main thread.
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
