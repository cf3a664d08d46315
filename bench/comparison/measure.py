# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs several commands in turn and measures each, so that other load on the machine affects all of them."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Contestant:
    """A command to measure."""

    name: str
    command: list[str]
    stdin: Path | None = None
    statuses: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # seconds of processor time, all threads

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def run_once(contestant: Contestant) -> None:
    """Runs the command and stores its wall time and processor time."""
    program = shutil.which(contestant.command[0])
    if not program:
        raise SystemExit(f"{contestant.command[0]} not found")
    devices = [(0, str(contestant.stdin or os.devnull), os.O_RDONLY), (1, os.devnull, os.O_WRONLY), (2, os.devnull, os.O_WRONLY)]
    actions = [(os.POSIX_SPAWN_OPEN, number, path, flags, 0) for number, path, flags in devices]
    begin = time.perf_counter()
    child = os.posix_spawn(program, contestant.command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    if code not in contestant.statuses:
        raise SystemExit(f"{contestant.name} ended with status {code}: {' '.join(contestant.command[:8])}")
    contestant.seconds.append(seconds)
    contestant.processor.append(usage.ru_utime + usage.ru_stime)


def side_by_side(contestants: list[Contestant], rounds: int) -> None:
    """Runs every command once per round. Before that one run, which is not counted, fills the caches."""
    run_once(contestants[0])
    contestants[0].seconds.clear()
    contestants[0].processor.clear()
    for _ in range(rounds):
        for contestant in contestants:
            run_once(contestant)


def peak(helper: str, command: list[str], source: list[str] | None = None) -> tuple[float, float]:
    """Runs the command with the source's output as its input. Returns peak memory in MiB, and seconds."""
    with tempfile.NamedTemporaryFile("r") as figure:
        begin = time.perf_counter()
        giver = subprocess.Popen(source, stdout=subprocess.PIPE) if source else None
        process = subprocess.Popen([helper, figure.name, *command], stdin=giver.stdout if giver else subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if giver and giver.stdout:
            giver.stdout.close()
        status = process.wait()
        if status != 0 or (giver and giver.wait() != 0):
            raise SystemExit(f"{' '.join(command[:8])} ended with status {status}")
        seconds = time.perf_counter() - begin
        return int(figure.read()) / 1024, seconds


def ratios(slower: Contestant, faster: Contestant) -> tuple[float, float, float]:
    """The ratios of the first command's times to the second's, by round: median, least and most."""
    return _spread([a / b for a, b in zip(slower.seconds, faster.seconds)])


def processor_ratios(slower: Contestant, faster: Contestant) -> tuple[float, float, float]:
    """Like ratios(), but of processor time, which is what would remain on a single processor."""
    return _spread([a / b for a, b in zip(slower.processor, faster.processor)])


def _spread(each: list[float]) -> tuple[float, float, float]:
    return statistics.median(each), min(each), max(each)


def spread(values: tuple[float, float, float]) -> str:
    """A ratio with its spread, as in the tables."""
    median, least, most = values
    digits = 0 if median >= 20 else 1
    return f"{median:.{digits}f} ({least:.{digits}f}–{most:.{digits}f})"
