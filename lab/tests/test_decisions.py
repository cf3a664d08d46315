# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that wrong decisions, wrong baselines and wrong stored results are detected."""

import json
import time
import unittest
from typing import Any

from . import support
from powerlab import decisions, guests, hosts, report, results
from powerlab.failures import LabError
from powerlab.sessions import Files

HOST = hosts.Host("power10-as-power9", "POWER10", nested="v1", compat="power9")
LINE = "LC_ALL=C /usr/bin/qemu-system-ppc64 -machine pseries-7.2,usb=off{} -accel {} -cpu {} -m 512\n"
UP = "[    0.000000] Hardware name: IBM pSeries (emulated by qemu) {} 0x800200 0xf000005 of:SLOF,HEAD pSeries\n"
REFUSED = "Unable to set CPU compatibility mode in KVM: Invalid argument"
CELLS = [
    guests.Cell(HOST.name, "none", "7.2", "-", "0", "booted", "POWER10 (raw)", "agree"),
    guests.Cell(HOST.name, "power9", "7.2", "yes", "0", "booted", "POWER9 (architected)", "agree"),
    guests.Cell(HOST.name, "power8", "7.2", "no", "1", "refused", "HPT not supported in nested guests", "agree"),
    guests.Cell(HOST.name, "power10", "7.2", "no", "1", "refused", REFUSED, "agree"),
    guests.Cell(HOST.name, "power11", "7.2", "no", "1", "refused", 'Invalid compatibility mode "power11"', "not possible"),
]
COMPATIBLE = ("power9", "no-cpu", "host-model", "passthrough", "custom-power10")


def line(name: str) -> str | None:
    """The emulator that libvirt chooses for a domain; empty if it refuses the domain."""
    if name in ("power8", "power9", "power10"):
        return LINE.format(f",max-cpu-compat={name}", "kvm", "host")
    emulators = {"no-cpu": "POWER10", "custom-power10": "POWER10", "host-model": "host", "passthrough": "host", "powernv": "POWER9"}
    return LINE.format("", "kvm", emulators[name]) if name in emulators else None


def host_files() -> dict[str, str]:
    """The files of a boot of a POWER10 in power9 mode on which everything is right."""
    modes = [{"name": name, "supported": name == "power9"} for name in ("power8", "power9", "power10", "power11")]
    files = {
        "show": json.dumps({"virt-host-compat": {"compat": {"modes": modes}}}),
        "libvirt-version": "Running against daemon: 9.0.0\n",
        "capabilities": "<capabilities/>",
    }
    statuses = {}
    for name in decisions.domains(HOST):
        good = name in COMPATIBLE
        answer = {"verdict": "compatible" if good else "incompatible", "mode": "power9" if name == "power9" else None, "reason": "why"}
        files[f"verdict-{name}"] = files[f"documented-{name}"] = json.dumps({"virt-host-compat": {"domains": [answer]}})
        files[f"fit-{name}"] = "<domain><cpu mode='host-model'><model>power9</model></cpu></domain>"
        statuses[f"fit-{name}"] = "0"
        emulator = line(name)
        statuses[f"argv-{name}"] = "0" if emulator else "1"
        files[f"argv-{name}"] = emulator or ""
        if not emulator:
            statuses[f"create-{name}"] = "1"
            files[f"create-{name}.err"] = "error: Failed to create domain from x.xml\nerror: Unknown compatibility mode\n"
    statuses |= {"create-custom-power10": "0", "same-no-cpu": "custom-power10", "create-powernv": "1"}
    files["domain-custom-power10"] = UP.format("POWER10 (raw)")
    files["log-powernv"] = "x qemu-system-ppc64: The powernv machine does not work with KVM acceleration\n"
    files |= {
        "argv-fit": LINE.format(",max-cpu-compat=power9", "kvm", "host"),
        "dumpxml-fit": "<cpu mode='host-model' check='partial'>\n    <model fallback='allow'>power9</model>",
        "domain-fit": UP.format("POWER9 (architected)") + "@@nested up@@\n",
    }
    statuses |= {"whole-fit": "0", "argv-fit": "0", "define-fit": "0", "start-fit": "0"}
    return files | {"decided": "".join(f"{name} {status}\n" for name, status in statuses.items())}


