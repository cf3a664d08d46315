#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the start hook and the daemon's drop-in: the files that the commands write, and how libvirt runs the hook."""

from __future__ import annotations

import os
import stat
import subprocess
import time
import unittest
from pathlib import Path

import module_setup
import private_daemon
from module_setup import ModuleTestCase

PROGRAM = module_setup.built("VHC_PROGRAM")
MODULE = module_setup.built("VHC_MODULE")
HOOK = Path("etc/libvirt/hooks/qemu.d/virt-host-compat")
SENTENCE = (
    "cannot start the guest guest: power10 is newer than what this host supports (power9);"
    " use <cpu mode='host-model'><model>power9</model></cpu>"
)


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *arguments], input=stdin, capture_output=True, text=True, timeout=120
    )


def domain(mode: str = "power10") -> str:
    return (
        "<domain type='kvm'><name>guest</name><memory unit='MiB'>64</memory>"
        "<os><type arch='ppc64le' machine='pseries'>hvm</type></os>"
        f"<cpu mode='host-model'><model>{mode}</model></cpu></domain>"
    )


class HookRun(ModuleTestCase):
    def hook(self, *arguments: str, stdin: str = domain(), probe: bool = True):
        options = ["--probe", str(self.record)] if probe else []
        answer = run("hook", "run", *options, "--", *arguments, stdin=stdin)
        self.assertEqual(answer.stdout, "")
        return answer.returncode, answer.stderr

    def test_a_clear_no_is_refused_where_a_guest_is_about_to_run(self) -> None:
        for operation in ("prepare", "migrate", "restore"):
            status, said = self.hook("guest", operation, "begin", "-")
            self.assertEqual((status, said), (1, f"virt-host-compat: {SENTENCE}\n"))

    def test_everything_else_passes_in_silence(self) -> None:
        broken = self.folder / "broken.json"
        broken.write_text("{")
        for arguments, stdin in (
            (("guest", "reconnect", "begin", "-"), domain()),
            (("guest", "start", "begin", "-"), domain()),
            (("guest", "prepare", "end", "-"), domain()),
            (("guest", "stopped", "end", "-"), domain()),
            (("guest", "prepare", "begin", "-"), domain("power9")),
            (("guest", "prepare", "begin", "-"), "<domain"),
            (("guest", "prepare", "begin", "-"), ""),
            (("--help", "reconnect", "begin", "-"), domain()),
            (("guest",), domain()),
            ((), domain()),
        ):
            self.assertEqual(self.hook(*arguments, stdin=stdin), (0, ""), arguments)
        answer = run("hook", "run", "--probe", str(broken), "--", "guest", "prepare", "begin", "-",
                     stdin=domain())
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_a_host_that_does_not_say_passes(self) -> None:
        record = self.record.read_text()
        unknown = record.replace('"known"', '"unknown"').replace('"reason": null', '"reason": "x"')
        self.record.write_text(unknown)
        self.assertEqual(self.hook("guest", "prepare", "begin", "-"), (0, ""))

    def test_it_cannot_block(self) -> None:
        """Standard input without an end, as from a daemon that hangs."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, writing)
        begin = time.monotonic()
        answer = subprocess.run(
            [str(PROGRAM), "hook", "run", "--timeout", "0.5", "--probe", str(self.record),
             "--", "guest", "prepare", "begin", "-"],
            stdin=reading, capture_output=True, timeout=60,
        )
        os.close(reading)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, b"", b""))


class HookScript(ModuleTestCase):
    """The script that install writes, with programs that fail in different ways."""

    def script(self, program: str) -> Path:
        fake = self.folder / "program"
        fake.write_text("#!/bin/sh\n" + program)
        fake.chmod(0o755)
        answer = run("hook", "install", "--root", str(self.folder), "--program", str(fake))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return self.folder / HOOK

    def status(self, script: Path, operation: str = "prepare") -> int:
        return subprocess.run(
            [str(script), "guest", operation, "begin", "-"], input=b"<domain/>", timeout=60,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode

    def test_only_the_programs_no_is_a_no(self) -> None:
        for program, expected in (
            ("exit 0", 0), ("exit 1", 1), ("exit 2", 0), ("exit 5", 0), ("exit 127", 0),
            ("kill -SEGV $$", 0),
        ):
            self.assertEqual(self.status(self.script(program)), expected, program)
        script = self.script("exit 1")
        for operation in ("reconnect", "stopped", "started", "attach"):
            self.assertEqual(self.status(script, operation), 0, operation)
        (self.folder / "program").unlink()
        self.assertEqual(self.status(script), 0, "a program that is gone")

    def test_install_and_remove(self) -> None:
        script = self.script("exit 0")
        self.assertEqual(stat.S_IMODE(script.stat().st_mode), 0o755)
        subprocess.run(["sh", "-n", str(script)], check=True)
        for _ in range(2):
            answer = run("hook", "remove", "--root", str(self.folder))
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertFalse(script.exists())
            self.assertFalse(script.parent.exists(), "nothing was left in it")
        other = self.script("exit 0").with_name("other")
        other.write_text("")
        self.assertEqual(run("hook", "remove", "--root", str(self.folder)).returncode, 0)
        self.assertTrue(other.exists())
        script.write_text("#!/bin/sh\n# somebody else's\n")
        script.chmod(0o755)
        for command in ("install", "remove"):
            arguments = ["--program", "/bin/true"] if command == "install" else []
            answer = run("hook", command, "--root", str(self.folder), *arguments)
            self.assertEqual(answer.returncode, 3)
            self.assertIn("this program did not write it", answer.stderr)
        self.assertEqual(script.read_text(), "#!/bin/sh\n# somebody else's\n")


class HookInADaemon(ModuleTestCase):
    def test_the_daemon_refuses_with_the_sentence(self) -> None:
        """libvirtd can only emulate POWER here, so the hook reads the KVM domain of a file instead of its input."""
        seen = self.folder / "seen"
        document = self.folder / "kvm.xml"
        document.write_text(domain())
        hook = (
            "#!/bin/sh\n"
            f'echo "$2 $3" >> {seen}\n'
            f"{PROGRAM} hook run --probe {self.record} -- \"$@\" < {document}\n"
            "[ $? -ne 1 ]\n"
        )
        emulated = self.folder / "emulated.xml"
        emulated.write_text(
            "<domain type='qemu'><name>guest</name><memory unit='MiB'>64</memory>"
            "<os><type arch='ppc64le' machine='pseries'>hvm</type></os></domain>"
        )
        with self.daemon(hook=hook) as daemon:
            def create() -> subprocess.CompletedProcess[str]:
                return subprocess.run(
                    ["virsh", "-c", daemon.uri(), "create", str(emulated)],
                    capture_output=True, text=True, timeout=120,
                )

            refused = create()
            self.assertEqual(refused.returncode, 1)
            self.assertIn("Hook script execution failed", refused.stderr)
            self.assertIn(SENTENCE, refused.stderr)
            self.assertIn("prepare begin", seen.read_text().splitlines())
            document.write_text(domain("power9"))
            started = create()
            self.assertEqual(started.returncode, 0, started.stderr)
            subprocess.run(
                ["virsh", "-c", daemon.uri(), "destroy", "guest"], check=True, timeout=60,
                capture_output=True,
            )


class DropIn(ModuleTestCase):
    def daemon_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run("daemon", *arguments, "--root", str(self.folder / "root"))

    def put_unit(self, name: str) -> None:
        unit = self.folder / "root/usr/lib/systemd/system" / f"{name}.service"
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.write_text("[Service]\nExecStart=/bin/true\n")

    def drop_in(self, name: str) -> Path:
        return self.folder / f"root/etc/systemd/system/{name}.service.d/virt-host-compat.conf"

    def test_enable_status_disable(self) -> None:
        self.put_unit("virtqemud")
        self.assertEqual(self.daemon_command("status").returncode, 1)
        answer = self.daemon_command("enable", "--module", "/usr/lib/m.so")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("systemctl daemon-reload && systemctl try-restart virtqemud.service",
                      answer.stdout)
        self.assertFalse(self.drop_in("libvirtd").exists())
        self.assertIn("[Service]\nEnvironment=LD_PRELOAD=/usr/lib/m.so\n",
                      self.drop_in("virtqemud").read_text())
        self.assertEqual(self.daemon_command("status").returncode, 0)
        self.drop_in("virtqemud").chmod(0o666)
        answer = self.daemon_command("status")
        self.assertEqual(answer.returncode, 3)
        self.assertIn("lets others than its owner write it", answer.stderr)
        self.drop_in("virtqemud").chmod(0o644)
        if os.geteuid() == 0:
            os.chown(self.drop_in("virtqemud"), 65534, 65534)
            for command in ("status", "disable", "enable"):
                answer = self.daemon_command(command, *(["--module", "/usr/lib/m.so"] if command == "enable" else []))
                self.assertEqual(answer.returncode, 3, command)
                self.assertIn("it belongs to user 65534 and not to root", answer.stderr)
            os.chown(self.drop_in("virtqemud"), 0, 0)
        self.assertEqual(self.daemon_command("disable").returncode, 0)
        self.assertFalse(self.drop_in("virtqemud").exists())
        self.assertEqual(self.daemon_command("status").returncode, 1)

    def test_a_preload_of_the_administrators_stays(self) -> None:
        self.put_unit("libvirtd")
        self.put_unit("virtqemud")
        other = self.drop_in("virtqemud").with_name("malloc.conf")
        other.parent.mkdir(parents=True)
        other.write_text("[Service]\nEnvironment=LD_PRELOAD=/usr/lib/libjemalloc.so\n")
        answer = self.daemon_command("enable", "--module", "/usr/lib/m.so")
        self.assertEqual((answer.returncode, answer.stdout), (3, ""))
        self.assertIn(f"{other}:2: cannot preload the module into virtqemud: LD_PRELOAD is already set here", answer.stderr)
        for daemon in ("libvirtd", "virtqemud"):
            self.assertFalse(self.drop_in(daemon).exists(), "none is changed where one cannot be")
        other.rename(other.with_suffix(".off"))
        self.assertEqual(self.daemon_command("enable", "--module", "/usr/lib/m.so").returncode, 0)
        self.assertEqual(self.daemon_command("status").returncode, 0)
        other.with_suffix(".off").rename(other)
        answer = self.daemon_command("status")
        self.assertEqual(answer.returncode, 1)
        self.assertIn(f"{other}:2 sets LD_PRELOAD too", answer.stdout)

    def test_a_set_user_id_module_is_refused_below_another_root(self) -> None:
        self.put_unit("libvirtd")
        module = self.folder / "root/usr/lib/m.so"
        module.write_bytes(b"")
        module.chmod(0o2755)
        answer = self.daemon_command("enable", "--module", "/usr/lib/m.so")
        self.assertEqual((answer.returncode, answer.stdout), (3, ""))
        self.assertIn("run 'chmod ug-s", answer.stderr)

    def test_no_daemon_and_a_wrong_one(self) -> None:
        (self.folder / "root").mkdir()
        self.assertEqual(self.daemon_command("enable").returncode, 3)
        self.assertEqual(self.daemon_command("enable", "cupsd").returncode, 2)

    def test_a_module_that_the_daemon_would_not_bear(self) -> None:
        """The module is tried before anything is written, so there is nothing to clean up."""
        broken = self.folder / "broken.so"
        broken.write_bytes(MODULE.read_bytes()[:4096])
        broken.chmod(0o755)
        loose = self.folder / "loose.so"
        loose.write_bytes(MODULE.read_bytes())
        loose.chmod(0o777)
        anybodys = self.folder / "anybodys.so"
        anybodys.write_bytes(MODULE.read_bytes())
        anybodys.chmod(0o4755)
        for module, words in (
            (broken, "libvirtd --version' with it failed: ended by signal"),
            (Path("/bin/true"), "cannot be preloaded"),
            (loose, "lets others than its owner write it"),
            (anybodys, "its mode 4755 has the set-user-ID or the set-group-ID bit"),
            (self.folder / "missing.so", "No such file or directory"),
        ):
            answer = run("daemon", "enable", "libvirtd", "--module", str(module))
            self.assertEqual(answer.returncode, 3, answer.stdout)
            self.assertIn(words, answer.stderr)
        self.assertFalse(
            Path("/etc/systemd/system/libvirtd.service.d/virt-host-compat.conf").exists()
        )


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
