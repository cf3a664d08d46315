#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that a command loads no library and reads no file that it does not use. Usage: loading_test.py PROGRAM"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tap  # noqa: E402

XML_TESTS = Path(__file__).resolve().parents[1]
RECORD = "records/power10.json"
DOCUMENT = "valid/modes-power9.xml"
COMMANDS = (
    "--version",
    f"show --probe {RECORD}",
    f"doctor --probe {RECORD}",
    f"capabilities {DOCUMENT} --probe {RECORD}",
    f"check {DOCUMENT} --probe {RECORD}",
    f"compare {DOCUMENT} {DOCUMENT}",
    f"baseline {DOCUMENT}",
    f"validate {DOCUMENT}",
)
# The libraries other than those of C and C++, pugixml, and the dependencies of libxml2.
WATCHED = re.compile(r"file=(libxml2|libfmt|libvirt)[-.\w]* ")


def loaded(program: str, command: str) -> list[str]:
    done = subprocess.run(
        [program, *command.split()], cwd=XML_TESTS, capture_output=True, text=True, check=False, errors="replace", env={**os.environ, "LD_DEBUG": "files"}
    )
    if "file=" not in done.stderr:
        return ["the loader told nothing"]
    found = set(WATCHED.findall(done.stderr))
    return [] if found == {"libxml2"} else [f"loads {sorted(found)}"]


def time_zone(program: str) -> list[str]:
    """The record's time is in UTC, so the local time zone must not be read."""
    done = subprocess.run(["strace", "-f", "-e", "trace=open,openat", program, "show"], capture_output=True, text=True, check=False, errors="replace")
    if "libc.so" not in done.stderr or "host:" not in done.stdout:
        return [f"it was not traced: {done.stderr[-200:]}"]
    return ["reads the local time zone"] if "localtime" in done.stderr or "zoneinfo" in done.stderr else []


def main(program: str) -> int:
    program = str(Path(program).resolve())
    checks = {command: partial(loaded, program, command) for command in COMMANDS}
    return tap.run({**checks, "show without the time zone": partial(time_zone, program)})


sys.exit(main(sys.argv[1]))
