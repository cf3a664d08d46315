#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the module in a real libvirtd: what clients see, and that the daemon survives every failure."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import module_setup
import private_daemon
from module_setup import EXPECTED_COMPAT, SOURCE_ROOT, ModuleTestCase, compat_of, virsh

MODULE = module_setup.built("VHC_MODULE")
STRICT_GRAMMAR = module_setup.built("VHC_STRICT_GRAMMAR")


class SeenByClients(ModuleTestCase):
    def test_every_client_sees_the_element(self) -> None:
        with self.daemon(preload=[MODULE], module_config=self.config()) as daemon:
            document = virsh(daemon.uri(), "capabilities")
            self.assertEqual(compat_of(document), EXPECTED_COMPAT)
            self.assertEqual(
                virsh(daemon.uri(readonly=True), "capabilities", readonly=True), document
            )
            program = "import libvirt,sys; print(libvirt.open(sys.argv[1]).getCapabilities())"
            python = subprocess.run(
                ["/usr/bin/python3", "-c", program, daemon.uri()],
                capture_output=True, text=True, timeout=60,
            )
            self.assertEqual(python.stdout.rstrip(), document.rstrip(), python.stderr)
            self.check_grammars(daemon, document)
            self.assertEqual(daemon.log_lines(), [])
            self.assertEqual(daemon.output(), "")

    def check_grammars(self, daemon: private_daemon.PrivateDaemon, document: str) -> None:
        """The open grammar accepts the document of the QEMU driver, and the strict grammar that of the test driver.

        The strict grammar has <compat> instead of an x86 element, so it accepts the QEMU driver's document without it.
        The features of x86 processors are removed, too: libvirt's grammar does not list all that libvirt knows.
        """
        grammars = self.folder / "grammars"
        shutil.copytree(SOURCE_ROOT / "schema", grammars)
        shutil.copy(STRICT_GRAMMAR, grammars)
        without = "".join(
            line for line in document.splitlines(keepends=True) if "<maxphysaddr" not in line and "<feature name=" not in line
        )
        if private_daemon.IS_MODULAR:
            # The daemon's libvirt is newer than the grammar that the strict one includes.
            judged = [("capabilities-compat.rng", document)]
        else:
            test_driver = virsh(daemon.uri("test", "default"), "capabilities")
            self.assertIn("<compat source='kvm'>", test_driver)
            judged = [("capabilities-compat.rng", document), ("libvirt-capability-compat.rng", without), ("libvirt-capability-compat.rng", test_driver)]
        for grammar, text in judged:
            answer = subprocess.run(
                ["xmllint", "--noout", "--relaxng", str(grammars / grammar), "-"],
                input=text, capture_output=True, text=True, timeout=60,
            )
            self.assertEqual(answer.returncode, 0, answer.stderr)
        refused = subprocess.run(
            ["xmllint", "--noout", "--relaxng", str(grammars / grammar), "-"],
            input=text.replace("supported='no'", "supported='perhaps'"),
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(refused.returncode, 3, "a grammar that takes everything shows nothing")

    def test_the_daemon_of_a_session(self) -> None:
        """The daemon of a user, which has no privileges."""
        if os.geteuid() != 0:
            self.skipTest("needs root, who becomes another user")
        if any(not path.stat().st_mode & 0o001 for path in Path(private_daemon.DAEMON).absolute().parents if private_daemon.IS_MODULAR):
            self.skipTest("only root can enter the folder of the daemon")
        with self.daemon("session", preload=[MODULE], module_config=self.config(), user=65534) as daemon:
            self.assertEqual(os.stat(f"/proc/{daemon.pid}").st_uid, 65534)
            self.assertIn("/session?", daemon.uri())
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)

    def test_sixteen_clients_at_a_time(self) -> None:
        with self.daemon(preload=[MODULE], module_config=self.config(interval=1)) as daemon:
            expected = virsh(daemon.uri(), "capabilities")
            self.assertIn(EXPECTED_COMPAT, expected)
            program = (
                "import libvirt,sys\n"
                "connection = libvirt.openReadOnly(sys.argv[1])\n"
                "print(len({connection.getCapabilities() for _ in range(200)}))\n"
                "print(connection.getCapabilities(), end='')\n"
            )

            def client(_: int) -> str:
                return subprocess.run(
                    ["/usr/bin/python3", "-c", program, daemon.uri()],
                    capture_output=True, text=True, timeout=300, check=True,
                ).stdout

            with ThreadPoolExecutor(16) as pool:
                for answer in pool.map(client, range(16)):
                    self.assertEqual(answer.rstrip(), "1\n" + expected.rstrip())

    def test_without_a_record_every_byte_is_libvirts(self) -> None:
        """This host is not a POWER host, so the module must not change anything."""
        if os.uname().machine.startswith("ppc64"):
            self.skipTest("this host is POWER")
        with self.daemon("plain") as plain, self.daemon("extended", preload=[MODULE]) as extended:
            self.assertIn(str(MODULE), Path(f"/proc/{extended.pid}/maps").read_text())
            for driver, path in (("qemu", "system"), ("test", "default")):
                if driver == "test" and private_daemon.IS_MODULAR:
                    continue
                self.assertEqual(
                    without_uuid(virsh(extended.uri(driver, path), "capabilities")),
                    without_uuid(virsh(plain.uri(driver, path), "capabilities")),
                )
            self.assertEqual(extended.log_lines(), [])

    def test_nothing_but_the_element_is_added(self) -> None:
        with self.daemon(preload=[MODULE], module_config=self.config(interval=1)) as daemon:
            extended = virsh(daemon.uri(), "capabilities")
            self.record.unlink()
            time.sleep(1.1)
            self.assertEqual(
                virsh(daemon.uri(), "capabilities"), extended.replace(EXPECTED_COMPAT, "")
            )


