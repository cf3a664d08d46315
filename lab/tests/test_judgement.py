# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comparisons find what they are for: each kind of wrong answer is seen."""

import copy
import io
import json
import subprocess
import unittest
from typing import Any
from unittest import mock

from . import support  # noqa: F401  (sets the module path)
from powerlab import boot, expectation, faults, guests, hosts, libvirts
from powerlab.archive import Archive
from powerlab.failures import LabError
from powerlab.job import Job


def raw(**change: Any) -> dict[str, Any]:
    """What lab/raw_probe.c prints on a POWER10 in power9 mode, as recorded."""
    base: dict[str, Any] = {
        "kernel": "7.3-powerpc64le",
        "pvr": "0x0000000000800200",
        "compatible": "qemu,pseries\0",
        "cpu_nodes": [{"node": "PowerPC,POWER10@0", "length": 4, "cpu_version": "0x000000000f000005"}],
        "kvm": {
            "open_errno": 0,
            "extensions": {"249": 0, "250": 1},
            "create_vm_errno": 0,
            "calls": {"size_24": {"result": 0, "errno": 0, "size": 24, "capabilities": "0x4000000000000000"}},
        },
    }
    return base | change


def said() -> dict[str, Any]:
    return {
        "virt-host-compat": {
            "schema_version": 1,
            "host": {"platform": "pseries", "pvr": "0x00800200", "model": "POWER10", "effective_mode": "power9", "kernel": "7.3-powerpc64le"},
            "compat": {
                "status": "known",
                "source": "kvm",
                "modes": [{"name": "power9", "supported": True}, {"name": "power10", "supported": False}, {"name": "power11", "supported": False}],
                "capabilities": "0x4000000000000000",
                "unknown_bits": "0x0000000000000000",
                "abi": "merged",
                "reason": None,
            },
        }
    }


NO_CALL = {"extensions": {"249": 0, "250": 0}, "create_vm_errno": 0, "calls": {"size_24": {"result": -1, "errno": 25}}}


class Expectation(unittest.TestCase):
    def test_true_answer_has_no_difference(self) -> None:
        self.assertEqual(expectation.compare(said(), raw()), [])

    def test_each_wrong_field_is_seen(self) -> None:
        wrong = {"status": "unknown", "source": "pvr", "capabilities": "0x6000000000000000", "abi": "posted-v4", "unknown_bits": "0x0000000000000001", "reason": "x"}
        for key, value in wrong.items():
            answer = said()
            answer["virt-host-compat"]["compat"][key] = value
            self.assertEqual(len(expectation.compare(answer, raw())), 1, key)
        for key in ("platform", "pvr", "model", "effective_mode", "kernel"):
            answer = said()
            answer["virt-host-compat"]["host"][key] = "0x1"
            self.assertEqual(len(expectation.compare(answer, raw())), 1, key)

    def test_each_wrong_mode_is_seen(self) -> None:
        for index in range(3):
            answer = copy.deepcopy(said())
            mode = answer["virt-host-compat"]["compat"]["modes"][index]
            mode["supported"] = not mode["supported"]
            self.assertEqual(len(expectation.compare(answer, raw())), 1)

    def test_an_answer_where_nothing_is_known_is_seen(self) -> None:
        refused = raw(kvm={"extensions": {"250": 0}, "create_vm_errno": 22})
        self.assertIsNone(expectation.expect(refused).source)
        self.assertGreater(len(expectation.compare(said(), refused)), 3)

    def test_device_tree_decides_without_the_call(self) -> None:
        want = expectation.expect(raw(kvm=NO_CALL))
        self.assertEqual((want.source, want.modes), ("device-tree", {"power9": True, "power10": False, "power11": False}))

    def test_processor_decides_on_bare_metal(self) -> None:
        nodes = [{"node": "PowerPC,POWER10@0", "length": 4, "cpu_version": "0x0000000000800200"}]
        want = expectation.expect(raw(kvm=NO_CALL, compatible="qemu,powernv10\0ibm,powernv\0", cpu_nodes=nodes))
        self.assertEqual((want.source, want.effective), ("pvr", "power10"))
        self.assertEqual(want.modes, {"power9": True, "power10": True, "power11": False})

    def test_nodes_that_contradict_each_other_are_no_level(self) -> None:
        nodes = [{"cpu_version": "0x0f000005"}, {"cpu_version": "0x0f000006"}]
        self.assertIsNone(expectation.expect(raw(kvm=NO_CALL, cpu_nodes=nodes)).source)

    def test_document(self) -> None:
        element = "<compat source='kvm'>\n<mode name='power9' supported='yes'/>\n<mode name='power10' supported='no'/>\n<mode name='power11' supported='no'/>\n</compat>"
        self.assertEqual(expectation.compare_document(element, raw()), [])
        self.assertEqual(len(expectation.compare_document(element.replace("'no'", "'yes'", 1), raw())), 1)
        self.assertEqual(len(expectation.compare_document(element.replace("kvm", "pvr"), raw())), 1)
        self.assertEqual(len(expectation.compare_document("<cpu/>", raw())), 1)
        self.assertEqual(len(expectation.compare_document(element, raw(kvm={"extensions": {}, "create_vm_errno": 22}))), 1)


REFUSED = "Unable to set CPU compatibility mode in KVM: Invalid argument"


