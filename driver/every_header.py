#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a program that includes every header of driver/: it compiles where no two contradict each other.

Usage: every_header.py OUTPUT
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Headers of tests, and one that some architectures cannot have.
LEFT_OUT = {"fake_kernel.hpp", "fake_libvirt.hpp", "syscall_filter.hpp"}


def main(output: Path) -> None:
    text = "// Written by every_header.py.\n"
    for path in sorted((ROOT / "driver").rglob("*.hpp")):
        if path.name in LEFT_OUT:
            continue
        include = f'#include "{path.relative_to(ROOT)}"\n'
        needs_libvirt = "#include <libvirt/" in path.read_text(encoding="utf-8")
        text += f"#if __has_include(<libvirt/libvirt.h>)\n{include}#endif\n" if needs_libvirt else include
    text += "\nint main() {}\n"
    if not output.exists() or output.read_text(encoding="utf-8") != text:
        output.write_text(text, encoding="utf-8")


main(Path(sys.argv[1]))
