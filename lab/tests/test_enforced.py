# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the checks of a host that enforces SELinux: correct runs, and one with each possible defect."""

import unittest

from . import support  # noqa: F401  (sets the module path)
from .test_daemons import EXTENDED, PLAIN
from powerlab import daemons, enforced

AVC = (
    '[   30.2] audit: type=1400 audit(1.4:7): avc:  denied  {{ {} }} for  pid=241 comm="{}" path="/x" dev="tmpfs" ino=405'
    " scontext=system_u:system_r:virtd_t:s0 tcontext=system_u:object_r:{}:s0 tclass=file permissive={}\n"
)
LIBVIRTS = AVC.format("map", "qemu-system-ppc", "virt_image_t", 0)
OURS = AVC.format("execute", "rpc-libvirtd", "virt_etc_rw_t", 0)
FILES = {
    "enforce": "1",
    "first": "system_u:system_r:init_t:s0\x00",
    "context": "system_u:system_r:virtd_t:s0\x00",
    "capabilities": EXTENDED,
    "plain": PLAIN,
    "status": "libvirtd: enabled by a file, process 112 runs with it\n",
    "start-hooked.err": f"error: Hook script execution failed: virt-host-compat: {daemons.SENTENCE}\n",
    "console-fitted": "@@nested up@@ cpu\t\t: POWER9 (architected), altivec supported\r\n",
    "console-fitted-plain": "@@nested up@@ cpu\t\t: POWER9 (architected), altivec supported\r\n",
    "start-unhooked.err": "error: qemu-system-ppc64: Unable to set CPU compatibility mode in KVM: Invalid argument\n",
    "denied-with": LIBVIRTS,
    "denied-without": LIBVIRTS,
}
STATUSES = {"enable": "0", "hook-install": "0", "hook-status": "0", "start-hooked": "1"}
FAILED = "error: Hook script execution failed: internal error: Child process exited with status 126: Permission denied\n"
REFUSED = FILES | {
    "by-hand": "by-hand\n",
    "hook-install.err": "denies virt_etc_rw_t:file { execute } from virtd_t; run 'semodule -i virt-host-compat.pp'\n",
    "enable.err": "denies virtd_t:process { noatsecure } from init_t\n",
    "capabilities": PLAIN,
    "status": "libvirtd: not enabled, process 112 runs without it\n",
    "start-hooked.err": FAILED,
    "start-fitted.err": FAILED,
}
NOT_DONE = {"enable": "3", "hook-install": "3", "hook-status": "1", "start-hooked": "1", "start-fitted": "1"}
BROKEN = {
    "enforce": "0",
    "first": "system_u:system_r:kernel_t:s0",
    "context": "system_u:system_r:init_t:s0",
    "capabilities": PLAIN,
    "plain": EXTENDED,
    "status": "libvirtd: enabled by a file, process 112 runs without it\n",
    "start-hooked.err": FAILED,
    "console-fitted": "",
    "console-fitted-plain": "",
    "start-unhooked.err": "",
    "denied-with": LIBVIRTS + OURS,
    "by-hand": "by-hand\n",
}


class Judgement(unittest.TestCase):
    def setUp(self) -> None:
        self.whole = enforced.VARIANTS["confined-modules"]
        self.refused = enforced.VARIANTS["confined"]

    def test_runs_in_which_all_is_as_expected(self) -> None:
        self.assertEqual(enforced.judge(self.whole, FILES, STATUSES), [])
        self.assertEqual(enforced.judge(self.refused, REFUSED, NOT_DONE), [])

    def test_each_difference_is_seen(self) -> None:
        for name, text in BROKEN.items():
            self.assertEqual(len(enforced.judge(self.whole, FILES | {name: text}, STATUSES)), 1, name)
        for name in STATUSES:
            if name != "start-hooked":
                self.assertEqual(len(enforced.judge(self.whole, FILES, STATUSES | {name: "3"})), 1, name)

    def test_a_refusal_has_to_say_why(self) -> None:
        for name in ("hook-install.err", "enable.err", "start-hooked.err", "start-fitted.err"):
            self.assertEqual(len(enforced.judge(self.refused, REFUSED | {name: ""}, NOT_DONE)), 1, name)
        self.assertGreater(len(enforced.judge(self.refused, FILES, STATUSES)), 4)

    def test_denials_that_count(self) -> None:
        self.assertEqual(enforced.denials(OURS), {"virtd_t virt_etc_rw_t:file { execute } by rpc-libvirtd"})
        self.assertEqual(enforced.denials(AVC.format("execute", "sh", "bin_t", 1)), set(), "a permissive domain")
        self.assertEqual(enforced.denials(OURS.replace("r:virtd_t", "r:svirt_t")), set(), "a guest's domain")
        self.assertEqual(enforced.denials(OURS.replace('"rpc-libvirtd"', "494F20")), {"virtd_t virt_etc_rw_t:file { execute } by 494F20"})
        self.assertEqual(enforced.denials(LIBVIRTS.replace("map", "granted")), {"virtd_t virt_image_t:file { granted } by qemu-system-ppc"})


if __name__ == "__main__":
    unittest.main()
