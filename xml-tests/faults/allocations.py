#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes each allocation of each command fail, alone and together with all later ones, and checks the result.

Usage: allocations.py PROGRAM FAIL_ALLOCATION_LIBRARY [--most N]

Either the result is unchanged (the failure was harmless), or the status is 5 (3 for an input) with exactly one message.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from system_calls import COMMANDS, XML_TESTS, chosen, make_inputs

STDIN = (XML_TESTS / "records/power11.json").read_bytes()


def run(program: str, command: str, folder: Path, variables: dict[str, str], descriptors: tuple = ()) -> tuple[int, bytes, list[str]]:
    arguments = command.replace("@TMP@", str(folder)).split()
    done = subprocess.run([program, *arguments], input=STDIN if arguments[-1] == "-" else b"", capture_output=True,
                          cwd=XML_TESTS, timeout=60, check=False, pass_fds=descriptors,
                          env={"LC_ALL": "C", "PATH": os.environ["PATH"], **variables})
    return done.returncode, done.stdout, done.stderr.decode(errors="replace").splitlines()


def allocations(program: str, command: str, folder: Path, library: str) -> int:
    reader, writer = os.pipe()
    run(program, command, folder, {"LD_PRELOAD": library, "FAIL_ALLOCATION_REPORT": str(writer)}, (writer,))
    os.close(writer)
    with os.fdopen(reader) as report:
        return int(report.read() or 0)


def fail(program: str, command: str, folder: Path, library: str, number: int, onwards: bool, normal: tuple) -> str | None:
    variables = {"LD_PRELOAD": library, "FAIL_ALLOCATION": str(number)}
    if onwards:
        variables["FAIL_ALLOCATION_ON"] = "1"
    try:
        status, stdout, said = run(program, command, folder, variables)
    except subprocess.TimeoutExpired:
        return f"{command}: allocation {number}: it did not end"
    if (status, stdout, said) == normal:
        return None
    more = [line for line in said if line not in normal[2]]
    # Status 3: the C library had no memory to open a folder, which is an input that cannot be read.
    if status in (3, 5) and len(more) == 1 and "memory" in more[0]:
        return None
    return f"{command}: allocation {number}{' and on' if onwards else ''}: status {status}, said {more}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("--most", type=int, default=60, help="of one command so many allocations are failed (default 60)")
    parser.add_argument("--command", default="", help="only the commands that begin so")
    options = parser.parse_args()
    program = str(Path(options.program).resolve())
    library = str(Path(options.library).resolve())
    problems, runs = [], 0
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        folder = Path(temporary)
        make_inputs(program, folder)
        jobs = []
        for command in COMMANDS:
            if not command.startswith(options.command):
                continue
            normal = run(program, command, folder, {})
            count = allocations(program, command, folder, library)
            if not count:
                problems.append(f"{command}: no allocation was counted")
            for number in chosen(1, count, options.most):
                jobs += [pool.submit(fail, program, command, folder, library, number, onwards, normal) for onwards in (False, True)]
        runs = len(jobs)
        problems += [problem for job in jobs if (problem := job.result())]
    for problem in problems[:40]:
        print(problem)
    print(f"{runs} allocation failures in {len(COMMANDS)} commands, {len(problems)} problems")
    return 1 if problems or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
