# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests PowerVM's grant: set at once, after several tries, never, or no variable. QEMU and gdb are fakes."""

from unittest import mock

from . import support
from powerlab import boot, grant, hosts
from powerlab.failures import LabError
from powerlab.job import Job

HOST = hosts.Host("stand-in", "Power11", nested="v2", grant=("power10", "power11"))
ADDRESS = "c0080000002aa318"
# A guest that waits for the grant and continues when the file exists.
GUEST = "printf '@@lab %s grant %s@@\\n' $token {address}\nuntil [ -e {granted} ]; do sleep 0.05; done\necho granted\nexit 7\n"


class Grant(support.LabTest):
    def setUp(self) -> None:
        super().setUp()
        self.fake_kernel()
        self.granted = self.folder / "granted"
        pause = mock.patch.object(grant.time, "sleep")
        pause.start()
        self.addCleanup(pause.stop)

    def boot(self, gdb: str, address: str = ADDRESS) -> str:
        """The error that ends the run: that of the guest ending early if the grant was set, or that of the grant."""
        self.command("qemu-system-ppc64", support.FAKE_QEMU + f"echo \"$*\" >{self.folder}/arguments\n" + GUEST.format(address=address, granted=self.granted))
        self.command("gdb-multiarch", f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>{self.folder}/asked\n{gdb}")
        with self.assertRaises(LabError) as caught:
            boot.run(HOST, Job(command=["true"], seconds=10))
        self.assertEqual(boot._live, set())
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(str(caught.exception).count("\n"), 0)
        return str(caught.exception)

    def test_value_is_the_hypervisor_s(self) -> None:
        self.assertEqual([grant.value(modes) for modes in (("power9",), ("power10",), ("power10", "power11"))], [1 << 62, 0x2000000000000000, 0x3000000000000000])

    def test_grant_is_written_and_read_back_before_the_job(self) -> None:
        message = self.boot(f"echo 'it is 0x3000000000000000'; : >{self.granted}\n")
        self.assertIn("ended with status 7 before the guest answered; it last said: granted", message)
        asked = (self.folder / "asked").read_text()
        self.assertEqual(asked.count("\n"), 1)
        self.assertIn(f"set {{unsigned long}}0x{ADDRESS} = 0x3000000000000000", asked)
        port = asked.split("target remote ")[1].split(" ")[0]
        self.assertIn(f"-gdb tcp:{port}", (self.folder / "arguments").read_text())

    def test_idle_processor_is_tried_again(self) -> None:
        message = self.boot(
            f"[ -e {self.folder}/once ] || {{ : >{self.folder}/once; echo 'Cannot access memory at address 0xc0080000002aa318' >&2; echo 'it is 0'; exit 1; }}\n"
            f"echo 'it is 0x3000000000000000'; : >{self.granted}\n"
        )
        self.assertIn("it last said: granted", message)
        self.assertEqual((self.folder / "asked").read_text().count("\n"), 2)

    def test_grant_that_never_reads_back_is_told_with_gdb_s_words(self) -> None:
        with mock.patch.object(grant, "_TRIES", 3):
            message = self.boot("echo 'it is 0x7000000000000000'; echo 'Cannot access memory' >&2\n")
        self.assertIn("The grant of stand-in cannot be set: gdb-multiarch never read 0x3000000000000000 back from 0xc0080000002aa318; it last said: Cannot access memory", message)
        self.assertEqual((self.folder / "asked").read_text().count("\n"), 3)

    def test_kernel_without_the_variable(self) -> None:
        self.assertIn("its kernel has no variable nested_capabilities", self.boot("exit 0\n", address="none"))
        self.assertFalse((self.folder / "asked").exists())

    def test_missing_gdb_is_told_before_anything_starts(self) -> None:
        self._set("PATH", str(self.commands))
        with self.assertRaises(LabError) as caught:
            grant.granter("stand-in", ("power10",))
        self.assertIn("install the package gdb-multiarch", str(caught.exception))

    def test_host_without_a_grant_needs_nothing(self) -> None:
        self.assertIsNone(grant.granter("stand-in", ()))