class Guests(unittest.TestCase):
    def test_outcomes(self) -> None:
        up = "SLOF\n[    0.000000] Hardware name: IBM pSeries (emulated by qemu) POWER9 (architected) 0x4e1202 0xf000005 of:SLOF,HEAD pSeries\n"
        self.assertEqual(guests._outcome(up, "", 137, False), ("booted", "POWER9 (architected)"))
        refused = "qemu-system-ppc64: warning: x\nqemu-system-ppc64: Unable to set CPU compatibility mode in KVM: Invalid argument\n"
        self.assertEqual(guests._outcome("", refused, 1, False), ("refused", "Unable to set CPU compatibility mode in KVM: Invalid argument"))
        self.assertEqual(guests._outcome("", 'qemu-system-ppc64: Invalid compatibility mode "power11"\n', 1, False)[0], "not possible")
        self.assertEqual(guests._outcome("booting\n", "", 137, True)[0], "hung")
        self.assertEqual(guests._outcome("", "", 3, False), ("refused", "QEMU ended with status 3"))

    def test_a_tool_that_crashes_is_a_sentence(self) -> None:
        outcome = boot.Outcome(0, b"", b"", "", "", {"show": b"", "version": b"QEMU 7.2", "statuses": b"show 139\n", "show.err": b"Segmentation fault\n"}, 1.0, False)
        with mock.patch.object(boot, "run", return_value=outcome), self.assertRaises(LabError) as caught:
            guests.run(hosts.find("power10"), Job())
        self.assertIn("ended with status 139 and no record (Segmentation fault)", str(caught.exception))

    def test_verdicts(self) -> None:
        verdict = guests._verdict
        self.assertEqual(verdict("power9", "yes", "0", "booted", "POWER9 (architected)"), "agree")
        self.assertEqual(verdict("power9", "no", "1", "refused", REFUSED), "agree")
        self.assertEqual(verdict("power9", "no", "1", "refused", "DAWR1 not supported by KVM."), "DISAGREE")
        self.assertEqual(verdict("power9", "no", "1", "booted", "POWER9 (architected)"), "DISAGREE")
        self.assertEqual(verdict("power9", "yes", "0", "refused", "x"), "DISAGREE")
        self.assertEqual(verdict("power9", "yes", "1", "booted", "POWER9 (architected)"), "DISAGREE")
        self.assertEqual(verdict("power9", "yes", "0", "booted", "POWER10 (raw)"), "DISAGREE")
        self.assertEqual(verdict("power9", "yes", "0", "hung", "x"), "DISAGREE")
        self.assertEqual(verdict("power11", "no", "1", "not possible", "x"), "not possible")
        self.assertEqual(verdict("power8", "not in the table", "4", "booted", "POWER8 (architected)"), "no statement")
        self.assertEqual(verdict("power8", "not in the table", "1", "refused", "HPT not supported in nested guests"), "agree")
        self.assertEqual(verdict("power8", "not in the table", "1", "booted", "POWER8 (architected)"), "DISAGREE")
        self.assertEqual(verdict("power8", "not in the table", "1", "hung", "x"), "DISAGREE")


class Documents(unittest.TestCase):
    def test_only_inserted_lines_may_differ(self) -> None:
        before = "<cpu>\n  <model>POWER10</model>\n</cpu>\n"
        after = before.replace("</cpu>", "  <compat source='kvm'>\n    <mode name='power9' supported='yes'/>\n  </compat>\n</cpu>")
        added, other = libvirts._judge_lines(before, after)
        self.assertEqual((len(added), other), (3, []))
        self.assertNotEqual(libvirts._judge_lines(before, after.replace("POWER10", "POWER9"))[1], [])
        self.assertNotEqual(libvirts._judge_lines(before, after.replace("<model>POWER10</model>", ""))[1], [])

    def test_trace(self) -> None:
        trace = '1 openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = 3\n1 open("/etc/passwd", O_RDONLY) = 4\n'
        self.assertEqual(faults.opened_without_need(trace), ["/etc/passwd"])

    def test_silence_is_no_message(self) -> None:
        self.assertEqual(faults._judge("no-device", 4, ""), "DISAGREE")
        self.assertEqual(faults._judge("no-device", 0, "x"), "DISAGREE")
        self.assertEqual(faults._judge("no-device", 4, "no /dev/kvm"), "agree")
        self.assertEqual(faults._judge("output-full", 5, "virt-host-compat: cannot write"), "agree")
        self.assertEqual(faults._judge("no-device-tree", 0, "x"), "agree")
        self.assertEqual(faults._judge("no-device-tree", 0, "x", capability=False), "DISAGREE")
        self.assertEqual(faults._judge("output-full", 5, "internal buffer error / virt-host-compat: cannot write"), "DISAGREE")
        self.assertEqual(faults._words(json.dumps(said()), ""), "kvm: power9")


class Cpio(unittest.TestCase):
    def test_cpio_reads_it(self) -> None:
        stream = io.BytesIO()
        archive = Archive(stream)
        archive.file("a/b/c", b"text", 0o755)
        archive.link("a/l", "b/c")
        archive.device("dev/console", 5, 1)
        archive.close()
        done = subprocess.run(["cpio", "-itv", "--quiet"], input=stream.getvalue(), capture_output=True, check=True)
        listed = done.stdout.decode()
        self.assertEqual([line.split()[8] for line in listed.splitlines() if not line.startswith("c")], ["a", "a/b", "a/b/c", "a/l", "dev"])
        self.assertIn("a/l -> b/c", listed)
        self.assertRegex(listed, r"crw-------.* 5, +1 .* dev/console")