def rows(change: dict[str, str] | None = None, host: hosts.Host = HOST, cells: list[guests.Cell] = CELLS, more: str = "") -> dict[str, decisions.Decision]:
    files = Files()
    files.text = host_files() | (change or {})
    files.text["decided"] += more
    session = decisions.read(host, files, cells, {})
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
        text = json.dumps({"virt-host-compat": {"domains": [answer]}})
        return {f"verdict-{name}": text, f"documented-{name}": text}

    def test_wrong_verdicts_are_seen(self) -> None:
        self.assertIn("called compatible: the guest was to run, and: refused", self.wrong("power10", self.verdict("power10", "compatible", "power10")))
        self.assertIn("called incompatible: the guest was not to run, and it booted", self.wrong("power9", self.verdict("power9", "incompatible")))
        self.assertIn("pinned to power10, it runs as POWER9", self.wrong("power9", self.verdict("power9", "compatible", "power10")))
        self.assertEqual(rows(self.verdict("power9", "unknown"))["power9"].verdict, "no statement")

    def test_the_host_is_asked_where_libvirts_document_does_not_tell(self) -> None:
        unknown = {f"documented-{name}": text for name in ("power9", "power10") for text in [self.verdict(name, "unknown")[f"verdict-{name}"]]}
        self.assertEqual({rows(unknown)[name].said for name in ("power9", "power10")}, {"compatible", "incompatible"})
        refused = {"documented-power9": self.verdict("power9", "incompatible")["verdict-power9"]}
        self.assertEqual(rows(refused)["power9"].said, "incompatible")

    def test_the_qemu_that_starts_the_domain_is_asked(self) -> None:
        asked = {"asked-no-cpu": self.verdict("no-cpu", "incompatible")["verdict-no-cpu"]}
        self.assertIn("called incompatible: the guest was not to run, and it booted", self.wrong("no-cpu", asked))
        refused = {"domain-custom-power10": "", "log-custom-power10": "x qemu-system-ppc64: DAWR1 not supported by KVM.\n"}
        self.assertIn("called compatible: the guest was to run, and: refused", self.wrong("no-cpu", refused))
        self.assertEqual(rows(asked | refused)["no-cpu"].verdict, "agree")

    def test_a_guest_beside_is_not_taken_for_the_domain(self) -> None:
        # libvirt refuses the domain. The console is that of QEMU alone in the same mode.
        change = {"argv-power9": "", "create-power9.err": "error: unsupported configuration: host-model\n", "console-power9": UP.format("POWER9 (architected)")}
        change["decided"] = host_files()["decided"].replace("argv-power9 0", "argv-power9 1") + "create-power9 1\n"
        self.assertIn("the guest was to run, and: refused", self.wrong("power9", change))

    def test_a_fit_that_finds_nothing(self) -> None:
        nothing = {"decided": host_files()["decided"].replace("whole-fit 0", "whole-fit 1")}
        self.assertIn("fit pins nothing, and power9 booted", self.wrong("what fit made", nothing))
        nothing["decided"] = nothing["decided"].replace("argv-power9 0", "argv-power9 1") + "create-power9 1\n"
        self.assertEqual(rows(nothing)["what fit made"].verdict, "agree")

    def test_a_kernel_that_takes_no_level(self) -> None:
        trial = {name: {"set_errno": 22} for name in ("power8", "power9", "power10", "power11", "raw", "control")}
        mute = {"raw": json.dumps({"kvm": {"trial": trial}})}
        self.assertEqual(rows(mute | self.verdict("power9", "unknown"))["power9"].verdict, "agree")
        self.assertIn("called incompatible", self.wrong("power9", mute | self.verdict("power9", "incompatible")))
        trial["raw"]["set_errno"] = 0
        self.assertEqual(rows({"raw": json.dumps({"kvm": {"trial": trial}})} | self.verdict("power9", "unknown"))["power9"].verdict, "no statement")

    def test_an_older_kernel_is_asked_less(self) -> None:
        older = hosts.Host("older", "POWER10", nested="v1", kernel="6.12")
        self.assertEqual(list(decisions.domains(older)), ["power8", "power9", "power10", "power11", "custom-unchecked", "host-model", "no-cpu"])
        self.assertLess(20, len(decisions.domains(HOST)))

    def test_what_has_no_mode_comes_last(self) -> None:
        for host in hosts.everyone().values():
            names = [step.name for step in decisions.steps(host)]
            self.assertEqual(sorted(names), sorted([*decisions.domains(host), "fit"]))
            self.assertGreater(min(names.index(name) for name in ("no-cpu", "host-model", "custom-unchecked")), names.index("fit"))
            self.assertGreater(names.index("fit"), names.index("power11"))

    def test_domain_with_which_the_host_locked_up_is_no_decision(self) -> None:
        told = rows(more="lost-no-cpu the host locked up\nlost-fit the host locked up\n")
        self.assertEqual({"no-cpu", "what fit made"} & set(told), set())
        self.assertIn("host-model", told)

    def test_domain_that_gives_no_answer(self) -> None:
        late = "late-custom-power10 200\n"
        change = {"domain-custom-power10": "Calling ibm,client-architecture-support..."}
        self.assertIn("the guest was to run, and: no answer", " ".join(rows(change, more=late)["custom-power10"].trouble))

    def test_domain_that_kvm_stops(self) -> None:
        change = {"domain-custom-power10": "Calling ibm,client-architecture-support...", "log-custom-power10": "error: kvm run failed Invalid argument\n"}
        self.assertIn("the guest was to run, and: died", self.wrong("custom-power10", change))
        self.assertEqual(rows(change | self.verdict("custom-power10", "incompatible"))["custom-power10"].verdict, "agree")

    def test_domain_whose_step_is_missing(self) -> None:
        files = Files()
        files.text = host_files()
        del files.text["verdict-power9"]
        with self.assertRaises(LabError) as caught:
            decisions.read(HOST, files, CELLS, {})
        self.assertIn("check was not asked in power10-as-power9 about the domain power9", str(caught.exception))

    def test_a_domain_that_nobody_started_is_no_refusal(self) -> None:
        emulator = {"argv-power10": LINE.format("", "tcg", "POWER10")}
        self.assertIn("libvirt was not asked to start it", self.wrong("power10", emulator))

    def test_wrong_fits_are_seen(self) -> None:
        other = {"fit-power42": "<domain><cpu mode='host-model'><model>power10</model></cpu></domain>"}
        self.assertIn("pinned power10, the newest mode is power9", self.wrong("power42", other))
        whole = "what fit made"
        self.assertIn("started no program", self.wrong(whole, {"domain-fit": UP.format("POWER9 (architected)")}))
        self.assertIn("POWER10", self.wrong(whole, {"domain-fit": UP.format("POWER10 (raw)") + "@@nested up@@"}))
        self.assertIn("no such mode", self.wrong(whole, {"argv-fit": LINE.format("", "kvm", "host")}))
        self.assertIn("keeps no mode", self.wrong(whole, {"dumpxml-fit": "<cpu/>"}))

    def test_libvirt_that_does_not_come_up(self) -> None:
        files = Files()
        files.text = {"show": "{}", "libvirtd": "no socket"}
        with self.assertRaises(LabError) as caught:
            decisions.read(HOST, files, CELLS, {})
        self.assertIn("no socket", str(caught.exception))

    def test_baselines(self) -> None:
        self.command("tool", '#!/bin/sh\ncase $* in *nine*) echo "<model>power9</model>" ;; *none*) exit 1 ;; *) echo "<model>power10</model>" ;; esac\n')
        tool = self.commands / "tool"
        nine, ten = {"capabilities": "", "booted": ["none", "power9"]}, {"capabilities": "", "booted": ["none", "power9", "power10"]}
        right = decisions.judge_baselines({"nine": nine, "ten": ten}, tool)
        self.assertEqual((right.verdict, right.domain[:12]), ("agree", "3 baselines "))
        wrong = decisions.judge_baselines({"nine": ten, "ten": nine}, tool)
        self.assertEqual((wrong.verdict, len(wrong.trouble)), ("DISAGREE", 2))
        self.assertEqual(decisions.judge_baselines({"none": {"capabilities": "", "booted": ["none"]}}, tool).verdict, "agree")


    def test_baselines_over_many_hosts_stay_few(self) -> None:
        self.command("tool", '#!/bin/sh\necho "<model>power9</model>"\n')
        many = {f"host{number}": {"capabilities": "", "booted": ["power9"] + ["power10"] * (number == 0)} for number in range(12)}
        sets = decisions._sets(many)
        self.assertEqual(len(sets), 12 + 66 + 1)
        self.assertIn(tuple(many), sets)
        judged = decisions.judge_baselines(many, self.commands / "tool")
        # Only host0 has power10.
        self.assertEqual((judged.verdict, len(judged.trouble)), ("DISAGREE", 1))


class Table(unittest.TestCase):
    def test_is_what_the_kept_results_say(self) -> None:
        self.assertEqual(report.TARGET.read_text(encoding="utf-8"), report.text(results.load()))


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

    def test_what_gave_no_answer_is_kept_without_the_address_of_the_archive(self) -> None:
        part = self.part("power10")
        part.broken = ["power9: apt-get says: E: Failed to fetch http://archive.invalid/debian/pool/x.deb  503"]
        results.save(part, time.monotonic())
        self.assertIn("- power9: apt-get says: E: Failed to fetch (address)  503\n", report.text(results.load()))
        self.assertNotIn("archive.invalid", (results.FOLDER / "decisions.json").read_text())

    def test_result_that_cannot_be_read(self) -> None:
        results.FOLDER.mkdir()
        (results.FOLDER / "hosts.json").write_text("{")
        with self.assertRaises(LabError) as caught:
            results.load()
        self.assertIn("run lab/matrix --all again", str(caught.exception))
