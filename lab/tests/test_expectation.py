# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests what the tool must report, given raw calls and guests, and that each kind of wrong answer is detected."""

import copy
import unittest
from typing import Any

from . import support  # noqa: F401  (sets the module path)
from powerlab import expectation
from powerlab.hosts import Host

HOST = Host("power10-as-power9", "POWER10", nested="v1", compat="power9")
STEPS = {"create_vm_errno": 0, "create_vcpu_errno": 0, "enable_papr_errno": 0}
REFUSED, BOOTS_9 = ["refused", "Unable to set CPU compatibility mode in KVM: Invalid argument"], ["booted", "POWER9 (architected)"]
HASHED = ["refused", "HPT not supported in nested guests"]


def trial(*taken: str) -> dict[str, Any]:
    """The levels that the vCPUs of a host accepted. `raw` is always among them."""
    names = ("power8", "power9", "power10", "power11", "raw", "control")
    return {name: STEPS | {"set_errno": 0 if name in (*taken, "raw") else 22} for name in names}


def raw(**change: Any) -> dict[str, Any]:
    """What lab/raw_probe.c prints on a POWER10 in power9 mode, as recorded."""
    kvm = {
        "open_errno": 0,
        "extensions": {"135": 0, "160": 1, "249": 0, "250": 1},
        "create_vm_errno": 0,
        "calls": {"size_24": {"result": 0, "errno": 0, "size": 24, "capabilities": "0x4000000000000000"}},
        "trial": trial("power8", "power9"),
    }
    base: dict[str, Any] = {
        "kernel": "7.3-powerpc64le",
        "pvr": "0x0000000000800200",
        "compatible": "qemu,pseries\0",
        "cpu_nodes": [{"node": "PowerPC,POWER10@0", "length": 4, "cpu_version": "0x000000000f000005"}],
        "kvm": kvm | change.pop("kvm", {}),
    }
    return base | change


def measured(host: str = HOST.name, **guests: list[str]) -> dict[str, Any]:
    """What guests did on a host."""
    return {host: {"date": "2026-11-26", "kernel": "7.3", "qemu": "7.2.22", "guests": {"7.2.22": guests}}}


DATA = measured(power8=HASHED, power9=BOOTS_9, power10=REFUSED)
NO_CALL = {"extensions": {"135": 0, "160": 1, "250": 0}, "calls": {"size_24": {"result": -1, "errno": 25}}}


def expect(answers: dict[str, Any], host: Host = HOST, data: dict[str, Any] = DATA) -> expectation.Expectation:
    return expectation.expect(answers, host, data)


def said() -> dict[str, Any]:
    """The tool's answer there."""
    supported = {"power8": False, "power9": True, "power10": False, "power11": False}
    return {
        "virt-host-compat": {
            "schema_version": 2,
            "host": {"platform": "pseries", "pvr": "0x00800200", "model": "POWER10", "effective_mode": "power9", "kernel": "7.3-powerpc64le"},
            "compat": {
                "status": "known",
                "source": "kvm",
                "modes": [{"name": name, "supported": on} for name, on in supported.items()],
                "capabilities": "0x4000000000000000",
                "unknown_bits": "0x0000000000000000",
                "abi": "merged",
                "reason": None,
            },
        }
    }


