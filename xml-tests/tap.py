# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs checks and prints what came of them in the Test Anything Protocol, which meson reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping


class Skipped(Exception):
    """Raised by a check that cannot be made here; its text says why."""


def skip_all(reason: str) -> int:
    """Say that no check can be made here; the status is 1 under CI, where everything is installed."""
    # Status 77 of such a test is an error to meson.
    print(f"1..0 # SKIP {reason}")
    return 1 if os.environ.get("CI") == "true" else 0


def run(checks: Mapping[str, Callable[[], list[str]]]) -> int:
    """Make the checks by name, each of which returns its problems; the status is 1 where one has any."""
    print(f"1..{len(checks)}", flush=True)
    failed = 0
    for number, (name, check) in enumerate(checks.items(), 1):
        try:
            problems = check()
        except Skipped as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
            continue
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if failed else 0
