#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command loads only the libraries that it uses, and reports a missing one. Usage: loading_test.py PROGRAM"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tap  # noqa: E402

XML_TESTS = Path(__file__).resolve().parents[1]
RECORD = "records/power10.json"
DOCUMENT = "valid/modes-power9.xml"
# What each may load beyond the C and C++ libraries, and pugixml; libvirt's client is loaded by --connect alone.
COMMANDS = {
    "--version": set(),
    f"show --probe {RECORD}": set(),
    f"doctor --probe {RECORD}": set(),
    f"capabilities {DOCUMENT} --probe {RECORD}": set(),
    f"check {DOCUMENT} --probe {RECORD}": set(),
    f"compare {DOCUMENT} {DOCUMENT}": set(),
    f"baseline {DOCUMENT}": set(),
    f"validate {DOCUMENT}": {"libxml2", "virt-host-compat-validate"},
}
WATCHED = re.compile(r"file=(libxml2|libfmt|libicu\w+|libvirt|virt-host-compat-validate)[-.\w]* ")


def loaded(program: str, command: str, expected: set[str]) -> list[str]:
    done = subprocess.run(
        [program, *command.split()], cwd=XML_TESTS, capture_output=True, text=True, check=False, errors="replace", env={**os.environ, "LD_DEBUG": "files"}
    )
    if "file=" not in done.stderr:
        return ["the loader told nothing"]
    found = {name for name in WATCHED.findall(done.stderr) if not name.startswith("libicu")}
    return [] if found == expected else [f"loads {sorted(found)}, not {sorted(expected)}"]


def missing_module(program: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        alone = shutil.copy(program, folder)
        done = subprocess.run([alone, "validate", DOCUMENT], cwd=XML_TESTS, capture_output=True, text=True, check=False)
    begin = "virt-host-compat: cannot load virt-host-compat-validate.so: "
    if done.returncode == 5 and not done.stdout and done.stderr.startswith(begin) and done.stderr.count("\n") == 1:
        return []
    return [f"status {done.returncode}, said {done.stderr!r}"]


def main(program: str) -> int:
    program = str(Path(program).resolve())
    checks = {command: partial(loaded, program, command, expected) for command, expected in COMMANDS.items()}
    return tap.run({**checks, "validate without its module": partial(missing_module, program)})


sys.exit(main(sys.argv[1]))
