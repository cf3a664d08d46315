# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes sure that child processes end with the lab, in whichever way it ends."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """A preexec_fn: the kernel sends the signal to the child when the lab ends, even if the lab was killed."""
    # Look it up here, because no library may be loaded between fork and exec.
    prctl = ctypes.CDLL(None).prctl

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, number)

    return arrange
