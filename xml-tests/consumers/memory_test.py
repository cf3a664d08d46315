#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the module's memory: a client with many calls under valgrind and ASan, and a daemon under valgrind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

import module_setup
import private_daemon
from module_setup import EXPECTED_COMPAT, HERE, ModuleTestCase, compat_of, virsh

MODULE = module_setup.built("VHC_MODULE")
# The sanitizers with which the module is built, as Meson names them, and the compiler.
SANITIZERS = os.environ.get("VHC_SANITIZE", "none")
COMPILER = os.environ.get("VHC_C_COMPILER", "cc")
VALGRIND = ["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", "--num-callers=30"]


def instrumented() -> bool:
    return SANITIZERS != "none"


class MemoryTestCase(ModuleTestCase):
    def caller(self, *options: str) -> Path:
        program = self.folder / "caller"
        subprocess.run(
            [*COMPILER.split(), "-g", "-O1", *options, str(HERE / "caller.c"),
             "-o", str(program), "-pthread", "-lvirt"],
            check=True, timeout=120,
        )
        return program

    def call(
        self, program: Path, calls: int, threads: int, wrapper: list[str], **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Calls libvirt with the module. The record is read again every second."""
        config = self.folder / "module.conf"
        config.write_text(self.config(interval=1))
        config.chmod(0o644)
        return subprocess.run(
            [*wrapper, str(program), "test:///default", str(calls), str(threads), "<compat source='kvm'>"],
            capture_output=True, text=True, timeout=900,
            env={**os.environ, "VIRT_HOST_COMPAT_MODULE_CONFIG": str(config), "LD_PRELOAD": str(MODULE), **more},
        )


@unittest.skipIf(instrumented(), "the module is built with sanitizers, which valgrind cannot run")
class Valgrind(MemoryTestCase):
    def setUp(self) -> None:
        super().setUp()
        if not shutil.which("valgrind"):
            self.skipTest("valgrind is not installed")

    def test_a_client(self) -> None:
        begin = time.monotonic()
        log = self.folder / "valgrind"
        wrapper = [*VALGRIND, f"--log-file={log}", "--error-exitcode=99"]
        answer = self.call(self.caller(), 250, 4, wrapper)
        self.assertEqual(answer.returncode, 0, answer.stderr + log.read_text())
        found = re.search(r"ERROR SUMMARY: (\d+) errors", log.read_text())
        self.assertEqual(found and found[1], "0", log.read_text())
        print(f"1,204 calls under valgrind in {time.monotonic() - begin:.1f} s: 0 errors", file=sys.stderr)

    def test_a_daemon(self) -> None:
        """Errors of libvirtd itself are ignored, but none may come from the module."""
        log = self.folder / "valgrind"
        domain = ("domcapabilities", "--virttype", "kvm", "--machine", "pseries", "--emulatorbin", "/usr/bin/qemu-system-ppc64")
        with self.daemon(
            preload=[module_setup.built("VHC_POWER_KVM"), MODULE], module_config=self.config(interval=1), wrapper=[*VALGRIND, f"--log-file={log}.%p"]
        ) as daemon:
            for _ in range(5):
                self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)
                self.assertIn("<enum name='compat'>", virsh(daemon.uri(), *domain))
            self.assertEqual(daemon.stop(), 0)
        reports = [path.read_text() for path in self.folder.glob("valgrind.*")]
        self.assertTrue(any("ERROR SUMMARY" in report for report in reports))
        blamed = [block for report in reports for block in re.split(r"\n==\d+== \n", report) if "virt-host-compat-libvirt" in block]
        self.assertEqual(blamed, [])


class AddressSanitizer(MemoryTestCase):
    """If the module is built with sanitizers, its own code is checked; otherwise only its use of the heap."""

    def test_a_client(self) -> None:
        flags = SANITIZERS if instrumented() else "address,undefined"
        answer = self.call(
            self.caller(f"-fsanitize={flags}"), 1000, 4, [],
            ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=1", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
        )
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))


@unittest.skipIf(instrumented(), "sanitizers keep freed memory")
class ManyCalls(MemoryTestCase):
    CALLS = int(os.environ.get("VHC_CALLS", "100000"))

    def test_memory_and_descriptors_of_a_client_stay_flat(self) -> None:
        begin = time.monotonic()
        # Use one memory pool for all threads; otherwise the pools of the threads may grow at any time.
        answer = self.call(self.caller(), self.CALLS // 4, 4, [], MALLOC_ARENA_MAX="1")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        (memory, descriptors), (after, left) = ([int(word) for word in line.split()] for line in answer.stdout.splitlines())
        print(
            f"{self.CALLS} calls in a client in {time.monotonic() - begin:.1f} s: {memory} KiB before, {after - memory:+d} KiB after,"
            f" {descriptors} descriptors before, {left} after", file=sys.stderr,
        )
        # The smallest leak, 32 bytes per call, would be 3 MiB for 100,000 calls.
        self.assertLess(after - memory, 2000)
        self.assertEqual(left, descriptors)


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
