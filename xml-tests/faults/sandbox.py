#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the sandbox: what a process in it can do, and that each command is in it before it parses.

Usage: sandbox.py PROGRAM TRY_EVERYTHING BUILT   (BUILT: "true" where the sandbox is in the build)
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
# What the sealed sandbox leaves; the others leave this and more.
SEALED = {"map-data", "thread", "read-open"}
LEFT = {
    "sealed": SEALED,
    "reading": SEALED | {"open-named", "open-other", "open-folder"},
    "named": SEALED | {"open-named"},
}
# Outside of any sandbox everything works; otherwise the test would prove nothing.
CONTROL_EXCEPTIONS = {"io-uring", "io-uring-enter"}
# These read everything before.
SEALED_COMMANDS = {"show", "doctor", "capabilities"}
SIGABRT = -6

BROKEN = "<capabilities><host></capabilities>\n"
# Commands, with @DOC@ for a document that is not well formed and @JSON@ for a record that is none.
COMMANDS = [
    ("show --probe @JSON@", ""),
    ("doctor --probe @JSON@", ""),
    ("capabilities @DOC@ --probe @GOOD@", ""),
    ("capabilities @DOC@", ""),
    ("capabilities -", BROKEN),
    ("validate @DOC@", ""),
    ("validate -", BROKEN),
    ("validate @FOLDER@", ""),
    ("validate --files-from @LIST@", ""),
    ("check @DOC@ --probe @GOOD@", ""),
    ("check @DOC@ --host @DOC@", ""),
    ("check @DOC@", ""),
    ("fit @DOC@ --probe @GOOD@", ""),
    ("fit - --probe @GOOD@", BROKEN),
    ("compare @DOC@ @DOC@", ""),
    ("baseline @DOC@", ""),
    ("baseline --jobs 2 --files-from @LIST@", ""),
]


def attempts(helper: str, form: str) -> tuple[dict[str, str], int]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("named", "other"):
            Path(folder, name).write_text("x", encoding="utf-8")
        done = subprocess.run([helper, form, folder], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line), done.returncode


def check_form(helper: str, form: str) -> list[str]:
    results, status = attempts(helper, form)
    has_landlock = results.pop("landlock", "no") == "ok"
    problems = []
    if status != SIGABRT:
        problems.append(f"{form}: abort() ended the process with {status}")
    if len(results) < 20:
        problems.append(f"{form}: only {len(results)} attempts were made")
    for name, result in results.items():
        worked = result == "ok"
        if form == "none":
            wanted = worked or name in CONTROL_EXCEPTIONS
        elif name in LEFT[form]:
            wanted = worked
        elif form == "named" and not has_landlock and name in ("open-other", "open-folder"):
            wanted = True
        else:
            wanted = result in ("EPERM", "EACCES", "ENOSYS")
        if not wanted:
            problems.append(f"{form}: {name} gave {result}")
    return problems


def strace(arguments: list[str], options: list[str], stdin: str, trace: Path) -> tuple[int, str, list[str]]:
    done = subprocess.run(["strace", "-f", "-o", str(trace), *options, *arguments], input=stdin, capture_output=True,
                          text=True, check=False, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
    return done.returncode, done.stderr, trace.read_text(encoding="utf-8", errors="replace").splitlines()


def check_command(program: str, command: str, stdin: str, folder: Path, good: str) -> list[str]:
    words = (command.replace("@DOC@", str(folder / "folder/broken.xml")).replace("@JSON@", str(folder / "broken.json"))
             .replace("@GOOD@", good).replace("@FOLDER@", str(folder / "folder")).replace("@LIST@", str(folder / "list")))
    arguments = [program, *words.split()]
    problems = []
    # Where entering fails, nothing may have been parsed yet: the document's own defect stays unsaid.
    status, said, _ = strace(arguments, ["-e", "inject=seccomp:error=ENOMEM:when=1"], stdin, folder / "trace")
    if status != 5 or "enter the sandbox" not in said or len(said.splitlines()) != 1:
        problems.append(f"{command}: parsed before it was in the sandbox: status {status}, {said!r}")
    # A kernel without seccomp changes nothing.
    status, without, _ = strace(arguments, ["-e", "inject=seccomp:error=ENOSYS"], stdin, folder / "trace")
    normal_status, normal, lines = strace(arguments, ["-e", "trace=all"], stdin, folder / "trace")
    if (status, without) != (normal_status, normal) or normal_status != 3:
        problems.append(f"{command}: status {status} without seccomp and {normal_status} with it: {without!r}, {normal!r}")
    entered = next((number for number, line in enumerate(lines) if re.search(r"seccomp\(SECCOMP_SET_MODE_FILTER.*= 0", line)), None)
    if entered is None:
        return [*problems, f"{command}: no filter was installed"]
    for line in lines[entered:]:
        if re.search(r" (socket|execve|clone3?|fork|vfork|ptrace)\(", line) and "CLONE_THREAD" not in line:
            problems.append(f"{command}: after the filter: {line}")
        if re.search(r" open(at)?\(", line) and ("O_RDONLY" not in line or command.split()[0] in SEALED_COMMANDS):
            problems.append(f"{command}: after the filter: {line}")
    _, _, lines = strace([*arguments, "--no-sandbox"], ["-e", "trace=seccomp,landlock_restrict_self"], stdin, folder / "trace")
    if any("seccomp(" in line or "landlock" in line for line in lines):
        problems.append(f"{command}: --no-sandbox does not switch it off")
    return problems


def main(program: str, helper: str, built: str) -> int:
    if built != "true":
        print("skipped: the sandbox is not in this build")
        return SKIPPED
    results, _ = attempts(helper, "sealed")
    if not results:
        print("skipped: this machine's kernel takes no seccomp filter")
        return SKIPPED
    problems = [problem for form in ("none", *LEFT) for problem in check_form(helper, form)]
    if shutil.which("strace"):
        good = str(Path(__file__).resolve().parents[1] / "records/power10.json")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / "folder").mkdir()
            (folder / "folder/broken.xml").write_text(BROKEN, encoding="utf-8")
            (folder / "broken.json").write_text("{", encoding="utf-8")
            (folder / "list").write_text(f"{folder}/folder/broken.xml\n", encoding="utf-8")
            for command, stdin in COMMANDS:
                problems += check_command(program, command, stdin, folder, good)
    else:
        problems.append("strace is missing, so the commands were not watched")
    for problem in problems:
        print(problem)
    print(f"{len(results)} attempts in each of {len(LEFT)} sandboxes and outside, {len(COMMANDS)} commands: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
