#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the module, built with one libvirt, in real daemons of the newer ones in later Debian suites."""

from __future__ import annotations

import os
import re
import subprocess
import unittest

import module_setup
import newer_daemon
import private_daemon
from module_setup import EXPECTED_COMPAT, ModuleTestCase, compat_of
from powerlab import native_libvirt
from powerlab.failures import LabError

MODULE = module_setup.built("VHC_MODULE")
# kNewestTried of driver/libvirt/module/next.cpp: up to this release the module uses the private function for libvirt's
# log.
NEWEST_WITH_LOG = (12, 8)

# The daemon is asked twice: with a record, and after the record was removed.
INSIDE = r"""
PATH=/usr/sbin:/usr/bin:/sbin:/bin
busybox --install -s /tmp
PATH=$PATH:/tmp
cd /vhc
chown 0:0 module.so module.conf record.json
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nlog_outputs = "3:file:/vhc/log"\n' > libvirtd.conf
LD_PRELOAD=/vhc/module.so VIRT_HOST_COMPAT_MODULE_CONFIG=/vhc/module.conf libvirtd -f /vhc/libvirtd.conf > output 2>&1 &
daemon=$!
uri='test+unix:///default?socket=/run/libvirt/libvirt-sock'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    virsh -c "$uri" version --daemon > version 2> version.err && break
    sleep 1
done
virsh -c "$uri" capabilities > test 2> test.err
virsh -c test:///default capabilities > client-plain 2> client-plain.err
LD_PRELOAD=/vhc/module.so VIRT_HOST_COMPAT_MODULE_CONFIG=/vhc/module.conf \
    virsh -c test:///default capabilities > client 2> client.err
rm record.json
sleep 2
virsh -c "$uri" capabilities > test-without 2> test-without.err
kill $daemon
wait $daemon
echo $? > status
"""


class Newer(ModuleTestCase):
    def run_in(self, suite: str) -> dict[str, str]:
        try:
            root = native_libvirt.root_of(suite)
        except LabError as error:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest(str(error))
        (self.folder / "module.so").write_bytes(MODULE.read_bytes())
        (self.folder / "module.conf").write_text("probe = /vhc/record.json\ninterval = 1\n")
        for name in ("module.so", "module.conf"):
            (self.folder / name).chmod(0o644)
        answer = subprocess.run(
            newer_daemon.command(root, self.folder, INSIDE), capture_output=True, text=True, timeout=120, env={**os.environ, "LC_ALL": "C"}
        )
        files = {path.name: path.read_text() for path in self.folder.iterdir() if path.is_file() and path.suffix != ".so"}
        self.assertEqual((answer.returncode, files.get("status")), (0, "0\n"), f"{answer.stderr} {files}")
        return files

    def release(self, version: str) -> tuple[int, int]:
        found = re.search(r"Running against daemon: (\d+)\.(\d+)", version)
        self.assertTrue(found, version)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def check(self, suite: str) -> None:
        files = self.run_in(suite)
        self.assertGreaterEqual(self.release(files["version"]), (11, 3))
        for name in ("test", "client"):
            self.assertEqual(compat_of(files[name]), EXPECTED_COMPAT, name + files[f"{name}.err"])
        self.assertEqual(files["client"].replace(EXPECTED_COMPAT, ""), files["client-plain"])
        self.assertEqual(files["test"].replace(EXPECTED_COMPAT, ""), files["test-without"])
        said = [line for line in files["log"].splitlines() if "virt-host-compat" in line]
        if self.release(files["version"]) > NEWEST_WITH_LOG:
            self.assertEqual(said, [], "the line goes to syslog there")
        else:
            self.assertEqual(len(said), 1, files["log"])
            self.assertIn("passed on unchanged: cannot open /vhc/record.json: No such file", said[0])
        self.assertEqual(files["output"], "")

    def test_debian_13(self) -> None:
        self.check("trixie")

    def test_unstable(self) -> None:
        self.check("sid")


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
