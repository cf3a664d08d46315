#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's modular daemon, switched on and off with "daemon" where its unit is installed. lab/virtqemud runs this."""

from __future__ import annotations

import os
import shutil
import subprocess
import unittest
from pathlib import Path

import module_setup
import private_daemon
from module_setup import EXPECTED_COMPAT, ModuleTestCase, compat_of, virsh

PROGRAM = module_setup.built("VHC_PROGRAM")
MODULE = module_setup.built("VHC_MODULE")
UNIT = module_setup.built("VHC_UNITS") / "virtqemud.service"
DROP_IN = "/etc/systemd/system/virtqemud.service.d/virt-host-compat.conf"


class Switched(ModuleTestCase):
    """The way of the manual, in a mount namespace of its own in which the daemon and its unit are installed."""

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, who enters namespaces")
        self.namespace = subprocess.Popen(["unshare", "--mount", "sleep", "infinity"])
        self.addCleanup(self.end_namespace)
        # Until unshare has made way for what it starts.
        while Path(f"/proc/{self.namespace.pid}/comm").read_text() != "sleep\n":
            self.assertIsNone(self.namespace.poll())
        install = (
            "mount -t tmpfs tmpfs /etc/systemd/system && mount -t tmpfs tmpfs /usr/local/sbin &&"
            ' cp "$1" /etc/systemd/system/ && ln -s "$2" /usr/local/sbin/virtqemud'
        )
        self.assertEqual(self.inside("sh", "-c", install, "sh", str(UNIT), private_daemon.DAEMON).returncode, 0)
        self.module = self.folder / "virt-host-compat-libvirt.so"
        shutil.copy(MODULE, self.module)
        self.module.chmod(0o755)

    def end_namespace(self) -> None:
        self.namespace.kill()
        self.namespace.wait()

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", f"--mount=/proc/{self.namespace.pid}/ns/mnt", *command], capture_output=True, text=True, timeout=120
        )

    def command(self, action: str, *daemons: str) -> subprocess.CompletedProcess[str]:
        return self.inside(str(PROGRAM), "daemon", action, "--module", str(self.module), *daemons)

    def test_enable_start_status_disable(self) -> None:
        self.assertEqual((self.command("status", "virtqemud").returncode, self.inside("ls", DROP_IN).returncode), (1, 2))
        enabled = self.command("enable", "virtqemud")
        self.assertEqual(enabled.returncode, 0, enabled.stderr)
        self.assertIn("systemctl daemon-reload && systemctl try-restart virtqemud.service", enabled.stdout)
        # What systemd makes of the unit with the drop-in, but for what the two name and this machine lacks.
        judged = self.inside("env", "SYSTEMD_UNIT_PATH=/etc/systemd/system:", "systemd-analyze", "verify", "--man=no", "virtqemud.service")
        self.assertNotIn("virt-host-compat", judged.stderr)
        lines = self.inside("cat", DROP_IN).stdout.splitlines()
        preload = [line.removeprefix("Environment=LD_PRELOAD=") for line in lines if line.startswith("Environment=LD_PRELOAD=")]
        self.assertEqual(preload, [str(self.module)])
        stopped = self.command("status", "virtqemud")
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertIn(f"virtqemud: enabled by {DROP_IN}, not running", stopped.stdout)
        with self.daemon("with", preload=[Path(preload[0])], module_config=self.config()) as daemon:
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)
            self.assertIn(f"virtqemud: enabled by {DROP_IN}, process {daemon.pid} runs with it\n", self.command("status", "virtqemud").stdout)
        with self.daemon("without") as daemon:
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), "")
            self.assertIn(f"process {daemon.pid} runs without it\n", self.command("status", "virtqemud").stdout)
        disabled = self.command("disable", "virtqemud")
        self.assertEqual((disabled.returncode, disabled.stderr), (0, ""))
        self.assertEqual((self.command("status", "virtqemud").returncode, self.inside("ls", DROP_IN).returncode), (1, 2))

    def test_it_is_found_by_its_unit(self) -> None:
        self.assertIn("virtqemud: not enabled", self.command("status").stdout)

    def test_a_module_that_it_does_not_bear(self) -> None:
        """Tried with the daemon itself before anything is written."""
        self.module.write_bytes(MODULE.read_bytes()[:4096])
        answer = self.command("enable", "virtqemud")
        self.assertEqual(answer.returncode, 3, answer.stdout)
        self.assertIn("virtqemud --version with it: ended by signal", answer.stderr)
        self.assertEqual(self.inside("ls", DROP_IN).returncode, 2)


if __name__ == "__main__":
    if not private_daemon.IS_MODULAR:
        private_daemon.skip("VHC_DAEMON names no virtqemud; run lab/virtqemud")
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
