# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes of the lab that end with it, however it ends."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """A preexec_fn: the kernel sends the signal when the lab ends, also where it could not do so itself."""
    # Looked up here: between fork and exec nothing may be loaded.
    prctl = ctypes.CDLL(None).prctl

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, number)

    return arrange
