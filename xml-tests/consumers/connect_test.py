#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the commands that connect to libvirt daemons, with real daemons and with unreachable ones."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import unittest
import uuid
from contextlib import ExitStack
from pathlib import Path

import module_setup
import private_daemon
from module_setup import EXPECTED_COMPAT, RECORD, ModuleTestCase, compat_of, virsh

PROGRAM = module_setup.built("VHC_PROGRAM")
MODULE = module_setup.built("VHC_MODULE")
# Only documents of POWER hosts have compatibility modes.
POWER_MACHINE = module_setup.built("VHC_POWER_MACHINE")
# Without emulators, because a daemon that sees another architecture asks them again for each connection.
NO_EMULATORS = ["env", "PATH=/usr/sbin"]


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *arguments], input=stdin, capture_output=True, text=True, timeout=300
    )


def record_with(folder: Path, name: str, bitmap: int) -> Path:
    """A record of a host that supports the modes of a bitmap (bit 1 POWER9, bit 2 POWER10)."""
    record = json.loads(RECORD.read_text())
    compat = record["virt-host-compat"]["compat"]
    if bitmap & POWER10:
        record["virt-host-compat"]["host"]["effective_mode"] = "power10"
    compat["capabilities"] = f"0x{bitmap:016x}"
    for index, mode in enumerate(compat["modes"]):
        mode["supported"] = bool(bitmap & (1 << (62 - index)))
    path = folder / name
    path.write_text(json.dumps(record))
    path.chmod(0o644)
    return path


POWER9 = 1 << 62
POWER10 = 1 << 61


class Capabilities(ModuleTestCase):
    def test_the_document_of_a_daemon_with_the_module(self) -> None:
        with self.daemon(preload=[POWER_MACHINE, MODULE], wrapper=NO_EMULATORS, module_config=self.config()) as daemon:
            answer = run("capabilities", "--require", "--connect", daemon.uri())
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            expected = virsh(daemon.uri(), "capabilities")
            self.assertEqual(answer.stdout.rstrip(), expected.rstrip())
            self.assertIn("<compat source='kvm'>", answer.stdout)

    def test_a_record_goes_into_the_document_of_a_power_host(self) -> None:
        with self.daemon(preload=[POWER_MACHINE], wrapper=NO_EMULATORS) as daemon:
            plain = virsh(daemon.uri(), "capabilities")
            answer = run("capabilities", "--connect", daemon.uri(), "--probe", str(self.record))
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertEqual(compat_of(answer.stdout), EXPECTED_COMPAT)
            self.assertEqual(answer.stdout.replace(EXPECTED_COMPAT, "").rstrip(), plain.rstrip())

    @unittest.skipIf(os.uname().machine.startswith("ppc64"), "every document here is of a POWER host")
    def test_a_record_does_not_go_into_another_document(self) -> None:
        with self.daemon() as daemon:
            answer = run("capabilities", "--connect", daemon.uri(), "--probe", str(self.record))
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn(f"it describes a host of architecture {os.uname().machine}", answer.stderr)

    def test_a_read_only_socket_is_enough(self) -> None:
        with self.daemon() as daemon:
            answer = run("capabilities", "--connect", daemon.uri(readonly=True))
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("<capabilities>", answer.stdout)

    def test_a_daemon_that_hangs_ends_after_the_timeout(self) -> None:
        with self.daemon() as daemon:
            os.kill(daemon.pid, 19)  # SIGSTOP
            try:
                begin = time.monotonic()
                answer = run("capabilities", "--timeout", "1", "--connect", daemon.uri())
                self.assertLess(time.monotonic() - begin, 10)
            finally:
                os.kill(daemon.pid, 18)  # SIGCONT
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn("there was no answer within 1 seconds", answer.stderr)

    def test_errors_are_in_libvirts_words(self) -> None:
        for uri, words in (
            ("qemu+unix:///system?socket=/nowhere/socket",
             "Failed to connect socket to '/nowhere/socket': No such file or directory"),
            ("%%%", "Unable to parse URI %%%"),
            ("qemu+nonsense:///system", "transport"),
        ):
            answer = run("capabilities", "--connect", uri)
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn(words, answer.stderr)
            self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)

    def test_another_hosts_document_stays_without_this_hosts_answer(self) -> None:
        answer = run("capabilities", "--require", "--connect", "test:///default")
        self.assertEqual(answer.returncode, 4)
        self.assertNotIn("<compat", answer.stdout)
        self.assertIn("may be another host than this one", answer.stderr)


