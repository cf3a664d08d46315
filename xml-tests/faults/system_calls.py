#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes each system call of each command fail in turn, and checks the result of the command.

Usage: system_calls.py PROGRAM [--most N]

strace injects the failures, one in each run, after the loader's last call. Either the result is unchanged (the failure
was harmless), or the status is 3 or 5 with exactly one more message, which names the error. Status 0, 1 and 4 are
answers, so then the whole answer must be printed.
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

SKIPPED = 77
XML_TESTS = Path(__file__).resolve().parents[1]
FAILURES = {
    "openat": ["EMFILE", "ENOMEM", "EIO", "EINTR", "EACCES"],
    "read": ["EIO", "EINTR", "ENOMEM"],
    "write": ["ENOSPC", "EIO", "EINTR"],
    "writev": ["ENOSPC", "EIO"],
    "close": ["EIO", "EINTR"],
    "mmap": ["ENOMEM"],
    # The kernel never returns ENOMEM here, but leaves the break unchanged. (futex is not in this list because it cannot
    # fail when it wakes other threads; if it did, the C library would end the process.)
    "brk": ["0"],
    "mremap": ["ENOMEM"],
    "munmap": ["ENOMEM"],
    "mprotect": ["ENOMEM"],
    "getdents64": ["EIO", "ENOMEM"],
    "newfstatat": ["EIO", "ENOMEM"],
    "statx": ["EIO"],
    "fstat": ["EIO"],
    "lseek": ["EIO"],
    "ioctl": ["EIO", "ENOMEM"],
    "fcntl": ["EMFILE"],
    "readlink": ["EIO"],
    "uname": ["EFAULT"],
    "getrandom": ["ENOSYS"],
    "clone3": ["EAGAIN", "ENOMEM"],
    "clone": ["EAGAIN"],
    "prctl": ["EINVAL", "ENOMEM"],
    "seccomp": ["ENOMEM", "EINVAL", "ENOSYS"],
    "landlock_create_ruleset": ["ENOMEM", "ENOSYS", "EMFILE"],
    "landlock_add_rule": ["ENOMEM"],
    "landlock_restrict_self": ["ENOMEM", "EPERM"],
    "prlimit64": ["EFAULT"],
    "rename": ["EIO", "ENOSPC"],
    "renameat2": ["EIO"],
    "fsync": ["EIO"],
}
# Commands with representative arguments. Paths are relative to xml-tests/; @TMP@ is a folder with inputs.
COMMANDS = [
    "--version",
    "show --probe records/power10.json",
    "show --json --probe -",
    "doctor --probe records/power9.json",
    "capabilities @TMP@/caps.xml --probe records/power10.json",
    "capabilities --probe records/power10.json",
    "validate @TMP@/caps.xml",
    "validate @TMP@/folder",
    "validate --format json --files-from @TMP@/list",
    "check @TMP@/domain.xml --probe records/power10.json",
    "fit @TMP@/domain.xml --probe records/power10.json",
    "compare @TMP@/folder/a.xml @TMP@/folder/b.xml",
    "baseline --jobs 1 @TMP@/folder",
]
DOMAIN = """<domain type='kvm'>
  <name>guest</name>
  <os><type arch='ppc64le' machine='pseries'>hvm</type></os>
  <cpu mode='host-model'><model>power9</model></cpu>
</domain>
"""
CALL = re.compile(r"^(\d+) +(\w+)\(")


@dataclass
class Outcome:
    status: int
    stdout: bytes
    said: list[str]


