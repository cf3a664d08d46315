#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes each system call fail in turn of the commands that write or remove files, and of the start hook.

Usage: written_files.py PROGRAM

After a failure, each file is complete or missing, no temporary file is left, and the exit status tells whether the
command succeeded. The hook either refuses a guest or lets it start, and never fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import system_calls
from system_calls import FAILURES, XML_TESTS, Outcome, calls_of, chosen, judge

WRITING = {**FAILURES, "mkdir": ["EACCES", "ENOSPC"], "fchmod": ["EIO"], "unlink": ["EACCES", "EIO"], "lstat": ["EIO"]}
UNIT = "usr/lib/systemd/system/libvirtd.service"
INSTALL = "hook install --root . --program /bin/true"
ENABLE = "daemon enable --root . --module /usr/lib/module.so"
PUBLISH = f"publish run --root . --probe {XML_TESTS}/records/power10.json"
PUBLISHED = "publish enable --root . modes"
# Each command, and the one that is run before it.
COMMANDS = {PUBLISHED: None, PUBLISH: PUBLISHED, "publish disable --root .": PUBLISH, INSTALL: None, "hook remove --root .": INSTALL, ENABLE: None, "daemon status --root .": ENABLE, "daemon disable --root .": ENABLE}
HOOK = f"hook run guest prepare begin - --probe {XML_TESTS}/records/power10-as-power9.json"
DOMAIN = system_calls.DOMAIN.replace("power9", "power10").encode()


@dataclass
class Ended:
    outcome: Outcome
    files: dict[str, bytes]
    trace: Path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "publish.lock"}


def before(command: str) -> list[str]:
    """The commands that are run before it, in their order."""
    earlier = COMMANDS.get(command)
    return [*before(earlier), earlier] if earlier else []


def run(program: str, command: str, folder: Path, options: list[str]) -> Ended:
    """Runs the command in a new root, after the commands that come before it."""
    root = Path(tempfile.mkdtemp(dir=folder))
    (root / UNIT).parent.mkdir(parents=True)
    (root / UNIT).touch()
    environment = {"LC_ALL": "C", "PATH": os.environ["PATH"]}
    for earlier in before(command):
        subprocess.run([program, *earlier.split()], cwd=root, check=True, stdout=subprocess.DEVNULL, env=environment)
    trace = Path(f"{root}.trace")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(trace), *options, program, *command.split()],
        cwd=root, input=DOMAIN if command == HOOK else b"", capture_output=True, timeout=60, check=False, env=environment,
    )
    said = done.stderr.decode(errors="replace").splitlines()
    return Ended(Outcome(done.returncode, done.stdout, said), contents(root), trace)


def fail(program: str, command: str, folder: Path, untouched: dict[str, bytes], normal: Ended, call: str, error: str, number: int) -> str | None:
    how = f"error={error}" if error.startswith("E") else f"retval={error}"
    ended = run(program, command, folder, ["-e", f"trace={call}", "-e", f"inject={call}:{how}:when={number}"])
    if "(INJECTED)" not in ended.trace.read_text(encoding="utf-8", errors="replace"):
        return ""
    problem = judge(normal.outcome, ended.outcome, error)
    if command == HOOK:
        passes = ended.outcome.status == 0 and not ended.outcome.said
        problem = None if passes or ended.outcome.status == 1 and ended.outcome.said == normal.outcome.said else f"status {ended.outcome.status}: {ended.outcome.said}"
    # A failure between the process that reads the record and the main one has no errno. A failed write may be that of
    # the message.
    if command == PUBLISH and ended.outcome.status == 5 and call in ("read", "write", "close"):
        problem = None
    # A command that changes two files may end between them. Each must be as before or as after.
    paths = ended.files.keys() | untouched.keys() | normal.files.keys()
    if any(ended.files.get(path) not in (untouched.get(path), normal.files.get(path)) for path in paths):
        problem = f"it leaves {sorted(ended.files)}"
    elif ended.outcome.status == 0 and command != HOOK and ended.files != normal.files:
        problem = "status 0, and nothing was done"
    return problem and f"{command}: {call} #{number} {error}: {problem}"


def main(program: str) -> int:
    program = str(Path(program).resolve())
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        folder = Path(temporary)
        jobs, problems = [], []
        for command in [*COMMANDS, HOOK]:
            normal = run(program, command, folder, [])
            if normal.outcome.status != (1 if command == HOOK else 0):
                problems.append(f"{command}: status {normal.outcome.status} without any failure: {normal.outcome.said}")
                continue
            earlier = COMMANDS.get(command)
            untouched = run(program, earlier, folder, []).files if earlier else {UNIT: b""}
            loader, calls = calls_of(normal.trace)
            for call, errors in WRITING.items():
                for number in chosen(loader[call] + 1, calls[call], 12):
                    jobs += [pool.submit(partial(fail, program, command, folder, untouched, normal, call, error, number)) for error in errors]
        results = [job.result() for job in jobs]
        problems += [result for result in results if result]
    for problem in problems:
        print(problem)
    made = sum(result != "" for result in results)
    print(f"{made} failures in {len(COMMANDS) + 1} commands, {len(problems)} problems")
    return 1 if problems or made < 50 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