def without_uuid(document: str) -> str:
    """If the firmware has no UUID for the host, libvirt generates one for each daemon."""
    return "".join(l for l in document.splitlines(keepends=True) if not l.startswith("    <uuid>"))


class LivesThrough(ModuleTestCase):
    def changes(self, daemon: private_daemon.PrivateDaemon, reason: str) -> None:
        """The document is libvirt's own, and the reason is in the log once."""
        # Over two intervals, in each of which the module asks again.
        for _ in range(2):
            time.sleep(1.1)
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), "")
        found = [line for line in daemon.log_lines() if reason in line]
        self.assertEqual(len(found), 1, daemon.log.read_text())
        self.assertIn("libvirt's answers are passed on unchanged", found[0])

    def recovers(self, daemon: private_daemon.PrivateDaemon) -> None:
        time.sleep(1.1)
        self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)

    def test_broken_configuration_and_vanished_record(self) -> None:
        with self.daemon(preload=[MODULE], module_config=self.config(interval=1)) as daemon:
            self.recovers(daemon)
            good = daemon.config_path.read_text()
            # While the configuration is invalid, the default interval is used, which is longer. So break the record
            # first.
            self.record.unlink()
            self.changes(daemon, f"cannot open {self.record}: No such file or directory (ENOENT)")
            self.put_record()
            self.recovers(daemon)
            self.record.write_text("{ this is no record")
            self.changes(daemon, "it is not JSON")
            self.put_record()
            self.recovers(daemon)
            self.record.chmod(0o666)
            self.changes(daemon, "lets others than its owner write it")
            self.put_record()
            self.recovers(daemon)
            daemon.write_config(good + "colour = red\n")
            self.changes(daemon, "module.conf:3: cannot read the module's configuration")
            self.assertTrue(daemon.is_running())
            self.assertEqual(len(daemon.log_lines()), 4)
            self.assertEqual(daemon.output(), "")

    def test_a_configuration_that_others_may_write(self) -> None:
        daemon = self.daemon(preload=[MODULE], module_config=self.config(interval=1))
        daemon.config_path.chmod(0o664)
        with daemon:
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), "")
            self.assertEqual(len(daemon.log_lines()), 1)
            self.assertIn("lets others than its owner write it", daemon.log_lines()[0])

    def test_a_configuration_of_another_user(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("needs root")
        daemon = self.daemon(preload=[MODULE], module_config=self.config(interval=1))
        os.chown(daemon.config_path, 65534, 65534)
        with daemon:
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), "")
            self.assertEqual(len(daemon.log_lines()), 1)
            self.assertIn("it belongs to user 65534 and not to root", daemon.log_lines()[0])

    def test_a_full_disk_for_its_log(self) -> None:
        """The log is /dev/full, so every write to it fails as on a full disk."""
        with self.daemon(
            preload=[MODULE], module_config=self.config(interval=1), log=Path("/dev/full")
        ) as daemon:
            self.recovers(daemon)
            self.record.unlink()
            time.sleep(1.1)
            self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), "")
            self.put_record()
            self.recovers(daemon)
            self.assertEqual(daemon.output(), "")

    def test_sighup(self) -> None:
        with self.daemon(preload=[MODULE], module_config=self.config(interval=1)) as daemon:
            for _ in range(5):
                os.kill(daemon.pid, signal.SIGHUP)
                self.assertEqual(compat_of(virsh(daemon.uri(), "capabilities")), EXPECTED_COMPAT)
            self.assertTrue(daemon.is_running())

    def test_it_ends_as_without_the_module(self) -> None:
        daemon = self.daemon(preload=[MODULE], module_config=self.config())
        with daemon:
            virsh(daemon.uri(), "capabilities")
            self.assertEqual(daemon.stop(), 0)