def guest(name: str, cpu: str = "", domain_type: str = "kvm") -> str:
    """The document of a POWER guest."""
    return f"""<domain type='{domain_type}'>
  <name>{name}</name>
  <uuid>{uuid.uuid5(uuid.NAMESPACE_URL, name)}</uuid>
  <memory>524288</memory>
  <vcpu>1</vcpu>
  <os><type arch='ppc64le' machine='pseries'>hvm</type></os>
  {cpu}
  <devices><emulator>/usr/bin/qemu-system-ppc64</emulator></devices>
</domain>
"""


PIN9 = "<cpu mode='host-model'><model>power9</model></cpu>"
PIN10 = "<cpu mode='host-model'><model>power10</model></cpu>"
# This folder has records of a POWER10 in power9 mode, and of a POWER10.
RECORDS = module_setup.SOURCE_ROOT / "xml-tests/records"


class DomainsOfDaemons(ModuleTestCase):
    """Defined KVM guests of a POWER host, which a real daemon reads when it starts."""

    def guests(self, folder: str = "d", **domains: str) -> private_daemon.PrivateDaemon:
        return self.daemon(
            folder, preload=[POWER_MACHINE, MODULE], wrapper=NO_EMULATORS, module_config=self.config(),
            domains={name: guest(name, cpu) for name, cpu in domains.items()},
        )

    def verdicts(self, *arguments: str) -> dict[str, str]:
        answer = run("check", "--json", *arguments)
        self.assertIn(answer.returncode, (0, 1, 4), answer.stderr)
        return {d["input"]: d["verdict"] for d in json.loads(answer.stdout)["virt-host-compat"]["domains"]}

    def test_check_decides_about_the_domains_of_a_daemon(self) -> None:
        with self.guests(old=PIN9, new=PIN10, plain="") as daemon:
            record = ("--probe", str(RECORDS / "power10-as-power9.json"))
            self.assertEqual(
                self.verdicts("--connect", daemon.uri(readonly=True), *record),
                {"new": "incompatible", "old": "compatible", "plain": "compatible"},
            )
            self.assertEqual(self.verdicts("--connect", daemon.uri(), *record, "old"), {"old": "compatible"})
            answer = run("check", "--connect", daemon.uri(), *record)
            self.assertEqual(answer.returncode, 1)
            self.assertEqual([line.split(":")[0] for line in answer.stdout.splitlines()], ["new", "old", "plain"])
            dumped = self.folder / "new.xml"
            dumped.write_text(virsh(daemon.uri(), "dumpxml", "--inactive", "new"))
            self.assertEqual(
                run("check", str(dumped), *record).stdout.replace(str(dumped), "new"),
                answer.stdout.splitlines(keepends=True)[0],
            )

    def test_the_host_is_the_daemons_own_where_none_is_named(self) -> None:
        """The module adds <compat>. This libvirt writes no <model>, as if it did not know the processor."""
        with self.guests(old=PIN9, plain="") as daemon:
            answer = run("check", "--connect", daemon.uri())
            self.assertEqual(answer.returncode, 4, answer.stderr)
            self.assertIn("old: incompatible: the libvirt of qemu+unix", answer.stdout)
            # The outcome of a guest without a pinned mode depends on the processor.
            self.assertIn("plain: unknown", answer.stdout)
            self.assertIn("names no processor", answer.stdout)

    def test_what_cannot_be_asked_is_said_in_libvirts_words(self) -> None:
        with self.guests(old=PIN9) as daemon:
            answer = run("check", "--connect", daemon.uri(), "nobody")
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn("cannot find the domain nobody of qemu+unix", answer.stderr)
            self.assertIn("no domain with matching name 'nobody'", answer.stderr)
            os.kill(daemon.pid, 19)  # SIGSTOP
            try:
                answer = run("check", "--timeout", "1", "--connect", daemon.uri())
            finally:
                os.kill(daemon.pid, 18)  # SIGCONT
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn("there was no answer within 1 seconds", answer.stderr)
        answer = run("check", "--connect", "test:///default", "--files-from", "-")
        self.assertEqual((answer.returncode, answer.stdout), (2, ""))

    def test_a_running_domain_is_decided_as_it_runs_too(self) -> None:
        """The domain of the test driver is running and defined. It is not a KVM guest, so nothing is refused."""
        self.assertEqual(
            self.verdicts("--connect", "test:///default"),
            {"test (running)": "not-applicable", "test": "not-applicable"},
        )

    def test_survey_of_daemons(self) -> None:
        missing = "qemu+unix:///system?socket=/nowhere/socket"
        with self.guests("d0", old=PIN9, plain="") as first, self.guests("d1", new=PIN10) as second:
            answer = run("survey", "--json", "--connect", first.uri(), "--connect", missing, "--connect", second.uri(readonly=True))
            self.assertEqual(answer.returncode, 3, answer.stderr)
            self.assertIn(f"cannot connect to {missing}", answer.stderr)
            body = json.loads(answer.stdout)["virt-host-compat"]
            names = [name for kind in body["kinds"] for name in kind["hosts"]]
            self.assertEqual(names, [first.uri(), second.uri(readonly=True)])
            self.assertEqual(
                [(one["input"], one["mode"]) for one in body["guests"]],
                [(f"{first.uri()} old", "power9"), (f"{first.uri()} plain", None), (f"{second.uri(readonly=True)} new", "power10")],
            )
            page = self.folder / "page.html"
            answer = run("survey", "--html", str(page), "--connect", first.uri())
            self.assertEqual((answer.returncode, answer.stdout), (0, ""), answer.stderr)
            self.assertIn("plain", page.read_text())

    def test_ten_thousand_domains(self) -> None:
        """libvirt's test driver reads the domains from a file."""
        node = self.folder / "node.xml"
        domains = "".join(
            f"<domain type='test'><name>g{index:05}</name><memory>1024</memory><os><type>hvm</type></os></domain>" for index in range(10_000)
        )
        node.write_text(f"<node>{domains}</node>")
        begin = time.monotonic()
        verdicts = self.verdicts("--connect", f"test://{node}", "--probe", str(RECORDS / "power10.json"))
        print(f"10000 running domains read and checked in {time.monotonic() - begin:.1f} s", file=sys.stderr)
        self.assertEqual(len([name for name in verdicts if name.endswith(" (running)")]), 10_000)
        self.assertEqual(set(verdicts.values()), {"not-applicable"})


