# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures validation of many documents, memory by their number, and time by a document's size."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from comparison.measure import Contestant, peak, processor_ratios, ratios, run_once, side_by_side, spread
from comparison.setting import HERE, Setting
from comparison.tables import Aim, Section, table

# Name, number of documents, and the target ratios to xmllint (valid, invalid) and to Jing.
SIZES = [("small", 10_000, (15, 30), 1), ("usual", 10_000, (60, 25), 1), ("large", 2_000, (140, 40), 1)]
# A folder in memory, if there is one, so that files need no disk access.
MEMORY_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
BATCH = ["xargs", "-s", "1500000", "-n", "100000"]


def contestants(setting: Setting, listing: Path, valid: bool) -> list[Contestant]:
    ours = ["validate", "--strict", "--quiet", "--files-from", str(listing)]
    grammar = str(setting.grammar)
    own, other = ((0,), (0,)) if valid else ((1,), (123,))
    runs = [
        Contestant("static", [setting.program(setting.static), *ours], statuses=own),
        Contestant("shared", [setting.program(setting.shared), *ours], statuses=own),
        Contestant("xmllint", [*BATCH, "xmllint", "--noout", "--relaxng", grammar], listing, other),
        Contestant("Jing", [*BATCH, "jing", grammar], listing, other),
        Contestant("lxml", ["/usr/bin/python3", str(HERE / "lxml_validate.py"), grammar, str(listing)], statuses=(0, 1)),
        Contestant("pugixml, parsing only", [setting.helper("baseline/bench-pugixml"), "parse", str(listing)]),
        Contestant("reading only", [setting.helper("baseline/bench-pugixml"), "read", str(listing)]),
    ]
    if not valid:
        runs = runs[:4]
    return runs


def validation(setting: Setting) -> Section:
    """Valid and invalid documents of three sizes: microseconds for each, and the ratios of other programs."""
    section = Section("Many documents")
    section.text(
        "Microseconds a document: whole process, start included, grammar libvirt's `capability.rng` with `<compat>`, on all "
        "processors; pugixml and reading on one. Behind each figure: how many times as long as our static build that is, "
        "median over the rounds (least–most). Where other work keeps the processors busy, threads gain nothing and wall time "
        "says little; so the ratio to xmllint, which has one thread, is also worked out from processor time."
    )
    processors = len(os.sched_getaffinity(0))
    for valid in (True, False):
        rows = []
        spent: list[list[str]] = []
        names: list[str] = []
        for shape, count, aims, invalidAim in SIZES:
            count = setting.amount(count)
            listing = setting.documents(shape, count, "" if valid else "invalid")
            runs = contestants(setting, listing, valid)
            side_by_side(runs, setting.rounds)
            names = [run.name for run in runs]
            size = setting.document(shape, "" if valid else "invalid").stat().st_size
            word = "valid" if valid else "invalid"
            spent.append([f"{word}, {size:,} B", *(f"{statistics.median(run.processor) / count * 1e6:.1f}" for run in runs)])
            cells = [f"{run.median / count * 1e6:.1f}" + ("" if run is runs[0] else f" · {spread(ratios(run, runs[0]))}") for run in runs]
            rows.append([f"{word}, {size:,} B, {count:,} documents", *cells])
            kind = f"{word} documents of {size:,} B"
            for build in runs[:2]:
                times = ratios(runs[2], build)[0]
                bound = aims[0] if valid else invalidAim
                section.aim(Aim(f"{kind}, {build.name} build: times xmllint", times, bound))
                idle = processor_ratios(runs[2], build)[0] * processors
                section.aim(Aim(f"the same, from processor time on {processors} idle processors", idle, bound))
                if valid:
                    section.aim(Aim(f"{kind}, {build.name} build: times Jing", ratios(runs[3], build)[0], aims[1]))
        section.text(table(["", *names], rows))
        section.text("Microseconds of processor time a document:")
        section.text(table(["", *names], spent))
    return section


def memory(setting: Setting) -> Section:
    """Peak memory of one run with an increasing number of documents."""
    section = Section("Memory")
    section.text(
        "Peak resident memory of one run over so many documents of about the usual size, no two alike, made while they are "
        "validated and named in a pipe; the time is that of making and validating."
    )
    rows = []
    for thousands in (1, 100) if setting.quick else (1, 100, 1_000):
        row = [f"{thousands * 1000:,}"]
        for name, build in (("shared", setting.shared), ("static", setting.static)):
            command = [setting.program(build), "validate", "--strict", "--quiet", "--files-from", "-"]
            with tempfile.TemporaryDirectory(dir=MEMORY_FOLDER) as folder:
                source = [setting.helper("bench-documents"), folder, "usual", str(thousands * 1000), "stream"]
                mebibytes, seconds = peak(setting.helper("bench-peak"), command, source)
            row += [f"{mebibytes:.1f} MiB", f"{seconds / thousands * 1000:.1f} µs"]
            section.aim(Aim(f"{thousands * 1000:,} documents, {name} build: MiB", mebibytes, 16, below=True))
        rows.append(row)
    section.text(table(["documents", "shared", "a document", "static", "a document"], rows))
    return section


def linearity(setting: Setting) -> Section:
    """One document of increasing size."""
    section = Section("Large documents")
    section.text("One document of a host with more and more processors, milliseconds for each MiB of it, whole process.")
    rows = []
    ours: list[float] = []
    for cpus in (1_250, 5_000, 20_000) if setting.quick else (1_250, 5_000, 20_000, 86_000):
        document = setting.document(str(cpus))
        size = document.stat().st_size / (1 << 20)
        runs = [
            Contestant("ours", [setting.program(setting.static), "validate", "--strict", "--quiet", str(document)]),
            Contestant("xmllint", ["xmllint", "--huge", "--noout", "--relaxng", str(setting.grammar), str(document)]),
        ]
        for run in runs:
            if run.name == "ours" or cpus <= 20_000:
                for _ in range(setting.rounds):
                    run_once(run)
        ours.append(runs[0].median / size)
        rows.append(
            [f"{size:.1f} MiB"]
            + [f"{run.median / size * 1000:.1f}" if run.seconds else "not run" for run in runs]
            + [f"{peak(setting.helper('bench-peak'), runs[0].command)[0]:.0f} MiB"]
        )
    section.text(table(["document", "ours", "xmllint", "our peak memory"], rows))
    section.aim(Aim("time for a MiB at the largest, times that at 1 MiB", ours[-1] / ours[0], 1.5, below=True))
    return section
