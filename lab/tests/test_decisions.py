# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decisions beside what happened, baselines beside what booted, and results that are kept: each wrong one is seen."""

import json
import time
from typing import Any

from . import support
from powerlab import cachedir, decisions, guests, hosts, report, results
from powerlab.failures import LabError

HOST = hosts.Host("power10-as-power9", "POWER10", nested="v1", compat="power9")
LINE = "LC_ALL=C /usr/bin/qemu-system-ppc64 -machine pseries-7.2,usb=off{} -accel {} -cpu {} -m 512\n"
UP = "[    0.000000] Hardware name: IBM pSeries (emulated by qemu) {} 0x800200 0xf000005 of:SLOF,HEAD pSeries\n"
CELLS = [
    guests.Cell(HOST.name, "none", "7.2", "yes", "", "booted", "POWER10 (raw)", "agree"),
    guests.Cell(HOST.name, "power9", "7.2", "yes", "0", "booted", "POWER9 (architected)", "agree"),
    guests.Cell(HOST.name, "power10", "7.2", "no", "1", "refused", "Invalid argument", "agree"),
    guests.Cell(HOST.name, "power11", "7.2", "no", "1", "not possible", "QEMU's own limit", "not possible"),
]
COMPATIBLE = ("power9", "no-cpu", "host-model", "passthrough", "custom-power10")


def line(name: str) -> str | None:
    """The emulator that libvirt has for a domain; nothing where it refuses."""
    if name in ("power8", "power9", "power10"):
        return LINE.format(f",max-cpu-compat={name}", "kvm", "host")
    emulators = {"no-cpu": "POWER10", "custom-power10": "POWER10", "host-model": "host", "passthrough": "host", "powernv": "POWER9"}
    return LINE.format("", "kvm", emulators[name]) if name in emulators else None


def host_files() -> dict[str, str]:
    """What a boot of a POWER10 in power9 mode leaves where everything is right."""
    modes = [{"name": name, "supported": name == "power9"} for name in ("power9", "power10", "power11")]
    files = {
        "show": json.dumps({"virt-host-compat": {"compat": {"modes": modes}}}),
        "libvirt-version": "Running against daemon: 9.0.0\n",
        "capabilities": "<capabilities/>",
    }
    statuses = {}
    for name in decisions.domains(HOST):
        good = name in COMPATIBLE
        answer = {"verdict": "compatible" if good else "incompatible", "mode": "power9" if name == "power9" else None, "reason": "why"}
        files[f"verdict-{name}"] = json.dumps({"virt-host-compat": {"domains": [answer]}})
        files[f"fit-{name}"] = "<domain><cpu mode='host-model'><model>power9</model></cpu></domain>"
        statuses[f"fit-{name}"] = "0"
        emulator = line(name)
        statuses[f"argv-{name}"] = "0" if emulator else "1"
        files[f"argv-{name}"] = emulator or ""
        if not emulator:
            statuses[f"create-{name}"] = "1"
            files[f"create-{name}.err"] = "error: Failed to create domain from x.xml\nerror: Unknown compatibility mode\n"
    statuses |= {"create-custom-power10": "0", "same-no-cpu": "custom-power10", "create-powernv": "1", "create-power8": "1"}
    files["console-custom-power10"] = UP.format("POWER10 (raw)")
    files["log-powernv"] = "x qemu-system-ppc64: The powernv machine does not work with KVM acceleration\n"
    files |= {
        "argv-fit": LINE.format(",max-cpu-compat=power9", "kvm", "host"),
        "dumpxml-fit": "<cpu mode='host-model' check='partial'>\n    <model fallback='allow'>power9</model>",
        "console-fit": UP.format("POWER9 (architected)") + "@@nested up@@\n",
    }
    statuses |= {"argv-fit": "0", "define-fit": "0", "start-fit": "0"}
    return files | {"decided": "".join(f"{name} {status}\n" for name, status in statuses.items())}


def rows(change: dict[str, str] | None = None) -> dict[str, decisions.Decision]:
    session = decisions.read(HOST, host_files() | (change or {}), CELLS)
    return {decision.domain: decision for decision in session.decisions}


