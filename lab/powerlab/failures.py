# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab's errors and exit statuses."""

from __future__ import annotations

import errno
import shutil
import signal
import sys
from collections.abc import Callable
from types import FrameType

# The statuses of lab/run differ from those that programs use, as with timeout(1) and containers.
STATUS_DISAGREE = 1
STATUS_USAGE = 2
STATUS_TIMED_OUT = 124
STATUS_LAB_FAILED = 125
STATUS_INTERRUPTED = 130


class LabError(Exception):
    """An error message for the user, in one sentence: what failed, on what, and what to do."""

    def __init__(self, message: str, status: int = STATUS_LAB_FAILED) -> None:
        super().__init__(message)
        self.status = status


class Interrupted(BaseException):
    """A signal asked the lab to stop. It is an exception so that every clean-up runs."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


def describe_os_error(error: OSError) -> str:
    """A message for an OSError. If the disk is full, it names the folder."""
    path = error.filename or "a file of the lab"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk under {path} is full; free some space or choose another cache folder (see lab/README.md)."
    return f"Cannot use {path}: {error.strerror or error}."


def require_program(name: str, package: str) -> str:
    """The path of an installed program. If it is missing, the error names its package."""
    found = shutil.which(name)
    if found is None:
        raise LabError(f"The program {name} is missing; install the package {package} (all are in lab/packages.txt).")
    return found


def guarded(main: Callable[[list[str]], int]) -> None:
    """Run a command's main function, turn an error into a message and a status, and exit with that status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        status = error.status
    except Interrupted as stopped:
        print(f"lab: stopped by {signal.Signals(stopped.number).name}; nothing was left behind.", file=sys.stderr)
        status = 128 + stopped.number
    except BrokenPipeError:
        sys.stderr.close()
        status = STATUS_LAB_FAILED
    except OSError as error:
        print(f"lab: {describe_os_error(error)}", file=sys.stderr)
        status = STATUS_LAB_FAILED
    sys.exit(status)
