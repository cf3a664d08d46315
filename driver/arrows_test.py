#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that each folder of driver/ includes only what its row of the table below allows.

Unit tests (*_test.cpp, and the fakes that they use) may include everything.
"""

from __future__ import annotations

import graphlib
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402

# What each folder may include besides itself.
ALLOWED = {
    "model": set(),
    "text": set(),
    "input": {"model", "text"},
    "kvm": {"model", "text"},
    "process": {"model", "text", "input"},
    "sandbox": {"model", "text", "input"},
    "host": {"model", "text", "input"},
    "qemu": {"model", "text", "process"},
    "xml": {"model", "text", "input"},
    "relaxng": {"text", "xml"},
    "answer": {"model", "text", "input", "kvm", "host", "xml"},
    "policy": {"model", "text", "qemu", "xml"},
    "validate": {"model", "text", "input", "xml", "relaxng"},
    "publish": {"model", "text", "input"},
    "libvirt": {"model", "text", "input", "process", "sandbox", "xml", "answer", "policy"},
    "capi": {"model", "text", "xml", "answer", "policy", "kvm"},
}
TOOLS = "tools"  # may include everything, and nothing includes it
# Which folders may include a library's headers, and use its namespace.
LIBRARIES = {
    "pugixml.hpp": {"xml", TOOLS},
    "libxml/": {"validate"},
    "libvirt/": {"libvirt"},
    "CLI/": {TOOLS},
}
# Decisions are made over values alone.
VALUES_ONLY = {"model", "text", "policy"}
NO_VALUES = re.compile(r"#include <((?:condition_variable|dirent\.h|fcntl\.h|fstream|filesystem|future|mutex|poll\.h|thread|unistd\.h|sys/|linux/)[^>]*)>|\b(pugi::)")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"(driver/([a-z_]+)/[^"]*|tools/[^"]*)"|<([^>]+)>)')


def sources(room: str) -> Iterator[tuple[str, str]]:
    """Each line of a folder's sources behind its file and number."""
    folder = ROOT / room if room == TOOLS else ROOT / "driver" / room
    for path in sorted(folder.rglob("*.[ch]pp")):
        if path.stem.endswith("_test") or path.stem.startswith("fake_"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def listed(rooms: set[str]) -> str:
    return ", ".join(room for room in [*ALLOWED, TOOLS] if room in rooms) or "none"


def where_else(room: str, other: str) -> str:
    """Where an include that is not allowed belongs."""
    above = {name for name, allowed in ALLOWED.items() if {room, other} <= allowed | {name}} | {TOOLS}
    below = (ALLOWED[room] | {room}) & ALLOWED.get(other, set())
    return (
        f"{room}/ may include {listed(ALLOWED[room])}. Code that needs {room}/ and {other}/ belongs in one of: {listed(above)}; "
        f"what both need belongs in one of: {listed(below)}"
    )


def includes(room: str) -> list[str]:
    problems = []
    found = False
    for place, line in sources(room):
        match = INCLUDE.match(line)
        if not match:
            continue
        found = True
        path, other, header = match.groups()
        if path:
            other = other or TOOLS
            if room != TOOLS and other != room and other not in ALLOWED[room]:
                problems.append(f"{place} includes {path}: {where_else(room, other)}")
        for library, rooms in LIBRARIES.items():
            if header and header.startswith(library) and room not in rooms:
                problems.append(f"{place} includes <{header}>: only {listed(rooms)} may")
    return problems if found else ["no include was found: is the folder's name right?"]


def values_only(room: str) -> list[str]:
    return [f"{place} uses {match[1] or match[2]}: {room}/ knows values only" for place, line in sources(room) if (match := NO_VALUES.search(line))]


def table() -> list[str]:
    folders = {path.name for path in (ROOT / "driver").iterdir() if path.is_dir() and any(path.glob("*.[ch]pp"))}
    problems = [f"driver/{name}/ is not in the table of {Path(__file__).name}: add what it may include" for name in sorted(folders - ALLOWED.keys())]
    problems += [f"{name}: there is no such folder" for name in sorted(ALLOWED.keys() - folders)]
    try:
        graphlib.TopologicalSorter(ALLOWED).prepare()
    except graphlib.CycleError as error:
        problems.append(f"the table has a circle: {' -> '.join(error.args[1])}")
    return problems


def main() -> int:
    checks = {"the table names every folder, and has no circle": table}
    checks |= {f"includes of {room}": partial(includes, room) for room in [*ALLOWED, TOOLS]}
    checks |= {f"{room} knows values only": partial(values_only, room) for room in sorted(VALUES_ONLY)}
    return tap.run(checks)


sys.exit(main())