class Decisions(support.LabTest):
    def test_right_decisions_agree(self) -> None:
        for name, decision in rows().items():
            self.assertEqual((decision.verdict, decision.trouble), ("agree", []), name)
        self.assertEqual(rows()["no-cpu"].detail, "POWER10 (raw)")
        self.assertEqual(rows()["power9"].emulator, "-cpu host, max-cpu-compat=power9")
        self.assertIn("powernv machine", rows()["powernv"].detail)
        self.assertEqual(rows()["power42"].detail, "libvirt: Unknown compatibility mode")
        self.assertEqual(rows()["what fit made"].happened, "booted")

    def wrong(self, domain: str, change: dict[str, str]) -> str:
        decision = rows(change)[domain]
        self.assertEqual(decision.verdict, "DISAGREE")
        return " ".join(decision.trouble)

    def verdict(self, name: str, verdict: str, mode: str | None = None) -> dict[str, str]:
        answer = {"verdict": verdict, "mode": mode, "reason": "why"}
        return {f"verdict-{name}": json.dumps({"virt-host-compat": {"domains": [answer]}})}

    def test_wrong_verdicts_are_seen(self) -> None:
        self.assertIn("compatible and refused", self.wrong("power10", self.verdict("power10", "compatible", "power10")))
        self.assertIn("incompatible and booted", self.wrong("power9", self.verdict("power9", "incompatible")))
        self.assertIn("pinned to power10, it runs as POWER9", self.wrong("power9", self.verdict("power9", "compatible", "power10")))
        self.assertEqual(rows(self.verdict("power9", "unknown"))["power9"].verdict, "no statement")

    def test_an_older_kernel_is_asked_less(self) -> None:
        older = hosts.Host("older", "POWER10", nested="v1", kernel="6.12")
        self.assertEqual(list(decisions.domains(older)), ["power8", "power9", "power10", "power11", "host-model", "custom-unchecked"])
        self.assertLess(5, len(decisions.domains(HOST)))

    def test_a_domain_that_nobody_started_is_no_refusal(self) -> None:
        emulator = {"argv-power10": LINE.format("", "tcg", "POWER10")}
        self.assertIn("incompatible and not started", self.wrong("power10", emulator))

    def test_wrong_fits_are_seen(self) -> None:
        other = {"fit-power42": "<domain><cpu mode='host-model'><model>power10</model></cpu></domain>"}
        self.assertIn("pinned power10, the newest mode is power9", self.wrong("power42", other))
        whole = "what fit made"
        self.assertIn("started no program", self.wrong(whole, {"console-fit": UP.format("POWER9 (architected)")}))
        self.assertIn("POWER10", self.wrong(whole, {"console-fit": UP.format("POWER10 (raw)") + "@@nested up@@"}))
        self.assertIn("no such mode", self.wrong(whole, {"argv-fit": LINE.format("", "kvm", "host")}))
        self.assertIn("keeps no mode", self.wrong(whole, {"dumpxml-fit": "<cpu/>"}))

    def test_libvirt_that_does_not_come_up(self) -> None:
        with self.assertRaises(LabError) as caught:
            decisions.read(HOST, {"show": "{}", "libvirtd": "no socket"}, CELLS)
        self.assertIn("no socket", str(caught.exception))

    def test_baselines(self) -> None:
        self.command("tool", '#!/bin/sh\ncase $* in *nine*) echo "<model>power9</model>" ;; *none*) exit 1 ;; *) echo "<model>power10</model>" ;; esac\n')
        tool = self.commands / "tool"
        nine, ten = {"capabilities": "", "booted": ["none", "power9"]}, {"capabilities": "", "booted": ["none", "power9", "power10"]}
        right = decisions.judge_baselines({"nine": nine, "ten": ten}, tool)
        self.assertEqual((right.verdict, right.domain[:12]), ("agree", "3 baselines,"))
        wrong = decisions.judge_baselines({"nine": ten, "ten": nine}, tool)
        self.assertEqual((wrong.verdict, len(wrong.trouble)), ("DISAGREE", 2))
        self.assertEqual(decisions.judge_baselines({"none": {"capabilities": "", "booted": ["none"]}}, tool).verdict, "agree")


class Results(support.LabTest):
    def part(self, *names: str) -> results.Part:
        return results.Part("decisions", rows=[vars(row) for name in names for row in [decisions.Decision(name, "d", "compatible", "", "-", "booted", "x", "power9", "agree")]])

    def test_one_host_alone_keeps_the_others(self) -> None:
        started = time.monotonic()
        results.save(self.part("power10", "power9"), started)
        again: Any = self.part("power9")
        again.rows[0]["detail"] = "new"
        results.save(again, started, merge=True)
        self.assertEqual(len(again.rows), 1)
        kept = results.load()
        self.assertEqual([(row["host"], row["detail"]) for row in kept[0].rows], [("power9", "new"), ("power10", "x")])
        self.assertIn("| power10 | d | compatible |", report.text(kept))
        kept[0].rows[0]["trouble"] = ["it booted all the same"]
        self.assertIn("\n- power9: it booted all the same\n", report.text(kept))
        results.save(self.part("power9"), started)
        self.assertEqual(len(results.load()[0].rows), 1)

    def test_parts_without_a_result_keep_their_section(self) -> None:
        libvirt = results.Part("libvirt", date="2026-01-02", versions={"Linux 6.12": "6.12.1"})
        everything = report.text([self.part("power9"), libvirt])
        again = self.part("power10")
        again.broken = ["power9: apt-get says: E: Failed to fetch http://archive.invalid/debian/pool/x.deb  503"]
        written = report.text([again], everything)
        self.assertNotIn("| power9 | d |", written)
        self.assertIn("| power10 | d |", written)
        self.assertIn("- power9: apt-get says: E: Failed to fetch (address)  503\n", written)
        self.assertNotIn("archive.invalid", written)
        self.assertEqual(written[written.index("## libvirt\n") :], everything[everything.index("## libvirt\n") :])
        self.assertEqual(report.text([], everything), everything)

    def test_result_that_cannot_be_read(self) -> None:
        (cachedir.root() / "results").mkdir()
        (cachedir.root() / "results/hosts.json").write_text("{")
        with self.assertRaises(LabError) as caught:
            results.load()
        self.assertIn("run lab/matrix --all again", str(caught.exception))
