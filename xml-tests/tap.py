# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs checks and prints their results in the Test Anything Protocol, which meson reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping


class Skipped(Exception):
    """Raised by a check that cannot run here; its text says why."""


def skip_all(reason: str) -> int:
    """Print that no check can run here. The status is 1 under CI, where everything is installed."""
    # meson treats status 77 of such a test as an error.
    print(f"1..0 # SKIP {reason}")
    return 1 if os.environ.get("CI") == "true" else 0


def run(checks: Mapping[str, Callable[[], list[str]]]) -> int:
    """Run the checks, each of which returns its problems. The status is 1 if there are any."""
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
