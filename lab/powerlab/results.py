# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps the results of the matrix's parts, so that the table can be written from them, each with its date."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from . import cachedir, emulators, hosts, kernels
from .failures import LabError

PARTS = ("hosts", "guests", "decisions", "libvirt", "daemon", "failures")


@dataclass
class Part:
    """One part of the matrix: when it ran, with which versions, how long it took, and its rows."""

    name: str
    date: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def disagreeing(self) -> int:
        return sum(row["verdict"] == "DISAGREE" for row in self.rows)


def versions(kernel_series: set[str], qemus: set[int]) -> dict[str, str]:
    """The packages' versions behind a result."""
    found = {f"Linux {series}": kernels.get(series).version for series in sorted(kernel_series)}
    return found | {f"QEMU {'of the machine' if major == 7 else major}": emulators.get(major).version for major in sorted(qemus)}


def _merged(part: Part, kept: Part) -> Part:
    """A part with what was kept of the hosts that did not run now."""
    ran = {row["host"] for row in part.rows} | {line.split(":", 1)[0] for line in part.broken}
    first = kept.date.split(" ")[0]
    return Part(
        part.name,
        part.date if first == part.date else f"{first} to {part.date}",
        part.seconds + kept.seconds,
        kept.versions | part.versions,
        [row for row in kept.rows if row["host"] not in ran] + part.rows,
        [line for line in kept.broken if line.split(":", 1)[0] not in ran] + part.broken,
        kept.data | part.data,
    )


def save(part: Part, started: float, merge: bool = False) -> Part:
    """Keep a part's result in the cache, in the order of the list of hosts; with `merge` beside what was kept before of other hosts.

    Returns what is kept; the part itself stays that of this run.
    """
    part.date = time.strftime("%Y-%m-%d", time.gmtime())
    part.seconds = time.monotonic() - started
    before = [kept for kept in load() if merge and kept.name == part.name]
    kept = _merged(part, before[0]) if before else replace(part)
    order = list(hosts.everyone())
    place = {name: index for index, name in enumerate(order)}
    kept.rows = sorted(kept.rows, key=lambda row: (row.get("qemu", ""), place.get(row["host"], len(order))))
    kept.data = {name: kept.data[name] for name in order if name in kept.data}
    write(kept)
    return kept


def write(part: Part) -> None:
    """Replace what is kept of a part."""
    folder = cachedir.root() / "results"
    folder.mkdir(exist_ok=True)
    temporary = folder / f"{part.name}.part"
    temporary.write_text(json.dumps(asdict(part), indent=1))
    temporary.rename(folder / f"{part.name}.json")


def load() -> list[Part]:
    """The kept results, in the order of the parts; parts that never ran are missing."""
    folder = cachedir.root() / "results"
    found = []
    for name in PARTS:
        path = folder / f"{name}.json"
        if path.exists():
            try:
                found.append(Part(**json.loads(path.read_text())))
            except (ValueError, TypeError) as error:
                raise LabError(f"The kept result {path} cannot be read ({error}); run lab/matrix --all again.") from error
    return found
