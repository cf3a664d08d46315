#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks with readelf that the program of a release build was built with the hardening options."""

from __future__ import annotations

import re
import subprocess
import sys


def readelf(program: str, *options: str) -> str:
    return subprocess.run(["readelf", "--wide", *options, program], capture_output=True, text=True, check=True,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout


def main(*binaries: str) -> int:
    return 0 if all([is_hardened(binary) for binary in binaries]) else 1


def is_hardened(program: str) -> bool:
    header, segments = readelf(program, "--file-header"), readelf(program, "--program-headers")
    dynamic, symbols = readelf(program, "--dynamic"), readelf(program, "--symbols")
    stack = re.search(r"GNU_STACK.*", segments)
    writable_code = [line for line in segments.splitlines() if re.search(r"LOAD.* RWE ", line)]
    checks = {
        "position-independent (PIE)": re.search(r"Type: +DYN", header) is not None,
        "relocations are read-only (RELRO)": "GNU_RELRO" in segments,
        "all of them at the start (BIND_NOW)": "BIND_NOW" in dynamic or re.search(r"FLAGS.*\bNOW\b", dynamic) is not None,
        "the stack is not executable": stack is not None and " RW " in stack[0],
        "no segment is writable and executable": not writable_code,
        "stack protector": "__stack_chk_fail" in symbols,
        "checked C functions (_FORTIFY_SOURCE)": re.search(r"__\w+_chk\b", symbols) is not None,
        "checked C++ containers (_GLIBCXX_ASSERTIONS)": "__glibcxx_assert_fail" in symbols,
    }
    for name, holds in checks.items():
        print(f"{program}: {'ok' if holds else 'MISSING'}: {name}")
    return all(checks.values())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
