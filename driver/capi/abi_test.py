#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ABI of the C library beside that of its release, by abidiff.

Nothing of libvirt-host-compat.abi may go or change. What is new fails too, until REGENERATE=1 has taken it in.

Usage: abi_test.py LIBRARY CPP_COMPILER...
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "xml-tests"))

import tap  # noqa: E402

BASELINE = HERE / "libvirt-host-compat.abi"
HEADER = HERE / "virt-host-compat.h"
# Nothing of the folder, the processor or the libraries beneath, none of which is promised.
DESCRIBE = ["abidw", "--no-architecture", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed", "--no-parameter-names"]
# Each change is one that breaks a program: in the header, in the list of symbols, and in the library's name.
BREAKING = {
    "a value of the enum": (r"VHC_NO = 1", "VHC_NO = 7"),
    "a name of the enum": (r"VHC_USAGE = 2", "VHC_MISUSE = 2"),
    "a function is gone": (r"vhcStatus vhcProbe\([^;]*;", ""),
    "a parameter is added": (r"char \*\*mode, char \*\*error", r"\g<0>, int flags"),
    "a parameter is gone": (r"size_t count, ", ""),
    "a parameter's width": (r"size_t count", "unsigned count"),
    "a parameter's type": (r"char \*\*record", "char *record"),
    "a const is gone": (r"const char \*vhcVersion", "char *vhcVersion"),
    "what is returned": (r"void vhcFree", "int vhcFree"),
    "a symbol's version": (r"VIRT_HOST_COMPAT_1\.0", "VIRT_HOST_COMPAT_2.0"),
    "the library's name": (r"\.so\.0", ".so.1"),
}


def difference(library: Path, *options: str) -> str:
    """What abidiff has to say, nothing where the ABI is the same. It takes const for harmless and we do not."""
    done = subprocess.run(["abidiff", "--harmless", "--no-architecture", *options, str(BASELINE), str(library)], capture_output=True, text=True, check=False)
    if done.returncode & ~12:
        raise RuntimeError(f"abidiff: {done.returncode} {done.stderr}")
    return (done.stdout.strip() or "abidiff does not say what") if done.returncode else ""


def compiled(compiler: list[str], folder: Path, pattern: str = "", by: str | Callable[[re.Match[str]], str] = "") -> Path:
    """A library of empty functions, as the header declares them, after a change."""
    header = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    symbols, name = (HERE / "capi.map").read_text(), "libvirt-host-compat.so.0"
    texts = [header, symbols, name]
    if pattern:
        texts = [re.sub(pattern, by, text) for text in texts]
        if texts == [header, symbols, name]:
            raise RuntimeError(f"there is no '{pattern}' to change")
    (folder / "empty.cpp").write_text(re.sub(r"(\bvhc[A-Z]\w+\([^;]*\));", r"\1 { __builtin_trap(); }", texts[0]))
    (folder / "empty.map").write_text(texts[1])
    library = folder / "empty.so"
    subprocess.run(
        [*compiler, "-g", "-w", "-shared", "-fPIC", "empty.cpp", "-o", str(library), f"-Wl,-soname,{texts[2]}", "-Wl,--version-script=empty.map"],
        cwd=folder,
        check=True,
    )
    return library


def library_keeps_it(library: Path, compiler: list[str], folder: Path) -> list[str]:
    described = subprocess.run(["readelf", "--debug-dump=info", str(library)], capture_output=True, text=True, check=True).stdout
    if "vhcStatus" not in described:
        raise tap.Skipped("the library has no debug information (-Ddebug=true)")
    problems = difference(library).splitlines()
    if problems and os.environ.get("REGENERATE") and not difference(library, "--no-added-syms"):
        # The library describes what is inside it too.
        BASELINE.write_bytes(subprocess.run([*DESCRIBE, str(compiled(compiler, folder))], capture_output=True, check=True).stdout)
        problems.append(f"what is new was taken into {BASELINE.name}")
    return problems


def every_break_is_seen(compiler: list[str], folder: Path) -> list[str]:
    same = difference(compiled(compiler, folder))
    problems = [f"the header unchanged: {same}"] if same else []
    return problems + [f"not seen: {what}" for what, change in BREAKING.items() if not difference(compiled(compiler, folder, *change), "--no-added-syms")]


def what_is_new_is_seen(compiler: list[str], folder: Path) -> list[str]:
    more = compiled(compiler, folder, r"(void )?vhcFree(\(.*\))?;", lambda found: found[0] + found[0].replace("Free", "More"))
    return [] if "vhcMore" in difference(more) and not difference(more, "--no-added-syms") else [f"a new function: {difference(more)!r}"]


def main(library: str, *compiler: str) -> int:
    if shutil.which("abidiff") is None:
        return tap.skip_all("abidiff is not installed (abigail-tools)")
    with tempfile.TemporaryDirectory() as temporary:
        return tap.run(
            {
                "the library keeps its ABI": partial(library_keeps_it, Path(library), list(compiler), Path(temporary)),
                "every break is seen": partial(every_break_is_seen, list(compiler), Path(temporary)),
                "what is new is seen": partial(what_is_new_is_seen, list(compiler), Path(temporary)),
            }
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