class Answers(unittest.TestCase):
    def test_true_answer_has_no_difference(self) -> None:
        self.assertEqual(expectation.compare(said(), expect(raw())), [])

    def test_each_wrong_field_is_seen(self) -> None:
        for place, field, wrong in (
            ("host", "platform", "powernv"),
            ("host", "pvr", "0x004e1202"),
            ("host", "model", "POWER9"),
            ("host", "effective_mode", "power10"),
            ("host", "effective_mode", None),
            ("host", "kernel", "7.4"),
            ("compat", "status", "unknown"),
            ("compat", "source", "trial"),
            ("compat", "capabilities", "0x6000000000000000"),
            ("compat", "unknown_bits", "0x1"),
            ("compat", "abi", "posted-v5"),
            ("compat", "reason", "it is so"),
        ):
            answer = copy.deepcopy(said())
            answer["virt-host-compat"][place][field] = wrong
            differences = expectation.compare(answer, expect(raw()))
            self.assertEqual(len(differences), 1, (field, differences))

    def test_each_wrong_mode_is_seen(self) -> None:
        for index, mode in enumerate(expectation.ORDER):
            answer = copy.deepcopy(said())
            entry = answer["virt-host-compat"]["compat"]["modes"][index]
            entry["supported"] = not entry["supported"]
            self.assertEqual(expectation.compare(answer, expect(raw())), [f"{mode}: the tool says {entry['supported']}, the lab says {not entry['supported']}"])
        answer = copy.deepcopy(said())
        answer["virt-host-compat"]["compat"]["modes"].reverse()
        self.assertEqual(len(expectation.compare(answer, expect(raw()))), 1)

    def test_mode_that_no_guest_has_shown_is_told(self) -> None:
        want = expect(raw(), data=measured(power8=HASHED))
        self.assertEqual(expectation.unseen(want), ["power9"])
        self.assertEqual(expectation.compare(said(), want), [])

    def test_answer_where_nothing_is_known_is_seen(self) -> None:
        refused = raw(kvm={"extensions": {"250": 0}, "create_vm_errno": 22, "calls": {}, "trial": {}})
        self.assertIsNone(expect(refused).source)
        self.assertIn("errno 22", expect(refused).row)
        self.assertGreater(len(expectation.compare(said(), expect(refused))), 3)


class Sources(unittest.TestCase):
    def test_trial_where_the_kernel_does_not_know_the_question(self) -> None:
        want = expect(raw(kvm=NO_CALL))
        self.assertEqual((want.source, want.row), ("trial", "its vCPUs take power8, power9"))
        self.assertEqual(want.modes, {"power8": False, "power9": True, "power10": False, "power11": False})

    def test_control_that_is_taken_makes_the_trial_worthless(self) -> None:
        broken = trial("power8", "power9", "power10", "power11", "control")
        self.assertIsNone(expect(raw(kvm=NO_CALL | {"trial": broken})).source)

    def test_trial_that_fails_otherwise_is_none(self) -> None:
        for step in ("create_vcpu_errno", "set_errno"):
            broken = trial("power9") | {"power9": {"create_vm_errno": 0, step: 16}}
            self.assertIsNone(expect(raw(kvm=NO_CALL | {"trial": broken})).source)

    def test_kernel_that_takes_nothing_says_nothing(self) -> None:
        nothing = {name: STEPS | {"set_errno": 22} for name in trial()}
        want = expect(raw(kvm=NO_CALL | {"trial": nothing}))
        self.assertEqual((want.source, want.modes, want.row), (None, None, "unknown (its vCPUs take no level, not even 0)"))

    def test_nodes_that_contradict_each_other_are_no_level(self) -> None:
        nodes = [{"cpu_version": "0x0f000005"}, {"cpu_version": "0x0f000006"}]
        self.assertIsNone(expect(raw(kvm=NO_CALL, cpu_nodes=nodes)).source)

    def test_kernel_s_own_no_needs_no_guest(self) -> None:
        want = expect(raw(kvm=NO_CALL | {"trial": trial()}), data={})
        self.assertEqual(want.modes, dict.fromkeys(expectation.ORDER, False))

    def test_bitmap_s_no_holds_though_a_vcpu_takes_the_mode(self) -> None:
        want = expect(raw(kvm={"trial": trial("power8", "power9", "power10")}), data=measured(power8=HASHED, power9=BOOTS_9, power10=["booted", "POWER10 (architected)"]))
        self.assertFalse(want.modes["power10"] if want.modes else None)

    def test_what_vcpus_take_and_guests_refuse_is_a_no(self) -> None:
        for did in (REFUSED, HASHED, ["died", "kvm run failed Invalid argument"]):
            self.assertFalse((expect(raw(kvm=NO_CALL), data=measured(power8=HASHED, power9=did)).modes or {})["power9"])

    def test_guest_that_gave_no_answer_shows_nothing(self) -> None:
        for did in (["no answer", "in 200 seconds"], ["refused", 'Invalid compatibility mode "power9"']):
            self.assertNotIn("power9", expect(raw(kvm=NO_CALL), data=measured(power8=HASHED, power9=did)).modes or {})


