# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the checks of a daemon with the module and the hook: a correct run, and one with each possible defect."""

import unittest

from . import support  # noqa: F401  (sets the module path)
from powerlab import daemons, hosts

PLAIN = "<capabilities>\n  <host>\n    <cpu>\n      <model>POWER10</model>\n    </cpu>\n  </host>\n</capabilities>\n"
COMPAT = (
    "\n      <compat source='kvm'>\n        <mode name='power9' supported='yes'/>"
    "\n        <mode name='power10' supported='no'/>\n      </compat>"
)
EXTENDED = PLAIN.replace("</model>", "</model>" + COMPAT)
WARNING = "warning : virt-host-compat:0 : libvirt's answers are passed on unchanged: module.conf:1: interval is 'soon', which\n"
DOMAIN_PLAIN = "<domainCapabilities>\n  <cpu>\n  </cpu>\n</domainCapabilities>\n"
DOMAIN_COMPLETED = DOMAIN_PLAIN.replace("<cpu>", "<cpu>\n    <enum name='compat'>\n      <value>power9</value>\n    </enum>")
FILES = {
    "domain-capabilities": DOMAIN_COMPLETED,
    "domain-completed": DOMAIN_COMPLETED,
    "domain-plain": DOMAIN_PLAIN,
    "status": "libvirtd: enabled by a file, process 112 runs with it\n",
    "capabilities": EXTENDED,
    "capabilities-readonly": EXTENDED,
    "confined": "libvirtd (enforce)\n",
    "plain": PLAIN,
    "broken": PLAIN,
    "broken-again": PLAIN,
    "compare-off-power9": "CPU described in power9.xml is identical to host CPU\n",
    "compare-off-power10": "CPU described in power10.xml is identical to host CPU\n",
    "compare-on-power9": "Host CPU is a superset of CPU described in power9.xml\n",
    "compare-on-power10": "CPU described in power10.xml is incompatible with host CPU\n",
    "compare-error.err": "error: the CPU is incompatible with host CPU: KVM of this host does not support the compatibility mode power10\n",
    "log-before": "warning : something of libvirt's\n",
    "log-broken": "warning : something of libvirt's\n" + WARNING,
    "start-hooked.err": f"error: Hook script execution failed: virt-host-compat: {daemons.SENTENCE}\n",
    "console-fitted": "@@nested up@@ cpu\t\t: POWER9 (architected), altivec supported\r\n",
    "start-unhooked.err": "error: qemu-system-ppc64: Unable to set CPU compatibility mode in KVM: Invalid argument\n",
}
STATUSES = {
    **dict.fromkeys(("enable", "hook-install", "status", "capabilities", "fit", "hook-remove", "disable", "start-fitted", "stopped"), "0"),
    **dict.fromkeys(("status-before", "compare-error", "check", "start-hooked", "start-unhooked"), "1"),
}
BROKEN = {
    "domain-capabilities": DOMAIN_PLAIN,
    "domain-plain": DOMAIN_COMPLETED,
    "status": "libvirtd: enabled by a file, process 112 runs without it\n",
    "capabilities-readonly": PLAIN,
    "confined": "unconfined\n",
    "plain": PLAIN.replace("POWER10", "POWER9"),
    "broken": EXTENDED,
    "broken-again": "",
    "compare-off-power9": "CPU described in power9.xml is incompatible with host CPU\n",
    "compare-off-power10": "CPU described in power10.xml is incompatible with host CPU\n",
    "compare-on-power9": "CPU described in power9.xml is incompatible with host CPU\n",
    "compare-on-power10": "CPU described in power10.xml is identical to host CPU\n",
    "compare-error.err": "error: Failed to compare host CPU\n",
    "log-before": WARNING.replace("passed on unchanged", "something virt-host-compat said"),
    "log-broken": WARNING + WARNING,
    "start-hooked.err": "error: Hook script execution failed: exit status 1\n",
    "console-fitted": "Linux ppc64le\r\n",
    "start-unhooked.err": "",
}


class Judgement(unittest.TestCase):
    def test_a_run_that_keeps_every_promise(self) -> None:
        self.assertEqual(daemons.judge(FILES, STATUSES), [])

    def test_each_broken_promise_is_seen(self) -> None:
        for name, text in BROKEN.items():
            self.assertNotEqual(daemons.judge(FILES | {name: text}, STATUSES), [], name)
        without = FILES | {"capabilities": PLAIN, "capabilities-readonly": PLAIN}
        self.assertNotEqual(daemons.judge(without, STATUSES), [])

    def test_each_wrong_status_is_seen(self) -> None:
        for name in set(STATUSES) - {"start-fitted", "start-unhooked"}:
            wrong = {**STATUSES, name: "3"}
            self.assertEqual(len(daemons.judge(FILES, wrong)), 1, name)

    def test_a_run_that_left_nothing_keeps_nothing(self) -> None:
        self.assertGreater(len(daemons.judge({}, {})), 15)

    def test_how_guests_end(self) -> None:
        def outcome(status: str, **files: str) -> str:
            return daemons.outcome_of({f"{name}-x" if name != "error" else "start-x.err": text for name, text in files.items()}, {"start-x": status}, "x")

        self.assertEqual(outcome("0", console=FILES["console-fitted"]), "boots: POWER9 (architected)")
        self.assertEqual(outcome("1", error=FILES["start-hooked.err"]), "refused by the hook")
        self.assertEqual(outcome("1", error="", qemu=FILES["start-unhooked.err"]), "refused by QEMU: Unable to set CPU compatibility mode in KVM")
        self.assertEqual(outcome("0", console="Linux"), "started and hung")
        self.assertEqual(outcome("1", error="error: no such network"), "failed: error: no such network")

    def test_the_domain_asks_for_the_mode(self) -> None:
        self.assertIn("<cpu mode='host-model'>\n    <model>power10</model>\n  </cpu>", daemons.domain("power10", hosts.find("power10-as-power9")))


if __name__ == "__main__":
    unittest.main()
