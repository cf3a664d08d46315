# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests what guests did and the verdict on the tool's answers: each wrong answer is detected."""

import json
import unittest
from dataclasses import replace
from typing import Any
from unittest import mock

from . import support
from powerlab import guests, hosts, measured, verdicts
from powerlab.failures import LabError
from powerlab.hosts import Host
from powerlab.sessions import Files
from powerlab.verdicts import BEYOND, Did

NINE = Host("power10-as-power9", "POWER10", nested="v1", compat="power9")
V2 = Host("power11-as-power10", "Power11", nested="v2", compat="power10", qemu=10)
OLDER = Host("power11-as-power10-linux6.12", "Power11", nested="v2", compat="power10", kernel="6.12", qemu=10)
ALONE = Host("power11-granted-power11", "Power11", nested="v2", grant=("power11",), qemu=10)
TWO = Host("power10-api2-as-power9", "POWER10", nested="v2", compat="power9", qemu=10)
KVM = Did("refused", "Unable to set CPU compatibility mode in KVM: Invalid argument")
STOPPED = Did("died", "kvm run failed Invalid argument")


def up(processor: str, how: str = "architected") -> Did:
    return Did("booted", f"{processor} ({how})")


def word(host: Host, mode: str | None, positive: bool | None, did: Did, checked: Did | None = None) -> str:
    return verdicts.judge(host, mode, positive, did, checked).word


class Outcomes(unittest.TestCase):
    def did(self, console: str = "", error: str = "", **statuses: str) -> Did:
        return guests.did({"console-power9": console, "error-power9": error}, {f"{name}-power9": value for name, value in statuses.items()}, "power9")

    def test_outcomes(self) -> None:
        line = "SLOF\n[    0.000000] Hardware name: IBM pSeries (emulated by qemu) POWER9 (architected) 0x4e1202 0xf000005 of:SLOF,HEAD pSeries\n"
        self.assertEqual(self.did(line, done="137"), up("POWER9"))
        refused = "qemu-system-ppc64: warning: x\nqemu-system-ppc64: Unable to set CPU compatibility mode in KVM: Invalid argument\n"
        self.assertEqual(self.did("", refused, done="1"), KVM)
        self.assertEqual(self.did("Calling ibm,client-architecture-support...", "error: kvm run failed Invalid argument\nNIP 0\n", done="137"), STOPPED)
        self.assertEqual(self.did("booting\n", late="200", done="137"), Did("no answer", "in 200 seconds; last line: booting"))
        self.assertEqual(self.did(done="3"), Did("refused", "QEMU ended with status 3"))

    def test_domain_without_a_mode(self) -> None:
        self.assertIn("<model>power9</model>", guests.domain("power9"))
        self.assertNotIn("<cpu", guests.domain("none"))

    def test_pages_of_the_host(self) -> None:
        self.assertIn("<maxpagesize unit='KiB'>64<", guests.features(Host("x", "POWER10", machine="powernv10", kernel="7.3-64k")))
        self.assertIn("<maxpagesize unit='KiB'>4<", guests.features(NINE))


