# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares baselines of many hosts with other ways to read the documents (bench/baseline)."""

from __future__ import annotations

import os
import statistics
import sys

from comparison.measure import Contestant, peak, processor_ratios, ratios, side_by_side, spread
from comparison.setting import SOURCES, Setting
from comparison.tables import Aim, Section, table

sys.path.insert(0, str(SOURCES / "bench" / "baseline"))
import documents  # noqa: E402


def baselines(setting: Setting) -> Section:
    section = Section("Baselines")
    count = 5_000 if setting.quick else 100_000
    listing = documents.make(setting.folder, count)
    xpath = "string(/capabilities/host/cpu/compat/mode[@name='power10']/@supported)"
    pugixml = setting.helper("baseline/bench-pugixml")
    tool = [setting.program(setting.shared), "baseline", "--files-from", str(listing)]
    script = str(SOURCES / "bench" / "baseline" / "lxml_baseline.py")
    runs = [
        Contestant("ours, all processors", tool),
        Contestant("ours, one", [*tool, "--jobs", "1"]),
        Contestant("pugixml, parsing only, one", [pugixml, "parse", str(listing)]),
        Contestant("reading only, one", [pugixml, "read", str(listing)]),
        Contestant("Python with lxml, one", ["/usr/bin/python3", script, str(listing)]),
        Contestant("xmllint --xpath, one", ["xargs", "-n", "1000", "xmllint", "--xpath", xpath], listing),
    ]
    side_by_side(runs, min(setting.rounds, 3))
    section.text(
        f"The newest common mode of {count:,} documents of {documents.SIZE:,} B. Microseconds a document, and how many times as "
        "long as ours on all processors."
    )
    rows = [[run.name, f"{run.median / count * 1e6:.1f}", f"{statistics.median(run.processor) / count * 1e6:.1f}", spread(ratios(run, runs[0]))] for run in runs]
    section.text(table(["", "µs", "processor µs", "times"], rows))
    section.aim(Aim("times pugixml's parsing rate, by processor time", processor_ratios(runs[2], runs[1])[0], 0.8))
    section.aim(Aim("times lxml's rate", ratios(runs[4], runs[0])[0], 20))
    processors = len(os.sched_getaffinity(0))
    idle = processor_ratios(runs[4], runs[0])[0] * processors
    section.aim(Aim(f"the same, from processor time on {processors} idle processors", idle, 20))
    section.aim(Aim(f"{count:,} documents: MiB", peak(setting.helper("bench-peak"), tool)[0], 64, below=True))
    if not setting.quick:
        ten = setting.folder / "list-of-a-million"
        ten.write_text(listing.read_text(encoding="utf-8") * (1_000_000 // count), encoding="utf-8")
        mebibytes, seconds = peak(setting.helper("bench-peak"), [setting.program(setting.shared), "baseline", "--files-from", str(ten)])
        section.text(f"A million documents: {seconds:.1f} s, {seconds:.1f} µs each, {mebibytes:.1f} MiB.")
        section.aim(Aim("a million documents: time for each, times that of 100,000", seconds / 1_000_000 * count / runs[0].median, 1.3, below=True))
        section.aim(Aim("a million documents: MiB", mebibytes, 64, below=True))
    return section