NAMESPACE = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
POWER9_MODEL = "<cpu mode='custom'><model>POWER9</model></cpu>"


def emulated(name: str, cpu: str = POWER9_MODEL, arguments: str = "") -> str:
    """An emulated POWER guest with further QEMU arguments. libvirt can translate and start it on any machine."""
    added = "".join(f"<qemu:arg value='{argument}'/>" for argument in arguments.split())
    document = guest(name, cpu, "qemu").replace("<domain ", f"<domain {NAMESPACE} ")
    return document.replace("</domain>", f"<qemu:commandline>{added}</qemu:commandline></domain>")


class Translation(ModuleTestCase):
    """What a real daemon would start, and what it refuses."""

    RECORD = ("--probe", str(RECORDS / "power10-as-power9.json"))

    def lines(self, *arguments: str) -> dict[str, str]:
        answer = run("check", *arguments, *self.RECORD)
        self.assertIn(answer.returncode, (0, 1), answer.stderr)
        return dict(line.split(": ", 1) for line in answer.stdout.splitlines())

    def test_the_daemons_answer_is_decided(self) -> None:
        domains = {
            "fine": emulated("fine"),
            "host": emulated("host", PIN9),
            "twice": emulated("twice", arguments="-machine accel=tcg"),
            "other": emulated("other", arguments="-cpu POWER8"),
        }
        with self.daemon(domains=domains) as daemon:
            lines = self.lines("--translate", "--connect", daemon.uri())
            self.assertEqual(lines["fine"], "not-applicable: QEMU is started with the accelerator tcg, so KVM's modes do not bind the guest")
            self.assertIn("accelerator (tcg) beside the -accel", lines["twice"])
            refused = subprocess.run(
                ["virsh", "-c", daemon.uri(), "domxml-to-native", "qemu-argv", "--domain", "host"], capture_output=True, text=True, timeout=60
            )
            words = refused.stderr.strip().removeprefix("error: ")
            self.assertNotEqual(words, "")
            self.assertIn(f"incompatible: {daemon.uri()} refuses to start it: {words}", lines["host"])
            body = json.loads(run("check", "--json", "--translate", "--connect", daemon.uri(), *self.RECORD).stdout)["virt-host-compat"]
            self.assertEqual({one["input"]: one["decided_from"] for one in body["domains"]}, dict.fromkeys(domains, "translation"))
            other = next(one for one in body["domains"] if one["input"] == "other")
            self.assertEqual(other["warnings"], ["<qemu:commandline> names -cpu POWER8, which wins over <cpu> (POWER9)"])

    def test_what_the_daemon_would_not_even_define(self) -> None:
        """A KVM guest of POWER that libvirt read when it started, on a machine without KVM for POWER."""
        with self.daemon(domains={"kvm": guest("kvm", PIN9)}) as daemon:
            self.assertRegex(self.lines("--translate", "--connect", daemon.uri())["kvm"], "^incompatible: .* refuses to start it: .")

    def test_a_connection_that_may_not_write(self) -> None:
        with self.daemon(domains={"fine": emulated("fine")}) as daemon:
            answer = run("check", "--translate", "--connect", daemon.uri(readonly=True), *self.RECORD)
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn("cannot have the domain fine translated by", answer.stderr)
            self.assertIn("read only access prevents virConnectDomainXMLToNative", answer.stderr)
            self.assertIn("--translate needs", answer.stderr)

    def test_a_daemon_that_hangs_or_cannot(self) -> None:
        with self.daemon(domains={"fine": emulated("fine")}) as daemon:
            os.kill(daemon.pid, 19)  # SIGSTOP
            try:
                answer = run("check", "--timeout", "1", "--translate", "--connect", daemon.uri(), *self.RECORD)
            finally:
                os.kill(daemon.pid, 18)  # SIGCONT
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertIn("there was no answer within 1 seconds", answer.stderr)
        answer = run("check", "--translate", "--connect", "test:///default", *self.RECORD)
        self.assertEqual((answer.returncode, answer.stdout), (3, ""))
        self.assertIn("not supported by the connection driver", answer.stderr)

    def test_a_thousand_translations(self) -> None:
        with self.daemon(domains={f"g{index:04}": emulated(f"g{index:04}") for index in range(1000)}) as daemon:
            begin = time.monotonic()
            lines = self.lines("--translate", "--timeout", "300", "--connect", daemon.uri())
            print(f"{len(lines)} domains translated and checked in {time.monotonic() - begin:.1f} s", file=sys.stderr)
            self.assertEqual(len(lines), 1000)


