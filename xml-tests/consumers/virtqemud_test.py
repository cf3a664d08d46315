#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the module in libvirt's modular daemon: comparisons, and the command "daemon" where the daemon and its unit are
installed. lab/test-virtqemud runs this.
"""

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
POWER_KVM = module_setup.built("VHC_POWER_KVM")
UNIT = module_setup.built("VHC_UNIT")
DROP_IN = "/etc/systemd/system/virtqemud.service.d/virt-host-compat.conf"


class Compared(ModuleTestCase):
    """The daemon sees this machine as a POWER10 (power_kvm.c), and the record is that of one in power9 mode."""

    def compare(self, daemon: private_daemon.PrivateDaemon, mode: str, *options: str) -> subprocess.CompletedProcess[str]:
        cpu = self.folder / f"{mode}.xml"
        cpu.write_text(f"<cpu mode='host-model'><model>{mode}</model></cpu>")
        return subprocess.run(["virsh", "-c", daemon.uri(), "cpu-compare", *options, str(cpu)], capture_output=True, text=True, timeout=60)

    def test_it_is_the_modular_daemon(self) -> None:
        with self.daemon(preload=[POWER_KVM]) as daemon:
            self.assertEqual(Path(f"/proc/{daemon.pid}/comm").read_text(), "virtqemud\n")
            self.assertIn("Running against daemon: 11.3.0", virsh(daemon.uri(), "version", "--daemon"))
            refused = subprocess.run(["virsh", "-c", daemon.uri("test", "default"), "hostname"], capture_output=True, text=True, timeout=60)
            self.assertEqual(refused.returncode, 1, "only libvirtd has the driver for tests")

    def test_a_mode_that_kvm_refuses_is_incompatible(self) -> None:
        fits = "(is identical to|is a superset of)"
        with self.daemon("off", preload=[POWER_KVM, MODULE], module_config=self.config()) as daemon:
            for mode in ("power9", "power10"):
                self.assertRegex(self.compare(daemon, mode).stdout, fits)
        with self.daemon("on", preload=[POWER_KVM, MODULE], module_config=self.config() + "compare = yes\n") as daemon:
            self.assertRegex(self.compare(daemon, "power9").stdout, fits)
            refused = self.compare(daemon, "power10")
            self.assertEqual(refused.returncode, 1)
            self.assertIn("is incompatible with", refused.stdout)
            explained = self.compare(daemon, "power10", "--error")
            self.assertEqual(explained.returncode, 1)
            self.assertIn("KVM of this host does not support the compatibility mode power10", explained.stderr)


class Switched(ModuleTestCase):
    """Follows the manual, in a mount namespace in which the daemon and its unit are installed."""

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root, who enters namespaces")
        self.namespace = subprocess.Popen(["unshare", "--mount", "sleep", "infinity"])
        self.addCleanup(self.end_namespace)
        # Wait until unshare has executed its command: then the namespace exists.
        while Path(f"/proc/{self.namespace.pid}/comm").read_text() != "sleep\n":
            self.assertIsNone(self.namespace.poll())
        install = (
            "mount -t tmpfs tmpfs /etc/systemd/system && mount -t tmpfs tmpfs /usr/local/sbin &&"
            ' cp "$1" /etc/systemd/system/ && ln -s "$2" /usr/local/sbin/virtqemud'
        )
        installed = self.inside("sh", "-c", install, "sh", str(UNIT), private_daemon.DAEMON)
        self.assertEqual(installed.returncode, 0, installed.stderr)
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

    def preload(self) -> list[Path]:
        """What systemd would put into the daemon's environment."""
        lines = self.inside("cat", DROP_IN).stdout.splitlines()
        return [Path(line.removeprefix("Environment=LD_PRELOAD=")) for line in lines if line.startswith("Environment=LD_PRELOAD=")]

    def test_enable_start_status_disable(self) -> None:
        self.assertEqual((self.command("status", "virtqemud").returncode, self.preload()), (1, []))
        enabled = self.command("enable", "virtqemud")
        self.assertEqual(enabled.returncode, 0, enabled.stderr)
        self.assertIn("systemctl daemon-reload && systemctl try-restart virtqemud.service", enabled.stdout)
        # systemd reads the drop-in together with libvirt's unit.
        judged = self.inside("env", "SYSTEMD_UNIT_PATH=/etc/systemd/system:", "systemd-analyze", "cat-config", "systemd/system/virtqemud.service")
        self.assertIn(f"Environment=LD_PRELOAD={self.module}\n", judged.stdout, judged.stderr)
        self.assertEqual(self.preload(), [self.module])
        stopped = self.command("status", "virtqemud")
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        self.assertIn(f"virtqemud: enabled by {DROP_IN}, not running\n", stopped.stdout)
        with self.daemon("with", preload=self.preload(), module_config=self.config()) as daemon:
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)
            self.assertIn(f"virtqemud: enabled by {DROP_IN}, process {daemon.pid} runs with it\n", self.command("status", "virtqemud").stdout)
        with self.daemon("without") as daemon:
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), "")
            self.assertIn(f"process {daemon.pid} runs without it\n", self.command("status", "virtqemud").stdout)
        disabled = self.command("disable", "virtqemud")
        self.assertEqual((disabled.returncode, disabled.stderr), (0, ""))
        self.assertEqual((self.command("status", "virtqemud").returncode, self.preload()), (1, []))

    def test_it_is_found_by_its_unit(self) -> None:
        self.assertIn("virtqemud: not enabled", self.command("status").stdout)

    def test_a_module_that_the_daemon_would_not_bear(self) -> None:
        """The module is tried with the daemon itself before anything is written."""
        self.module.write_bytes(MODULE.read_bytes()[:4096])
        answer = self.command("enable", "virtqemud")
        self.assertEqual(answer.returncode, 3, answer.stdout)
        self.assertIn("virtqemud --version' with it failed: ended by signal", answer.stderr)
        self.assertEqual(self.preload(), [])


if __name__ == "__main__":
    if not private_daemon.IS_MODULAR:
        private_daemon.skip("VHC_DAEMON names no virtqemud; run lab/test-virtqemud")
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
