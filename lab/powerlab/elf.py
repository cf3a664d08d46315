# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads which shared libraries an ELF program needs, so that a root contains no others."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from .failures import require_program


def _read(path: Path) -> str:
    readelf = require_program("powerpc64le-linux-gnu-readelf", "g++-powerpc64le-linux-gnu")
    return subprocess.run([readelf, "-dl", str(path)], capture_output=True, text=True, check=False).stdout


_INTERPRETER = re.compile(r"program interpreter: ([^\]]+)\]")


def interpreter(path: Path) -> str | None:
    """The path of the program's loader. If it is missing, the kernel reports the program as "not found"."""
    found = _INTERPRETER.search(_read(path))
    return found[1] if found else None


def needed(path: Path) -> list[str]:
    """The names of the libraries that a program or library needs, and its loader."""
    text = _read(path)
    names = re.findall(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]", text)
    return names + [Path(name).name for name in _INTERPRETER.findall(text)]


def closure(root: Path, programs: Iterable[Path]) -> set[Path]:
    """The programs and all libraries in a root that they need, directly or indirectly (links included)."""
    where: dict[str, Path] = {}
    for folder in ("lib", "lib64", "usr/lib", "usr/lib64", "usr/lib/powerpc64le-linux-gnu", "lib/powerpc64le-linux-gnu"):
        for path in sorted((root / folder).glob("*.so*")):
            where.setdefault(path.name, path)
    # Libraries in folders of their own (PulseAudio's, systemd's) come after those in the usual folders.
    for path in sorted((root / "usr/lib/powerpc64le-linux-gnu").glob("*/*.so*")):
        where.setdefault(path.name, path)
    found: set[Path] = set()
    todo = list(programs)
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        if path.is_symlink():
            target = Path(path.readlink())
            todo.append(root / str(target).lstrip("/") if target.is_absolute() else Path(os.path.normpath(path.parent / target)))
            continue
        todo += [where[name] for name in needed(path) if name in where]
    return found
