# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stores what guests did on each host (lab/measured.json), as evidence for the other parts of the matrix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import hosts
from .hosts import Host
from .verdicts import BOOTED, Did, limit

FILE = Path(__file__).resolve().parent.parent / "measured.json"


# For each host its versions, the date, and what the guest did and printed, for each QEMU in the host and each mode.
Data = dict[str, dict[str, Any]]


def load() -> Data:
    """The stored measurements."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def add(data: Data, host: str, origin: dict[str, str], qemu: str, dids: dict[str, Did]) -> None:
    """Add what the guests of a host did. Results with another QEMU are kept if the kernel is the same."""
    before = data.get(host, {})
    guests = before.get("guests", {}) if before.get("kernel") == origin["kernel"] else {}
    guests[qemu] = guests.get(qemu, {}) | {mode: [did.what, did.words] for mode, did in dids.items()}
    data[host] = origin | {"guests": guests}


def write(data: Data) -> None:
    """Store the measurements, with a line for each host in the order of the list."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(data[name])}" for name in hosts.everyone() if name in data)
    temporary = FILE.with_suffix(".part")
    temporary.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    temporary.rename(FILE)


def did(data: Data, host: str, mode: str, qemu: str | None = None) -> Did | None:
    """What a guest in a mode (`none` without one) did on a host with this QEMU, or with the one that got furthest."""
    found = [
        Did(*guests[mode])
        for version, guests in data.get(host, {}).get("guests", {}).items()
        if mode in guests and qemu in (None, version)
    ]
    # A guest that booted shows that the mode is possible, even if another QEMU refused it.
    return min(found, key=lambda one: (one.what != BOOTED, limit(one)), default=None)


def _same_but_kernel(host: Host) -> list[Host]:
    """The hosts that differ from this one only in the kernel."""
    bare = replace(host, name="", kernel="", quick=False, guests=False, decisions=False, note="")
    return [
        other
        for other in hosts.everyone().values()
        if other.name != host.name and replace(other, name="", kernel="", quick=False, guests=False, decisions=False, note="") == bare
    ]


def with_check(data: Data, host: Host, mode: str) -> Did | None:
    """What the same guest did on the same host with Linux 7.3, which compares a guest's mode with the partition's."""
    twins = [other for other in _same_but_kernel(host) if other.kernel == "7.3"]
    return did(data, twins[0].name, mode) if twins and host.kernel != "7.3" else None


def evidence(data: Data, host: Host, mode: str) -> Did | None:
    """What a guest did; if its pages are too small for a hashed page table, on the same host with larger ones."""
    own = did(data, host.name, mode)
    if own is None or not limit(own):
        return own
    larger = [other for other in _same_but_kernel(host) if other.kernel == f"{host.kernel}-64k"]
    return did(data, larger[0].name, mode) if larger else None
