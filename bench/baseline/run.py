#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares baselines of many hosts with pugixml, lxml and xmllint, with the same documents in one run.

Every program must give the right answer. Prints documents per second, memory and the targets. The exit status is 1 if
an answer is wrong (or, with --strict, if a target is missed, because times depend on the machine).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True

import documents  # noqa: E402

HERE = Path(__file__).resolve().parent
XPATH = "string(/capabilities/host/cpu/compat/mode[@name='power10']/@supported)"


@dataclass
class Run:
    name: str
    seconds: float
    cpu: float
    peak: int  # KiB
    answer: str


def measure(name: str, command: list[str], stdin: Path | None = None) -> Run:
    """Runs a command and measures its wall time, processor time and peak memory."""
    with tempfile.TemporaryFile() as output, open(stdin or os.devnull, "rb") as given:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=given, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode != 0:
        raise SystemExit(f"{name} ended with status {process.returncode}")
    return Run(name, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text)


def best(rounds: int, name: str, command: list[str], stdin: Path | None = None) -> Run:
    """The fastest of several rounds, because a busy machine only makes a program slower."""
    return min((measure(name, command, stdin) for _ in range(rounds)), key=lambda run: run.seconds)


def competitors(options: argparse.Namespace, listing: Path) -> dict[str, Run]:
    tool = [str(options.tool), "baseline", "--files-from", str(listing)]
    pugixml = str(options.pugixml)
    runs = [
        best(options.rounds, "read", [pugixml, "read", str(listing)]),
        best(options.rounds, "pugixml", [pugixml, "parse", str(listing)]),
        best(options.rounds, "one core", [*tool, "--jobs", "1"]),
        best(options.rounds, "all cores", tool),
    ]
    if not options.quick:
        runs.append(measure("lxml", ["/usr/bin/python3", str(HERE / "lxml_baseline.py"), str(listing)]))
        runs.append(measure("xmllint", ["xargs", "-n", "1000", "xmllint", "--xpath", XPATH], listing))
    return {run.name: run for run in runs}


def wrong(runs: dict[str, Run], count: int) -> list[str]:
    expected = {"read": str(count), "pugixml": str(count), "lxml": "power10"}
    right = lambda run: {  # noqa: E731
        "xmllint": run.answer.count("yes") == count,
        "one core": "<model>power10</model>" in run.answer,
        "all cores": "<model>power10</model>" in run.answer,
    }.get(run.name, run.answer.strip() == expected.get(run.name))
    return [run.name for run in runs.values() if not right(run)]


def report(runs: dict[str, Run], count: int) -> bool:
    """Prints the table and the targets. Returns whether all targets were reached."""
    print(f"{'':12}{'documents/s':>14}{'µs each':>10}{'cpu µs':>10}{'peak MiB':>10}")
    for run in runs.values():
        print(f"{run.name:12}{count / run.seconds:14,.0f}{run.seconds / count * 1e6:10.1f}{run.cpu / count * 1e6:10.1f}{run.peak / 1024:10.1f}")
    one, many = runs["one core"], runs["all cores"]
    aims = [
        ("share of pugixml's rate on one core", runs["pugixml"].cpu / one.cpu, 0.8),
        ("peak memory under 64 MiB (64 over ours)", 64 * 1024 / max(one.peak, many.peak), 1.0),
    ]
    if "lxml" in runs:
        aims.append(("times lxml's rate, all cores", runs["lxml"].seconds / many.seconds, 20.0))
        aims.append(("times lxml's rate, one core", runs["lxml"].cpu / one.cpu, 10.0))
    if "xmllint" in runs:
        aims.append(("times xmllint's rate, all cores", runs["xmllint"].seconds / many.seconds, 20.0))
    for text, value, aim in aims:
        print(f"{'reached' if value >= aim else 'MISSED':8} {text}: {value:.2f} (aim {aim:g})")
    return all(value >= aim for _, value, aim in aims)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", type=Path, required=True, help="virt-host-compat")
    parser.add_argument("--pugixml", type=Path, required=True, help="bench-pugixml")
    parser.add_argument("--documents", type=int, default=100_000, metavar="N", help="how many (default 100,000: 1.4 GB)")
    parser.add_argument("--folder", type=Path, help="keep the documents here (default: a temporary folder)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="the fastest of N counts (default 3)")
    parser.add_argument("--quick", action="store_true", help="without lxml and xmllint")
    parser.add_argument("--strict", action="store_true", help="fail when an aim is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="virt-host-compat-bench-") as temporary:
        listing = documents.make(options.folder or Path(temporary), options.documents)
        measure("warm", [str(options.pugixml), "read", str(listing)])
        runs = competitors(options, listing)
    bad = wrong(runs, options.documents)
    for name in bad:
        print(f"WRONG answer of {name}: {runs[name].answer[:200]}")
    reached = report(runs, options.documents)
    return 1 if bad or (options.strict and not reached) else 0


if __name__ == "__main__":
    sys.exit(main())