class Processes(ModuleTestCase):
    """Running guests, found through libvirt's PID files, which only the daemon's mount namespace shows."""

    # A QEMU with another CPU than libvirt names.
    WRAPPER = "#!/bin/sh\nexec /usr/bin/qemu-system-ppc64 \"$@\" $EXTRA\n"

    def started(self, daemon: private_daemon.PrivateDaemon, document: str) -> None:
        file = self.folder / "started.xml"
        file.write_text(document)
        virsh(daemon.uri(), "create", "--paused", str(file))

    def look(self, daemon: private_daemon.PrivateDaemon, *arguments: str, inside: bool = True) -> dict:
        enter = ["nsenter", "--target", str(daemon.pid), "--mount"] if inside else []
        done = subprocess.run(
            [*enter, str(PROGRAM), "check", "--json", *arguments, "--connect", daemon.uri(), "--probe", str(RECORDS / "power10.json")],
            capture_output=True, text=True, timeout=300,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = done.stderr
        domain, = json.loads(done.stdout)["virt-host-compat"]["domains"]
        return domain

    def setUp(self) -> None:
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can enter the daemon's mount namespace")

    def test_the_process_counts_beside_the_document(self) -> None:
        name = "gü, \"it's\""
        with self.daemon() as daemon:
            self.started(daemon, emulated("NAME").replace("<name>NAME</name>", f"<name>{name}</name>"))
            domain = self.look(daemon)
            self.assertEqual((domain["input"], domain["verdict"]), (f"{name} (running)", "not-applicable"))
            self.assertEqual((domain["decided_from"], domain["warnings"]), ("process", []))
            virsh(daemon.uri(), "destroy", name)

    def test_a_contradiction_is_told(self) -> None:
        wrapper = self.folder / "qemu-wrapper"
        wrapper.write_text(self.WRAPPER.replace("$EXTRA", "-cpu POWER8"))
        wrapper.chmod(0o755)
        with self.daemon() as daemon:
            self.started(daemon, emulated("two").replace("/usr/bin/qemu-system-ppc64", str(wrapper)))
            domain = self.look(daemon)
            self.assertEqual(domain["decided_from"], "process")
            self.assertEqual(
                domain["warnings"],
                ["the command line of the guest's process has -cpu POWER8, and the document of two says POWER9: the command line counts"],
            )
            virsh(daemon.uri(), "destroy", "two")

    def test_a_process_that_is_only_called_like_the_guest(self) -> None:
        """The PID file cannot be read either: it does not exist outside the daemon's namespace."""
        document = emulated("alone")
        number = document.split("<uuid>")[1].split("<")[0]
        with self.daemon() as daemon:
            self.started(daemon, document)
            double = subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(300)", "-name", "guest=alone", "-uuid", number, "-machine", "accel=kvm", "-cpu", "POWER8"]
            )
            try:
                domain = self.look(daemon, "--verbose", inside=False)
            finally:
                double.kill()
                double.wait()
            self.assertNotIn("decided_from", domain)
            self.assertEqual(domain["warnings"], [])
            self.assertIn("alone (running): decided from its document alone: cannot open /run/libvirt/qemu/alone.pid: ENOENT", self.said)
            self.look(daemon, inside=False)
            self.assertEqual(self.said, "")
            virsh(daemon.uri(), "destroy", "alone")

    def test_the_lock_of_another_process(self) -> None:
        """The guest's PID file is replaced with that of the daemon, which holds the lock of that one."""
        with self.daemon() as daemon:
            self.started(daemon, emulated("other"))
            subprocess.run(
                ["nsenter", "--target", str(daemon.pid), "--mount", "sh", "-c", "cd /run/libvirt/qemu && mv other.pid kept.pid && ln driver.pid other.pid"],
                check=True, timeout=60,
            )
            domain = self.look(daemon, "--verbose")
            self.assertNotIn("decided_from", domain)
            self.assertIn("has another name or UUID", self.said)
            virsh(daemon.uri(), "destroy", "other")