@dataclass
class Work:
    program: str
    folder: Path
    problems: list[str] = field(default_factory=list)
    runs: collections.Counter = field(default_factory=collections.Counter)

    def run(self, command: str, trace: Path, options: list[str]) -> Outcome:
        arguments = command.replace("@TMP@", str(self.folder)).split()
        stdin = (XML_TESTS / "records/power11.json").read_bytes() if arguments[-1] == "-" else b""
        done = subprocess.run(["strace", "-f", "-qq", "-o", str(trace), *options, self.program, *arguments], input=stdin,
                              capture_output=True, cwd=XML_TESTS, timeout=60, check=False,
                              env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
        return Outcome(done.returncode, done.stdout, done.stderr.decode(errors="replace").splitlines())


def make_inputs(program: str, folder: Path) -> None:
    # Documents that the program printed itself: longer than one page, and with an answer.
    (folder / "folder").mkdir()
    for name, record in (("a", "power10"), ("b", "power9")):
        text = subprocess.run([program, "capabilities", "--probe", f"records/{record}.json"], cwd=XML_TESTS,
                              capture_output=True, check=True).stdout
        padding = b"<!-- " + b"x" * 40000 + b" -->\n"
        (folder / "folder" / f"{name}.xml").write_bytes(text + padding)
    (folder / "caps.xml").write_bytes((folder / "folder/a.xml").read_bytes())
    (folder / "domain.xml").write_text(DOMAIN, encoding="utf-8")
    # A document of a few bytes between larger ones.
    (folder / "small.xml").write_bytes(text)
    (folder / "list").write_text(f"{folder}/caps.xml\n{folder}/small.xml\n{folder}/folder/b.xml\n", encoding="utf-8")


def calls_of(trace: Path) -> tuple[collections.Counter, collections.Counter]:
    """How often the first process makes each call: until the loader's last one, and in total."""
    loader: collections.Counter = collections.Counter()
    all_calls: collections.Counter = collections.Counter()
    first = None
    loaded_cache = False
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        match = CALL.match(line)
        if not match:
            continue
        first = first or match[1]
        # Calls of threads are counted separately. Calls beyond the number that the first process makes are not failed.
        if match[1] != first:
            continue
        all_calls[match[2]] += 1
        loaded_cache = loaded_cache or "ld.so.cache" in line
        # Whenever the loader runs (at the start, and for a module), it unmaps its cache at the end.
        if match[2] == "munmap" and loaded_cache:
            loader, loaded_cache = all_calls.copy(), False
    return loader, all_calls


def judge(normal: Outcome, failed: Outcome, error: str) -> str | None:
    if failed.status < 0 or failed.status > 5:
        return f"it ended with {failed.status}, having said {failed.said[-1:]}"
    if (failed.status, failed.stdout, failed.said) == (normal.status, normal.stdout, normal.said):
        return None
    more = list((collections.Counter(failed.said) - collections.Counter(normal.said)).elements())
    if failed.status not in (3, 5):
        return f"status {failed.status} with another answer than without the failure; it said {more}"
    more = [line for line in more if not line.startswith("virt-host-compat: warning: ")]
    if len(more) != 1:
        return f"{len(more)} messages: {more}"
    if not more[0].startswith("virt-host-compat: cannot ") and "virt-host-compat: " not in more[0]:
        return f"unclear message {more[0]!r}"
    if error not in more[0] and "memory" not in more[0]:
        return f"the message does not name {error}: {more[0]!r}"
    return None


def fail_call(work: Work, command: str, normal: Outcome, call: str, error: str, number: int) -> str | None:
    how = f"error={error}" if error.startswith("E") else f"retval={error}"
    with tempfile.NamedTemporaryFile() as trace:
        try:
            failed = work.run(command, Path(trace.name), ["-e", f"trace={call}", "-e", f"inject={call}:{how}:when={number}"])
        except subprocess.TimeoutExpired:
            return f"{command}: {call} #{number} {error}: it did not end"
        injected = "(INJECTED)" in Path(trace.name).read_text(encoding="utf-8", errors="replace")
    if not injected:
        work.runs["not reached"] += 1
        return None
    work.runs[call] += 1
    problem = judge(normal, failed, error)
    return problem and f"{command}: {call} #{number} {error}: {problem}"


def chosen(first: int, last: int, most: int) -> list[int]:
    numbers = list(range(first, last + 1))
    if len(numbers) <= most:
        return numbers
    step = len(numbers) / most
    return sorted({numbers[int(index * step)] for index in range(most)} | {numbers[-1]})


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--most", type=int, default=12, help="of one call in one command, so many are failed (default 12)")
    parser.add_argument("--command", help="only the commands that begin so")
    options = parser.parse_args()
    program = str(Path(options.program).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_inputs(program, folder)
        work = Work(program, folder)
        before = set(Path(tempfile.gettempdir()).iterdir())
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            jobs = []
            for command in COMMANDS:
                if options.command and not command.startswith(options.command):
                    continue
                normal = work.run(command, folder / "trace", [])
                if normal.status not in (0, 1):
                    work.problems.append(f"{command}: status {normal.status} without any failure: {normal.said}")
                    continue
                loader, calls = calls_of(folder / "trace")
                for call, errors in FAILURES.items():
                    for number in chosen(loader[call] + 1, calls[call], options.most):
                        jobs += [pool.submit(fail_call, work, command, normal, call, error, number) for error in errors]
            work.problems += [problem for job in jobs if (problem := job.result())]
        left = [path.name for path in set(Path(tempfile.gettempdir()).iterdir()) - before if "virt-host-compat" in path.name]
        if left:
            work.problems.append(f"files were left behind: {left}")
    for problem in work.problems:
        print(problem)
    made = sum(count for call, count in work.runs.items() if call != "not reached")
    print(f"{made} failures in {len(COMMANDS)} commands, {len(work.problems)} problems; " +
          ", ".join(f"{call} {count}" for call, count in sorted(work.runs.items())))
    return 1 if work.problems or made < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