class Footprint(ModuleTestCase):
    CALLS = int(os.environ.get("VHC_CALLS", "100000"))

    def test_memory_and_descriptors_stay_flat(self) -> None:
        with self.flat_daemon([MODULE]) as daemon:
            self.check_flat(daemon, daemon.quickest_uri(), "getCapabilities()", "<compat source='kvm'>", self.CALLS)

    def test_memory_and_descriptors_stay_flat_with_domain_capabilities(self) -> None:
        """The daemon sees this machine as a POWER10. Its QEMU driver works longer on each call, so there are fewer."""
        ask = "getDomainCapabilities('/usr/bin/qemu-system-ppc64', 'ppc64le', 'pseries', 'kvm')"
        with self.flat_daemon([module_setup.built("VHC_POWER_KVM"), MODULE]) as daemon:
            self.check_flat(daemon, daemon.uri(), ask, "<enum name='compat'>", self.CALLS // 5)

    def flat_daemon(self, preload: list[Path]) -> private_daemon.PrivateDaemon:
        """With one memory pool for all threads; otherwise the pools of the threads may grow at any time."""
        return self.daemon(preload=preload, module_config=self.config(interval=1), environment={"MALLOC_ARENA_MAX": "1"})

    def check_flat(self, daemon: private_daemon.PrivateDaemon, uri: str, ask: str, wanted: str, calls: int) -> None:
        """Every answer contains `wanted`, and after many calls the daemon has the memory and descriptors of before."""
        program = (
            "import libvirt,sys\n"
            "connection = libvirt.open(sys.argv[1])\n"
            f"for _ in range(int(sys.argv[2])): assert sys.argv[3] in connection.{ask}\n"
        )

        def call(count: int) -> None:
            subprocess.run(["/usr/bin/python3", "-c", program, uri, str(count), wanted], timeout=3600, check=True)

        call(calls // 5)
        memory, descriptors, begin = daemon.memory_kib(), daemon.descriptors(), time.monotonic()
        call(calls)
        growth = daemon.memory_kib() - memory
        print(
            f"{calls} calls in {time.monotonic() - begin:.1f} s: {memory} KiB before, {growth:+d} KiB after,"
            f" {descriptors} descriptors before, {daemon.descriptors()} after",
            file=sys.stderr,
        )
        # The smallest leak, 32 bytes per call, would be 3 MiB for 100,000 calls.
        self.assertLess(growth, calls * 20 // 1000)
        self.assertEqual(daemon.descriptors(), descriptors)

    def test_no_thread_and_no_handler(self) -> None:
        with self.daemon("plain") as plain, self.daemon(
            "extended", preload=[MODULE], module_config=self.config()
        ) as extended:
            states = []
            for daemon in (plain, extended):
                virsh(daemon.quickest_uri(), "capabilities")
                states.append(process_state(daemon.pid))
            self.assertEqual(states[0], states[1])

    def test_only_its_symbols_and_no_library_of_its_own(self) -> None:
        needed = subprocess.run(
            ["readelf", "-d", str(MODULE)], capture_output=True, text=True, check=True
        ).stdout
        self.assertNotRegex(needed, r"lib(fmt|pugixml|xml2|stdc\+\+|gcc_s|virt)")
        symbols = subprocess.run(
            ["nm", "-D", "--defined-only", "--with-symbol-versions", str(MODULE)],
            capture_output=True, text=True, check=True,
        ).stdout
        functions = sorted(l.split()[2] for l in symbols.splitlines() if " A " not in l)
        self.assertEqual(
            functions,
            [
                "virConnectCompareCPU@@LIBVIRT_0.7.5",
                "virConnectCompareHypervisorCPU@@LIBVIRT_4.4.0",
                "virConnectGetCapabilities@@LIBVIRT_0.2.1",
                "virConnectGetDomainCapabilities@@LIBVIRT_1.2.7",
            ],
        )

    def test_what_the_daemon_starts_does_not_preload_it(self) -> None:
        """A hook is started in the same way as QEMU. Another library in the preload list is passed on."""
        seen = self.folder / "seen"
        other = self.folder / "other.so"
        subprocess.run(
            ["cc", "-shared", "-x", "c", "/dev/null", "-o", str(other)], check=True, timeout=60
        )
        hook = f'#!/bin/sh\necho "[${{LD_PRELOAD-}}]" >> {seen}\nexit 1\n'
        for name, preload, expected in (
            ("alone", [MODULE], "[]"),
            ("first", [MODULE, other], f"[{other}]"),
            ("last", [other, MODULE], f"[{other}]"),
        ):
            with self.daemon(name, preload=preload, module_config=self.config(), hook=hook) as daemon:
                self.assertIn(EXPECTED_COMPAT, virsh(daemon.uri(), "capabilities"))
                start = subprocess.run(
                    ["virsh", "-c", daemon.uri(), "create", str(self.domain())],
                    capture_output=True, text=True, timeout=60,
                )
                self.assertIn("Hook script execution failed", start.stderr)
            self.assertEqual(seen.read_text().splitlines()[0], expected)
            seen.unlink()

    def domain(self) -> Path:
        path = self.folder / "domain.xml"
        path.write_text(
            "<domain type='qemu'><name>guest</name><memory unit='MiB'>64</memory>"
            "<os><type arch='ppc64le' machine='pseries'>hvm</type></os></domain>"
        )
        return path


def process_state(pid: int) -> dict[str, str]:
    """The threads and signal dispositions of a process."""
    wanted = ("Threads", "SigCgt", "SigIgn", "SigBlk")
    lines = (line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {line[0]: line[1] for line in lines if line[0] in wanted}


class InAClient(ModuleTestCase):
    """The module in the client's process instead of the daemon's."""

    def preloaded(self) -> dict[str, str]:
        config = self.folder / "module.conf"
        config.write_text(self.config())
        config.chmod(0o644)
        return {"LD_PRELOAD": str(MODULE), "VIRT_HOST_COMPAT_MODULE_CONFIG": str(config)}

    def test_virsh_and_python(self) -> None:
        environment = self.preloaded()
        plain = virsh("test:///default", "capabilities")
        extended = virsh("test:///default", "capabilities", **environment)
        self.assertNotIn("<compat", plain)
        self.assertIn("<compat source='kvm'>", extended)
        # Python loads libvirt as a dependency of an extension module, so it is not in the global scope.
        program = "import libvirt; print(libvirt.open('test:///default').getCapabilities())"
        python = subprocess.run(
            ["/usr/bin/python3", "-c", program], capture_output=True, text=True,
            env={**os.environ, **environment}, timeout=60,
        )
        self.assertEqual(python.stdout.rstrip(), extended.rstrip(), python.stderr)

    def test_a_connection_that_may_lead_elsewhere_stays_as_it_is(self) -> None:
        with self.daemon() as daemon:
            self.assertEqual(
                virsh(daemon.uri(), "capabilities", **self.preloaded()),
                virsh(daemon.uri(), "capabilities"),
            )


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
