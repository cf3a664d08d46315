# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the whole process for one document: the cost in a hook or a CI job."""

from __future__ import annotations

import statistics

from comparison.measure import Contestant, ratios, side_by_side
from comparison.setting import HERE, Setting
from comparison.tables import Aim, Section, table


def single(setting: Setting) -> Section:
    section = Section("One document")
    document = setting.document("usual")
    plain = setting.document("usual", "plain")
    section.text(f"Milliseconds, whole process, a valid document of {document.stat().st_size:,} B; median (least–most) over the rounds.")
    empty = Contestant("empty static program", [setting.helper("bench-empty")])
    runs = [empty]
    for name, build in (("static", setting.static), ("shared", setting.shared)):
        program = setting.program(build)
        runs += [
            Contestant(f"validate, {name} build", [program, "validate", str(document)]),
            Contestant(f"validate --strict, {name} build", [program, "validate", "--strict", str(document)]),
            Contestant(f"show, {name} build", [program, "show"], statuses=(0, 4)),
            Contestant(f"capabilities -, {name} build", [program, "capabilities", "-"], plain),
        ]
    runs.append(Contestant("xmllint --relaxng", ["xmllint", "--noout", "--relaxng", str(setting.grammar), str(document)]))
    runs.append(Contestant("virt-xml-validate", ["virt-xml-validate", str(plain), "capability"]))
    side_by_side(runs, 20 if setting.quick else 100)
    slow = [
        Contestant("lxml", ["/usr/bin/python3", str(HERE / "lxml_validate.py"), str(setting.grammar), f"{document.parent}.list"]),
        Contestant("Jing", ["jing", str(setting.grammar), str(document)]),
    ]
    side_by_side(slow, 3)
    rows = []
    for run in runs + slow:
        each = [value * 1000 for value in run.seconds]
        over = (min(run.seconds) - min(empty.seconds)) * 1000
        processor = statistics.median(run.processor) * 1000
        rows.append([run.name, f"{run.median * 1000:.2f} ({min(each):.2f}–{max(each):.2f})", f"{processor:.2f}", f"{over:.2f}"])
    section.text(table(["", "ms", "processor ms", "least, over the empty program's"], rows))
    byName = {run.name: run for run in runs}
    for name in ("static", "shared"):
        ours = byName[f"validate, {name} build"]
        section.aim(Aim(f"validate, {name} build: ms over the empty program, least of each", (min(ours.seconds) - min(empty.seconds)) * 1000, 0.6, below=True))
        section.aim(Aim(f"validate, {name} build: times faster than xmllint", ratios(byName["xmllint --relaxng"], ours)[0], 3.5))
        section.aim(Aim(f"validate, {name} build: times faster than virt-xml-validate", ratios(byName["virt-xml-validate"], ours)[0], 8))
        for command in ("show", "capabilities -"):
            over = (min(byName[f"{command}, {name} build"].seconds) - min(empty.seconds)) * 1000
            section.aim(Aim(f"{command}, {name} build: ms over the empty program, least of each", over, 0.6, below=True))
    return section