class Given(unittest.TestCase):
    """What the lab gave to a partition decides whether a guest boots beyond it."""

    OLDER = Host("power11-as-power10-linux6.12", "Power11", nested="v2", compat="power10", kernel="6.12", qemu=10)

    def test_boot_beyond_the_level_is_a_no(self) -> None:
        answers = raw(kvm=NO_CALL | {"trial": trial("power9", "power10", "power11")}, cpu_nodes=[{"cpu_version": "0x0f000006"}], pvr="0x0000000000821200")
        boots = {mode: ["booted", f"{mode} (architected)".capitalize()] for mode in ("power9", "power10", "power11")}
        want = expect(answers, self.OLDER, measured(self.OLDER.name, **boots))
        self.assertEqual(want.modes, {"power8": False, "power9": True, "power10": True, "power11": False})
        self.assertEqual((want.nested_api, want.effective), ("v2", "power10"))

    def test_limit_of_the_trial(self) -> None:
        host = Host("power11-granted-power11", "Power11", nested="v2", grant=("power11",), qemu=10)
        answers = raw(kvm=NO_CALL | {"trial": trial("power10", "power11")}, cpu_nodes=[{"cpu_version": "0x0f000007"}])
        data = measured(host.name, power10=["booted", "POWER10 (architected)"], power11=["booted", "Power11 (architected)"])
        self.assertTrue((expect(answers, host, data).modes or {})["power10"])
        answers["kvm"] |= {"extensions": {"250": 1}, "calls": {"size_24": {"result": 0, "capabilities": "0x1000000000000000"}}}
        self.assertEqual(expect(answers, host, data).modes, {"power8": False, "power9": False, "power10": False, "power11": True})

    def test_bare_metal(self) -> None:
        host = Host("powernv10", "POWER10", machine="powernv10")
        nodes = [{"node": "PowerPC,POWER10@0", "length": 4, "cpu_version": "0x0000000000800200"}]
        answers = raw(kvm=NO_CALL | {"trial": trial("power8", "power9", "power10")}, compatible="qemu,powernv10\0ibm,powernv\0", cpu_nodes=nodes)
        small = ["refused", "Unable to create 512MiB RMA (VRMA only allows 128MiB"]
        boots = {"power9": BOOTS_9, "power10": ["booted", "POWER10 (architected)"]}
        larger = measured("powernv10-64k", power8=["booted", "POWER8 (architected)"])
        want = expect(answers, host, measured(host.name, power8=small, **boots) | larger)
        self.assertEqual((want.source, want.effective, want.nested_api), ("trial", "power10", None))
        self.assertEqual(want.modes, {"power8": True, "power9": True, "power10": True, "power11": False})
        self.assertNotIn("power8", expect(answers, host, measured(host.name, power8=small, **boots)).modes or {})


class Documents(unittest.TestCase):
    ELEMENT = (
        "<compat source='kvm'>\n<mode name='power8' supported='no'/>\n<mode name='power9' supported='yes'/>\n"
        "<mode name='power10' supported='no'/>\n<mode name='power11' supported='no'/>\n</compat>"
    )

    def test_document(self) -> None:
        want = expect(raw())
        self.assertEqual(expectation.compare_document(self.ELEMENT, want), [])
        for wrong in (
            self.ELEMENT.replace("'no'", "'yes'", 1),
            self.ELEMENT.replace("kvm", "trial"),
            self.ELEMENT.replace("<mode name='power8' supported='no'/>\n", ""),
            "<cpu/>",
        ):
            self.assertEqual(len(expectation.compare_document(wrong, want)), 1, wrong)
        nothing = expect(raw(kvm={"extensions": {}, "create_vm_errno": 22, "calls": {}, "trial": {}}))
        self.assertEqual(len(expectation.compare_document(self.ELEMENT, nothing)), 1)
        self.assertEqual(expectation.compare_document("<cpu/>", nothing), [])
