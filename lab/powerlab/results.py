# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps the results of the matrix's parts, so that the table can be written from them, each with its date."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from . import cachedir, emulators, kernels
from .failures import LabError

PARTS = ("hosts", "guests", "libvirt", "failures")


@dataclass
class Part:
    """One part of the matrix: when it ran, with which versions, how long it took, and its rows."""

    name: str
    date: str = ""
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def disagreeing(self) -> int:
        return sum(row["verdict"] == "DISAGREE" for row in self.rows)


def versions(kernel_series: set[str], qemus: set[int]) -> dict[str, str]:
    """The packages' versions behind a result."""
    found = {f"Linux {series}": kernels.get(series).version for series in sorted(kernel_series)}
    return found | {f"QEMU {'of the machine' if major == 7 else major}": emulators.get(major).version for major in sorted(qemus)}


def save(part: Part, started: float) -> None:
    """Keep a part's result in the cache."""
    part.date = time.strftime("%Y-%m-%d", time.gmtime())
    part.seconds = time.monotonic() - started
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