class Verdicts(unittest.TestCase):
    def test_guest_and_word_agree(self) -> None:
        self.assertEqual(word(NINE, "power9", True, up("POWER9")), "agree")
        for no in (KVM, STOPPED, Did("refused", "HPT not supported in nested guests"), Did("refused", "Guest requested unavailable MMU mode (hash)."), Did("no answer", "x")):
            self.assertEqual(word(NINE, "power10", False, no), "agree", no)

    def test_guest_and_word_disagree(self) -> None:
        self.assertEqual(word(NINE, "power9", False, up("POWER9")), "DISAGREE")
        self.assertEqual(word(NINE, "power9", True, up("POWER10", "raw")), "DISAGREE")
        for no in (KVM, STOPPED, Did("refused", "anything"), Did("no answer", "x")):
            self.assertEqual(word(NINE, "power9", True, no), "DISAGREE", no)
        self.assertEqual(word(NINE, "power10", False, Did("refused", "DAWR1 not supported by KVM.")), "DISAGREE")
        self.assertEqual(word(NINE, "power9", None, up("POWER9")), "no statement")

    def test_limits_of_qemu_are_not_the_mode_s(self) -> None:
        for words in ('Invalid compatibility mode "power11"', "Unable to create 512MiB RMA (VRMA only allows 128MiB"):
            for positive in (True, False, None):
                judged = verdicts.judge(NINE, "power11", positive, Did("refused", words), None)
                self.assertEqual((judged.word, judged.why), ("not possible", words))

    def test_boot_beyond_what_the_partition_was_given(self) -> None:
        eleven = up("Power11")
        for mode in ("power11", None):
            self.assertEqual(word(OLDER, mode, False, eleven, checked=STOPPED), BEYOND)
            self.assertEqual(word(OLDER, mode, True, eleven, checked=STOPPED), "DISAGREE")
            # Without a kernel that was measured to refuse it, the tool has no reason to say no.
            self.assertEqual(word(OLDER, mode, False, eleven), "DISAGREE")
            self.assertEqual(word(OLDER, mode, False, eleven, checked=eleven), "DISAGREE")
        self.assertIn("884ea0283f4e", verdicts.judge(OLDER, None, False, eleven, STOPPED).why)
        self.assertEqual(word(OLDER, "power10", False, up("POWER10"), checked=STOPPED), "DISAGREE")

    def test_guest_without_a_mode_under_api_v1(self) -> None:
        self.assertEqual(word(NINE, None, True, up("POWER10", "raw")), "agree")
        self.assertEqual(word(NINE, None, False, up("POWER10", "raw"), checked=up("POWER10", "raw")), "DISAGREE")

    def test_guest_without_a_mode_that_a_kernel_with_the_check_runs(self) -> None:
        ten = up("POWER10", "raw")
        self.assertEqual(word(TWO, None, True, ten), "agree")
        self.assertEqual(word(TWO, None, False, ten), "DISAGREE")
        older = replace(TWO, kernel="6.12")
        self.assertEqual(word(older, None, True, ten, checked=ten), "agree")
        self.assertEqual(word(older, None, False, ten, checked=ten), "DISAGREE")
        self.assertEqual(word(older, None, True, ten), "DISAGREE")
        self.assertEqual(word(older, None, True, ten, checked=STOPPED), "DISAGREE")
        # Under Linux, what happens on this kernel counts.
        self.assertEqual(word(replace(NINE, kernel="6.12"), None, True, ten, checked=STOPPED), "agree")
        self.assertEqual(word(replace(NINE, kernel="6.12"), None, False, ten, checked=STOPPED), BEYOND)

    def test_mode_that_is_judged_by_another_s_grant(self) -> None:
        for positive in (True, False):
            judged = verdicts.judge(ALONE, "power10", positive, up("POWER10"), None)
            self.assertEqual((judged.word, judged.why), (BEYOND, verdicts.BY_POWER11))
        self.assertEqual(word(ALONE, "power11", False, up("Power11")), "DISAGREE")

    def test_given(self) -> None:
        self.assertEqual(verdicts.given(NINE), ("power8", "power9"))
        self.assertEqual(verdicts.given(ALONE), ("power11",))
        self.assertEqual(verdicts.given(Host("x", "POWER9", machine="powernv9")), ("power8", "power9"))


class Cells(support.LabTest):
    def files(self, **change: str) -> Files:
        modes = [{"name": name, "supported": name == "power9"} for name in verdicts.ORDER]
        files = Files()
        files.text = {
            "show": json.dumps({"virt-host-compat": {"compat": {"modes": modes}}}),
            "version": "QEMU emulator version 7.2.22 (Debian)\n",
            "console-power9": "[ 0.0] Hardware name: IBM pSeries (emulated by qemu) POWER9 (architected) 0x4e1202\n",
            "error-power10": "qemu-system-ppc64: Unable to set CPU compatibility mode in KVM: Invalid argument\n",
            "error-none": "error: kvm run failed Invalid argument\n",
            "statuses": "check-power9 0\ndone-power9 137\nseconds-power9 12\ncheck-power10 1\ndone-power10 1\ncheck-none 1\ndone-none 137\n",
        } | change
        return files

    def read(self, data: Any = None, **change: str) -> dict[str, guests.Cell]:
        return {cell.mode: cell for cell in guests.read(NINE, self.files(**change), data or {}, ("power9", "power10", "none"))}

    def test_right_words_agree(self) -> None:
        cells = self.read()
        self.assertEqual({cell.verdict for cell in cells.values()}, {"agree"})
        self.assertEqual([(cell.said, cell.check, cell.outcome) for cell in cells.values()], [("yes", "0", "booted"), ("no", "1", "refused"), ("-", "1", "died")])
        self.assertEqual((cells["power9"].qemu, cells["power9"].seconds), ("7.2.22", 12.0))

    def test_wrong_word_of_check_alone_is_seen(self) -> None:
        statuses = self.files().text["statuses"]
        for mode, word in (("power9", "1"), ("power10", "0"), ("none", "0")):
            cell = self.read(statuses=f"{statuses}check-{mode} {word}\n")[mode]
            self.assertEqual(cell.verdict, "DISAGREE")
            self.assertIn(f"{mode}: check ends with {word}", cell.trouble[0])
        self.assertEqual(self.read(statuses=f"{statuses}check-none 4\n")["none"].verdict, "no statement")

    def test_other_kernel_s_guest_is_looked_up(self) -> None:
        files = self.files(**{"console-none": "[ 0.0] Hardware name: IBM pSeries (emulated by qemu) Power11 (raw) 0x821200\n", "statuses": "check-none 1\ndone-none 137\n"})
        data: measured.Data = {}
        measured.add(data, V2.name, {"kernel": "7.3"}, "10.0.2", {"none": STOPPED})
        (cell,) = guests.read(OLDER, files, data, ("none",))
        self.assertEqual((cell.verdict, cell.why), (BEYOND, verdicts.WITHOUT_CHECK))

    def test_changed_guest_is_a_difference(self) -> None:
        recorded: measured.Data = {}
        measured.add(recorded, NINE.name, {"kernel": "7.3"}, "7.2.22", {"power9": KVM, "power10": KVM})
        cells = self.read()
        for cell in cells.values():
            guests.compare_with_recorded(cell, recorded)
        self.assertEqual({mode: cell.verdict for mode, cell in cells.items()}, {"power9": "DISAGREE", "power10": "agree", "none": "agree"})
        self.assertIn("recorded is that the guest refused", cells["power9"].trouble[0])

    def test_guest_with_which_the_host_locked_up_is_no_cell(self) -> None:
        statuses = self.files().text["statuses"].replace("done-power9 137\n", "lost-power9 the host locked up\n")
        self.assertEqual(list(self.read(statuses=statuses)), ["power10", "none"])

    def test_tool_that_crashes_is_a_sentence(self) -> None:
        with self.assertRaises(LabError) as caught:
            self.read(show="", statuses="show 139\n", **{"show.err": "Segmentation fault\n"})
        self.assertIn("ended with status 139 and no record (Segmentation fault)", str(caught.exception))