class DomainCapabilities(ModuleTestCase):
    def test_of_a_daemon_without_kvm_they_stay(self) -> None:
        """With and without the module. The lab tests what the module adds for KVM."""
        with self.daemon("plain", preload=[POWER_MACHINE]) as plain, self.daemon("module", preload=[POWER_MACHINE, MODULE], module_config=self.config()) as module:
            document = virsh(plain.uri(), "domcapabilities")
            self.assertIn("<arch>ppc64le</arch>", document)
            self.assertEqual(virsh(module.uri(), "domcapabilities"), document)
            self.assertEqual(module.log_lines(), [])
            answer = run("domcapabilities", "--require", "--connect", plain.uri(), "--probe", str(self.record))
            self.assertEqual((answer.returncode, answer.stdout.rstrip()), (4, document.rstrip()))
            self.assertIn("it is for domains of type qemu, not kvm", answer.stderr)

    def test_libvirt_wants_a_connection_that_may_write(self) -> None:
        with self.daemon(wrapper=NO_EMULATORS) as daemon:
            answer = run("domcapabilities", "--connect", daemon.uri(readonly=True))
            self.assertEqual((answer.returncode, answer.stdout), (3, ""))
            self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)


class BaselineOfDaemons(ModuleTestCase):
    DAEMONS = 4
    CONNECTIONS = 200

    def start(self, stack: ExitStack, records: list[Path]) -> list[private_daemon.PrivateDaemon]:
        return [
            stack.enter_context(
                self.daemon(
                    f"d{index}", preload=[POWER_MACHINE, MODULE], wrapper=NO_EMULATORS,
                    module_config=f"probe = {record}\ninterval = 3600\n",
                )
            )
            for index, record in enumerate(records)
        ]

    def test_a_cluster_with_members_of_every_kind(self) -> None:
        newer = record_with(self.folder, "newer.json", POWER9 | POWER10)
        older = record_with(self.folder, "older.json", POWER9)
        only10 = record_with(self.folder, "only10.json", POWER10)
        silent = socket.socket(socket.AF_UNIX)
        self.addCleanup(silent.close)
        silent.bind(str(self.folder / "silent"))
        silent.listen()
        hung = f"qemu+unix:///system?socket={self.folder}/silent"
        missing = "qemu+unix:///system?socket=/nowhere/socket"
        with ExitStack() as stack:
            uris = [d.uri() for d in self.start(stack, [newer, older, only10])]
            answer = run("baseline", "--connect", *uris[:2])
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            self.assertEqual(
                answer.stdout,
                "<cpu mode='host-model'>\n  <model>power9</model>\n</cpu>\n",
            )
            answer = run("baseline", "--connect", *uris)
            self.assertEqual((answer.returncode, answer.stdout), (1, ""))
            self.assertIn(f"{uris[2]} supports only power10", answer.stderr)
            begin = time.monotonic()
            answer = run(
                "baseline", "--connect", "--timeout", "2", "--files-from", "-",
                stdin="\n".join([missing, uris[0], hung, uris[1], "test:///default"]) + "\n",
            )
            self.assertLess(time.monotonic() - begin, 20)
            self.assertEqual((answer.returncode, answer.stdout), (4, ""))
            self.assertIn(f"cannot connect to {missing}", answer.stderr)
            self.assertIn(f"cannot connect to {hung}: there was no answer", answer.stderr)
            self.assertIn("test:///default does not say which modes", answer.stderr)
            answer = run(
                "baseline", "--ignore-unknown", "--timeout", "2", "--json",
                "--connect", missing, uris[0], hung, uris[1],
            )
            self.assertEqual(answer.returncode, 0, answer.stderr)
            body = json.loads(answer.stdout)["virt-host-compat"]
            self.assertEqual(body["mode"], "power9")
            self.assertEqual((body["hosts"], body["inputs"], body["failed"]), (2, 4, 2))
            self.assertEqual(body["unknown"]["first"], sorted([missing, hung]))

    def test_two_hundred_connections(self) -> None:
        records = [
            record_with(self.folder, f"r{i}.json", POWER9 | (POWER10 if i else 0))
            for i in range(self.DAEMONS)
        ]
        with ExitStack() as stack:
            daemons = self.start(stack, records)
            uris = [daemons[i % self.DAEMONS].uri() for i in range(self.CONNECTIONS)]
            listing = self.folder / "uris"
            listing.write_text("".join(uri + "\n" for uri in uris))
            begin = time.monotonic()
            process = subprocess.Popen(
                [str(PROGRAM), "baseline", "--json", "--connect", "--files-from", str(listing)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            most = most_memory(process)
            output, errors = process.communicate(timeout=300)
            seconds = time.monotonic() - begin
            print(
                f"{self.CONNECTIONS} connections to {self.DAEMONS} daemons in {seconds:.1f} s,"
                f" at most {most[0]} processes with {most[1] / 1024:.0f} MiB together",
                file=sys.stderr,
            )
            self.assertEqual(process.returncode, 0, errors)
            body = json.loads(output)["virt-host-compat"]
            self.assertEqual((body["mode"], body["hosts"]), ("power9", self.CONNECTIONS))
            self.assertLess(most[1], 500 * 1024)


def most_memory(process: subprocess.Popen[str]) -> tuple[int, int]:
    """The largest number of processes, and the most memory (KiB, shared pages counted once), of a process tree."""
    most_processes, most = 0, 0
    while process.poll() is None:
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        except OSError:
            break
        sizes = [proportional_kib(pid) for pid in (str(process.pid), *children)]
        most_processes = max(most_processes, len(sizes))
        most = max(most, sum(sizes))
        time.sleep(0.02)
    return most_processes, most


def proportional_kib(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
