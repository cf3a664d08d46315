#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the module in secure-execution mode, and under AppArmor's profile of libvirtd."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import module_setup
import private_daemon
from module_setup import EXPECTED_COMPAT, RECORD, SOURCE_ROOT, ModuleTestCase, compat_of, virsh

MODULE = module_setup.built("VHC_MODULE")
MODULE_CONFIG = os.environ.get("VHC_MODULE_CONFIG", "/etc/virt-host-compat/module.conf")
PROGRAMS = "/usr/sbin:/sbin:/usr/bin:/bin"
PROFILE = Path("/etc/apparmor.d/usr.sbin.libvirtd")

# Arguments: the module, the configuration's path, the record, and "secure" or "plain". Everything runs in a new mount
# namespace.
START = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
cp "$1" /mnt/module.so
mount -t tmpfs tmpfs "$(dirname "$2")"
cp "$3" "$(dirname "$2")/record.json"
echo "probe = $(dirname "$2")/record.json" > "$2"
chmod 644 "$(dirname "$2")"/*
cp "$(command -v virsh)" /mnt/virsh
[ "$4" = plain ] || setcap cap_net_raw+ep /mnt/virsh
exec setpriv --reuid 65534 --regid 65534 --clear-groups \
    env LD_PRELOAD=/mnt/module.so /mnt/virsh -c test:///default capabilities
"""


class SecureExecution(unittest.TestCase):
    """A program with file capabilities that another user starts, for which the kernel sets AT_SECURE."""

    def setUp(self) -> None:
        if os.geteuid() != 0 or not shutil.which("setcap"):
            self.skipTest("needs root and setcap")
        folder = Path(MODULE_CONFIG).parent
        if not folder.exists():
            folder.mkdir(parents=True)
            self.addCleanup(folder.rmdir)

    def capabilities(self, how: str) -> str:
        answer = subprocess.run(
            ["unshare", "--mount", "sh", "-c", START, "sh", str(MODULE), MODULE_CONFIG, str(RECORD), how],
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def test_the_loader_ignores_the_module(self) -> None:
        self.assertIn("<compat source='kvm'>", self.capabilities("plain"))
        document = self.capabilities("secure")
        self.assertIn("<capabilities>", document)
        self.assertNotIn("<compat", document)


class AppArmorRules(ModuleTestCase):
    """Tests what docs/libvirt.md says about Debian's profile and the line to add. No profile is loaded."""

    def setUp(self) -> None:
        super().setUp()
        if not shutil.which("apparmor_parser", path=PROGRAMS):
            self.lacking("apparmor_parser is not installed (package apparmor)")
        self.profile = self.file_of("libvirt-daemon-system", str(PROFILE))
        self.manual = (SOURCE_ROOT / "docs/libvirt.md").read_text()

    def test_the_rules_are_the_profiles(self) -> None:
        rules = re.findall(r"^\| [^|]+ \| `([^`]+)` \|$", self.manual, re.MULTILINE)
        self.assertEqual(len(rules), 3)
        lines = [line.strip() for line in self.profile.read_text().splitlines()]
        for rule in rules:
            self.assertIn(f"{rule},", lines)

    def compile(self, line: str) -> subprocess.CompletedProcess[str]:
        """Compiles the profile with a local line, without reading or writing a cache."""
        local = self.folder / "local" / PROFILE.name
        local.parent.mkdir(exist_ok=True)
        local.write_text(line + "\n")
        return subprocess.run(
            ["apparmor_parser", "--skip-kernel-load", "--skip-cache", "-I", str(self.folder),
             "-I", "/etc/apparmor.d", "--stdout", str(self.profile)],
            capture_output=True, timeout=120, env={**os.environ, "PATH": PROGRAMS},
        )

    def test_the_line_compiles(self) -> None:
        lines = re.findall(r"^    (/usr/local/bin/virt-host-compat .*)$", self.manual, re.MULTILINE)
        self.assertEqual(len(lines), 1)
        with_line, without = self.compile(lines[0]), self.compile("")
        for compiled in (with_line, without):
            self.assertEqual(compiled.returncode, 0, compiled.stderr)
        self.assertNotEqual(with_line.stdout, without.stdout, "the line changes nothing")
        self.assertNotEqual(self.compile(lines[0].replace("PUx", "PUy")).returncode, 0)


class AppArmor(ModuleTestCase):
    """The module under the system's profile for libvirtd, loaded under another name."""

    NAME = "virt-host-compat-test"

    def setUp(self) -> None:
        super().setUp()
        enabled = Path("/sys/module/apparmor/parameters/enabled")
        if not enabled.exists() or enabled.read_text().strip() != "Y":
            self.skipTest("this kernel runs without AppArmor")
        for needed in ("apparmor_parser", "aa-exec"):
            if not shutil.which(needed, path=PROGRAMS):
                self.lacking(f"{needed} is not installed (package apparmor)")
        original = self.file_of("libvirt-daemon-system", str(PROFILE))
        self.profile = self.folder / "profile"
        self.profile.write_text(
            original.read_text().replace("profile libvirtd /usr/sbin/libvirtd", f"profile {self.NAME}", 1)
        )
        (self.folder / "local").mkdir()
        (self.folder / "local" / PROFILE.name).touch()
        self.load("--replace")
        self.addCleanup(self.load, "--remove")

    def load(self, how: str) -> None:
        subprocess.run(
            ["apparmor_parser", how, "-I", str(self.folder), "-I", "/etc/apparmor.d", str(self.profile)],
            check=True, timeout=120, env={**os.environ, "PATH": PROGRAMS},
        )

    def test_the_profile_lets_the_module_work(self) -> None:
        with self.daemon(
            preload=[MODULE], module_config=self.config(), wrapper=["aa-exec", "-p", self.NAME, "--"]
        ) as daemon:
            current = Path(f"/proc/{daemon.pid}/attr/current").read_text()
            self.assertTrue(current.startswith(self.NAME), current)
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)
            self.assertEqual(daemon.log_lines(), [])


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