class Measured(support.LabTest):
    def setUp(self) -> None:
        super().setUp()
        place = mock.patch.object(measured, "FILE", self.folder / "measured.json")
        place.start()
        self.addCleanup(place.stop)

    def test_kept_and_read_again(self) -> None:
        data = measured.load()
        self.assertEqual(data, {})
        measured.add(data, "power10", {"kernel": "7.3-1"}, "7.2.22", {"power9": up("POWER9")})
        measured.add(data, "power10", {"kernel": "7.3-1"}, "10.0.2", {"power11": KVM})
        measured.add(data, "power9", {"kernel": "7.3-1"}, "7.2.22", {})
        measured.write(data)
        self.assertEqual(measured.load(), data)
        # One line for each host, in the order of the list.
        self.assertEqual([line[:8] for line in measured.FILE.read_text().splitlines()[1:-1]], ['"power9"', '"power10'])
        self.assertEqual(measured.did(data, "power10", "power9"), up("POWER9"))
        self.assertEqual(measured.did(data, "power10", "power11"), KVM)
        self.assertIsNone(measured.did(data, "power10", "power11", "7.2.22"))
        measured.add(data, "power10", {"kernel": "7.3-2"}, "10.0.2", {"power11": KVM})
        self.assertIsNone(measured.did(data, "power10", "power9"))

    def test_another_qemu_s_boot_outweighs_a_limit(self) -> None:
        data: measured.Data = {}
        measured.add(data, "power10", {"kernel": "7.3"}, "7.2.22", {"power11": Did("refused", 'Invalid compatibility mode "power11"')})
        self.assertTrue(verdicts.limit(measured.did(data, "power10", "power11") or KVM))
        measured.add(data, "power10", {"kernel": "7.3"}, "10.0.2", {"power11": up("Power11")})
        self.assertEqual(measured.did(data, "power10", "power11"), up("Power11"))

    def test_hosts_that_differ_in_their_kernel_alone(self) -> None:
        find, data = hosts.find, {}
        measured.add(data, "power11-as-power10", {"kernel": "7.3"}, "10.0.2", {"none": STOPPED})
        self.assertEqual(measured.with_check(data, find("power11-as-power10-linux6.12"), "none"), STOPPED)
        self.assertIsNone(measured.with_check(data, find("power11-as-power10"), "none"))
        self.assertIsNone(measured.with_check(data, find("power11-as-power10-granted-linux6.12"), "none"))
        small = Did("refused", "VRMA only allows 128MiB")
        measured.add(data, "powernv10", {"kernel": "7.3"}, "7.2.22", {"power8": small})
        self.assertIsNone(measured.evidence(data, find("powernv10"), "power8"))
        measured.add(data, "powernv10-64k", {"kernel": "7.3"}, "7.2.22", {"power8": up("POWER8")})
        self.assertEqual(measured.evidence(data, find("powernv10"), "power8"), up("POWER8"))
