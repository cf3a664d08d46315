#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that long runs show their progress on a terminal, and only there. Usage: progress_test.py PROGRAM"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tap  # noqa: E402

XML_TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = b"valid/modes-power9.xml\n"
LINE = b"inputs read"


def slow_run(command: list[str], terminal_too: bool = False) -> tuple[int, bytes, bytes]:
    """Names documents, waits for a while, and names more: the status, the answer, and the terminal's text."""
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [*command, "--files-from", "-"], stdin=subprocess.PIPE, stdout=terminal if terminal_too else subprocess.PIPE, stderr=terminal, cwd=XML_TESTS
    )
    os.close(terminal)
    assert process.stdin
    process.stdin.write(DOCUMENT * 40 + b"no-such.xml\n")
    process.stdin.flush()
    time.sleep(0.8)
    process.stdin.write(DOCUMENT * 100)
    process.stdin.close()
    answer = process.stdout.read() if process.stdout else b""
    shown = b""
    try:
        while part := os.read(main, 65536):
            shown += part
    except OSError:  # the program has closed the terminal
        pass
    os.close(main)
    return process.wait(), answer, shown


def main(program: str) -> int:
    program = str(Path(program).resolve())
    validate = [program, "validate", "--jobs", "1"]

    def is_shown(command: list[str]) -> list[str]:
        status, _, shown = slow_run(command)
        problems = [] if status == 3 else [f"status {status}, not 3"]
        if LINE not in shown:
            problems.append(f"no progress in {shown!r}")
        if b"no-such.xml" not in shown:
            problems.append(f"the error is not said in {shown!r}")
        if LINE in shown.rsplit(b"\x1b[K", 1)[-1]:
            problems.append(f"the line is not taken away at the end of {shown!r}")
        return problems

    def is_not_shown(command: list[str], terminal_too: bool = False) -> list[str]:
        _, _, shown = slow_run(command, terminal_too)
        return [f"progress in {shown!r}"] if LINE in shown else []

    def is_complete() -> list[str]:
        _, answer, _ = slow_run(validate)
        lines = answer.count(b": valid (")
        return [] if lines == 140 else [f"{lines} verdicts, not 140"]

    def is_not_in_a_file() -> list[str]:
        done = subprocess.run([*validate, "valid/modes-power9.xml"], cwd=XML_TESTS, capture_output=True, check=False)
        return [f"{done.stderr!r}"] if done.stderr else []

    checks: dict[str, Callable[[], list[str]]] = {
        "validate shows it, and takes it away": lambda: is_shown(validate),
        "baseline shows it, and takes it away": lambda: is_shown([program, "baseline", "--jobs", "1"]),
        "validate answers all the same": is_complete,
        "verdicts on the same terminal do without": lambda: is_not_shown(validate, True),
        "--quiet does without": lambda: is_not_shown([*validate, "--quiet"]),
        "a file does without": is_not_in_a_file,
    }
    return tap.run(checks)


sys.exit(main(sys.argv[1]))
