# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs commands in turn and keeps what each took, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Contestant:
    """A command to measure. `share` is how much of the work it is given: 0.1 for a tenth of the documents."""

    name: str
    command: list[str]
    stdin: Path | None = None
    statuses: tuple[int, ...] = (0,)
    share: float = 1.0
    seconds: list[float] = field(default_factory=list)
    peak: int = 0  # KiB

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def run_once(contestant: Contestant) -> None:
    """Runs the command to its end; its wall time and peak memory are kept."""
    with open(contestant.stdin or os.devnull, "rb") as given:
        begin = time.perf_counter()
        process = subprocess.Popen(contestant.command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in contestant.statuses:
        raise SystemExit(f"{contestant.name} ended with status {process.returncode}: {' '.join(contestant.command[:8])}")
    contestant.seconds.append(seconds / contestant.share)
    contestant.peak = max(contestant.peak, usage.ru_maxrss)


def side_by_side(contestants: list[Contestant], rounds: int) -> None:
    """Every contestant once a round, after one that is not counted and that fills the caches."""
    run_once(contestants[0])
    contestants[0].seconds.clear()
    for _ in range(rounds):
        for contestant in contestants:
            run_once(contestant)


def ratios(slower: Contestant, faster: Contestant) -> tuple[float, float, float]:
    """How many times as long the first took, round by round: median, least and most."""
    each = [a / b for a, b in zip(slower.seconds, faster.seconds)]
    return statistics.median(each), min(each), max(each)


def spread(values: tuple[float, float, float]) -> str:
    """A ratio with its spread, as tables have it."""
    median, least, most = values
    digits = 0 if median >= 20 else 1
    return f"{median:.{digits}f} ({least:.{digits}f}–{most:.{digits}f})"
