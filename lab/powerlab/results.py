# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stores the results of the matrix's parts (lab/results), so that any machine can add rows and write the document."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from . import emulators, hosts, kernels
from .failures import LabError

FOLDER = Path(__file__).resolve().parents[1] / "results"
_ADDRESS = re.compile(r"\b(?:https?|ftp|file|copy|mirror(?:\+\w+)?)://?\S+")

PARTS = ("hosts", "guests", "decisions", "migrations", "libvirt", "daemon", "units", "packages", "failures")


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
    """The versions of the packages that were used."""
    found = {f"Linux {series}": kernels.get(series).version for series in sorted(kernel_series)}
    return found | {f"QEMU {'of the machine' if major == 7 else major}": emulators.get(major).version for major in sorted(qemus)}


def _merged(part: Part, kept: Part) -> Part:
    """A part, with the stored rows of the hosts that did not run this time."""
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
    """Store a part's result, in the order of the list of hosts; with `merge` together with the stored results of other
    hosts.

    Returns what is stored. The part itself only contains this run.
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
    """Replace the stored result of a part, one line per row, without the archive's address."""
    FOLDER.mkdir(exist_ok=True)
    kept = asdict(part) | {"broken": [_ADDRESS.sub("(address)", line) for line in part.broken]}
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in kept.pop("rows"))
    temporary = FOLDER / f"{part.name}.part"
    temporary.write_text(json.dumps(kept, ensure_ascii=False)[:-1] + ', "rows": [\n' + rows + "\n]}\n", encoding="utf-8")
    temporary.rename(FOLDER / f"{part.name}.json")


def load() -> list[Part]:
    """The stored results, in the order of the parts. Parts that never ran are missing."""
    found = []
    for name in PARTS:
        path = FOLDER / f"{name}.json"
        if path.exists():
            try:
                found.append(Part(**json.loads(path.read_text(encoding="utf-8"))))
            except (ValueError, TypeError) as error:
                raise LabError(f"The kept result {path} cannot be read ({error}); run lab/matrix --all again.") from error
    return found
