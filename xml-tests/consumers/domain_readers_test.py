#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests domain capabilities of real daemons with the module: they are valid by each grammar, and other programs can
read them.

The daemons see this machine as a POWER10 (power_kvm.c). So their answers for KVM guests with the machine type pseries
are the same as on POWER, where the lab tests them.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import module_setup
import newer_daemon
import private_daemon
import readers_test
from module_setup import SOURCE_ROOT, ModuleTestCase, virsh
from powerlab import native_libvirt
from powerlab.failures import LabError

PROGRAM = module_setup.built("VHC_PROGRAM")
MODULE = module_setup.built("VHC_MODULE")
POWER_KVM = module_setup.built("VHC_POWER_KVM")
BUILT_SCHEMAS = module_setup.built("VHC_STRICT_GRAMMAR").parent
SCHEMAS = Path("/usr/share/libvirt/schemas")
EMULATOR = "/usr/bin/qemu-system-ppc64"
KIND = ("--virttype", "kvm", "--machine", "pseries", "--emulatorbin", EMULATOR)
EXPECTED_MODES = """
      <enum name='compat'>
        <value>power9</value>
      </enum>"""
# From the record: a POWER10 in power9 mode runs its own processor without a pinned mode, and no other processor.
EXPECTED_USABLE = {"POWER7": "no", "POWER8": "no", "POWER9": "no", "POWER10": "yes", "POWER11": "no"}


def usable(document: str) -> dict[str, str]:
    """The value of usable for each model in <mode name='custom'>."""
    custom = document[document.index("<mode name='custom'") :]
    return {name: word for word, name in re.findall(r"<model usable='(\w+)'[^>]*>([^<]*)</model>", custom)}


def without_answer(document: str) -> str:
    """Removes the modes, and restores libvirt's own value of usable."""
    return re.sub(r"(<model usable=)'(?:yes|no)'", r"\1'unknown'", document.replace(EXPECTED_MODES, ""))


class OnRecordedHost(ModuleTestCase):
    """Uses the record of a host with its nested API, on which the outcome of a guest without a pinned mode depends."""

    def put_record(self) -> None:
        self.record.write_bytes((SOURCE_ROOT / "xml-tests/records/power10-as-power9.json").read_bytes())
        self.record.chmod(0o644)


@functools.cache
def documents() -> tuple[str, str]:
    """The document of a real daemon, and that of one with the module."""
    case = OnRecordedHost()
    case.setUp()
    try:
        with case.daemon("plain", preload=[POWER_KVM]) as plain:
            before = virsh(plain.uri(), "domcapabilities", *KIND)
        with case.daemon("module", preload=[POWER_KVM, MODULE], module_config=case.config()) as daemon:
            after = virsh(daemon.uri(), "domcapabilities", *KIND)
            if daemon.log_lines() or daemon.output():
                raise AssertionError(f"{daemon.log_lines()} {daemon.output()}")
    finally:
        case.doCleanups()
    return before, after


def xmllint(grammar: Path, document: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["xmllint", "--noout", "--relaxng", str(grammar), "-"], input=document, capture_output=True, text=True, timeout=60)


class Checks(OnRecordedHost):
    """Checks of the documents of a daemon without and with the module."""

    def check_difference(self, before: str, after: str) -> None:
        self.assertIn("<arch>ppc64le</arch>", before)
        self.assertIn("<domain>kvm</domain>", before)
        self.assertEqual(set(usable(before).values()), {"unknown"}, before)
        self.assertIn(EXPECTED_MODES + "\n    </mode>\n    <mode name='custom'", after)
        self.assertEqual(usable(after), {name: EXPECTED_USABLE[name] for name in usable(before)})
        self.assertEqual(without_answer(after), before)

    def check_grammars(self, before: str, after: str, schemas: Path) -> None:
        """Our grammars accept it, alone and with libvirt's. libvirt's own grammar accepts it only without the modes."""
        grammars = self.folder / "grammars"
        shutil.copytree(SOURCE_ROOT / "schema", grammars, dirs_exist_ok=True)
        strict = (BUILT_SCHEMAS / "libvirt-domaincaps-compat.rng").read_text()
        self.assertIn(str(SCHEMAS), strict)
        (grammars / "strict.rng").write_text(strict.replace(str(SCHEMAS), str(schemas)))
        theirs = schemas / "domaincaps.rng"
        for grammar, document, status in (
            (grammars / "domaincaps-compat.rng", after, 0),
            (grammars / "strict.rng", after, 0),
            (grammars / "strict.rng", before, 0),
            (theirs, before, 0),
            (theirs, after.replace(EXPECTED_MODES, ""), 0),
            (theirs, after, 3),
            (grammars / "strict.rng", after.replace("<value>power9</value>", "<value>POWER9</value>"), 3),
        ):
            answer = xmllint(grammar, document)
            self.assertEqual(answer.returncode, status, f"{grammar}: {answer.stderr}{document}")
        for options, document, status in (
            ([], after, 0),
            (["--strict", "--schema-dir", str(schemas)], after, 0),
            (["--strict", "--schema-dir", str(schemas)], before, 0),
            (["--strict", "--schema-dir", str(schemas)], after.replace("power9<", "POWER9<"), 1),
        ):
            answer = subprocess.run([str(PROGRAM), "validate", *options, "-"], input=document, capture_output=True, text=True, timeout=60)
            self.assertEqual(answer.returncode, status, answer.stdout + answer.stderr)

    def check_command(self, before: str, after: str) -> None:
        """The command completes libvirt's document like the module, and leaves the module's document unchanged."""
        for document in (before, after):
            answer = subprocess.run(
                [str(PROGRAM), "domcapabilities", "--probe", str(self.record), "-"], input=document, capture_output=True, text=True, timeout=60
            )
            self.assertEqual((answer.stdout, answer.returncode), (after, 0), answer.stderr)


class Live(Checks):
    def test_it_is_valid_and_libvirts_but_for_the_answer(self) -> None:
        before, after = documents()
        self.check_difference(before, after)
        self.check_grammars(before, after, SCHEMAS)
        self.check_command(before, after)

    def test_of_emulated_guests_it_is_libvirts(self) -> None:
        with self.daemon("plain", preload=[POWER_KVM]) as plain, self.daemon("module", preload=[POWER_KVM, MODULE], module_config=self.config()) as daemon:
            for kind in (("--virttype", "qemu", "--machine", "pseries"), ("--virttype", "qemu", "--machine", "powernv9")):
                arguments = ("domcapabilities", *kind, "--emulatorbin", EMULATOR)
                self.assertEqual(virsh(daemon.uri(), *arguments), virsh(plain.uri(), *arguments))


class Newer(Checks):
    """libvirt of newer Debian suites, with their own daemons, clients and schemas."""

    INSIDE = r"""
PATH=/usr/sbin:/usr/bin:/sbin:/bin
busybox --install -s /tmp
PATH=$PATH:/tmp
cd /vhc
chown 0:0 *.so module.conf record.json
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nlog_outputs = "3:file:/vhc/log"\n' > libvirtd.conf
printf 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = [ ]\nnamespaces = [ ]\nstdio_handler = "file"\n' > /etc/libvirt/qemu.conf
for kind in plain module; do
    preload=/vhc/power_kvm.so
    [ $kind = plain ] || preload=$preload:/vhc/module.so
    LD_PRELOAD=$preload VIRT_HOST_COMPAT_MODULE_CONFIG=/vhc/module.conf libvirtd -f /vhc/libvirtd.conf > $kind.output 2>&1 &
    daemon=$!
    export LIBVIRT_DEFAULT_URI='qemu+unix:///system?socket=/run/libvirt/libvirt-sock'
    for i in $(seq 30); do
        virsh version --daemon > version 2> version.err && break
        sleep 1
    done
    virsh domcapabilities KIND > $kind.xml 2> $kind.err
    virsh hypervisor-cpu-models MODELS > $kind.models 2> $kind.models.err
    virsh hypervisor-cpu-models --all MODELS > $kind.all 2> $kind.all.err
    kill $daemon
    wait $daemon
    echo $? > $kind.status
done
"""

    def check(self, suite: str) -> None:
        try:
            root = native_libvirt.root_of(suite)
        except LabError as error:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest(str(error))
        for name, content in (("module.so", MODULE.read_bytes()), ("power_kvm.so", POWER_KVM.read_bytes()), ("module.conf", b"probe = /vhc/record.json\n")):
            (self.folder / name).write_bytes(content)
            (self.folder / name).chmod(0o644)
        answer = subprocess.run(
            newer_daemon.command(root, self.folder, self.INSIDE.replace("KIND", " ".join(KIND)).replace("MODELS", " ".join(KIND).replace("emulatorbin", "emulator"))), capture_output=True, text=True, timeout=900, env={**os.environ, "LC_ALL": "C"}
        )
        files = {path.name: path.read_text() for path in self.folder.iterdir() if path.is_file() and path.suffix != ".so"}
        self.assertEqual((answer.returncode, files.get("plain.status"), files.get("module.status")), (0, "0\n", "0\n"), f"{answer.stderr} {files}")
        print(f"{suite}: {files['version'].splitlines()[-1]}", file=sys.stderr)
        before, after = files["plain.xml"], files["module.xml"]
        self.check_difference(before, after)
        self.check_grammars(before, after, root / str(SCHEMAS).lstrip("/"))
        self.check_command(before, after)
        self.check_models(files)

    def check_models(self, files: dict[str, str]) -> None:
        """virsh lists the models of the document, but not those that cannot run, unless asked for all."""
        for kind in ("plain", "module"):
            print(f"{kind}: {files[f'{kind}.models']!r}, all: {files[f'{kind}.all']!r}, {files[f'{kind}.models.err']!r}", file=sys.stderr)
        every = [name for name in usable(files["plain.xml"])]
        self.assertEqual(sorted(files["plain.all"].split()), sorted(every), files["plain.all.err"])
        self.assertEqual(files["module.all"], files["plain.all"])
        self.assertEqual(files["module.models"].split(), ["POWER10"], files["module.models.err"])

    def test_debian_13(self) -> None:
        self.check("trixie")

    def test_unstable(self) -> None:
        self.check("sid")


class VirtManager(OnRecordedHost):
    """virtinst's DomainCapabilities, which virt-manager and virt-install use."""

    def read(self, document: str) -> dict[str, Any]:
        if not readers_test.VIRT_MANAGER.exists():
            self.lacking("virt-manager's library is not installed (package virtinst)")
        if str(readers_test.VIRT_MANAGER) not in sys.path:
            sys.path.insert(0, str(readers_test.VIRT_MANAGER))
        from virtinst import DomainCapabilities  # type: ignore[import-not-found]

        # Parsing does not use the connection.
        found = DomainCapabilities(None, document)
        return {
            "models": found.get_cpu_models(),
            "arch": found.arch,
            "machine": found.machine,
            "safe": (found.supports_safe_host_model(), found.supports_safe_host_passthrough()),
            "modes": [(mode.name, mode.supported) for mode in found.cpu.modes],
            "graphics": found.supports_graphics_spice(),
            "video": found.supports_video_virtio(),
            "firmware": (found.supports_firmware_efi(), found.supports_uefi_loader()),
            "security": found.supports_sev_launch_security(),
            "tpm": found.supports_tpm_emulator(),
        }

    def test_it_offers_what_runs(self) -> None:
        before, after = (self.read(document) for document in documents())
        self.assertEqual(after.pop("models"), ["POWER10"])
        self.assertEqual(sorted(before.pop("models")), sorted(usable(documents()[0])))
        self.assertEqual(after, before)
        self.assertEqual(after["arch"], "ppc64le")


class GObject(OnRecordedHost):
    """libvirt-gconfig through GObject introspection, as libvirt's users in GNOME use it."""

    def read(self, document: str) -> Any:
        import gi  # type: ignore[import-untyped]

        try:
            gi.require_version("LibvirtGConfig", "1.0")
        except ValueError:
            self.lacking("LibvirtGConfig is not installed (package gir1.2-libvirt-glib-1.0)")
        from gi.repository import LibvirtGConfig  # type: ignore[import-untyped]

        found = LibvirtGConfig.DomainCapabilities.new_from_xml(document)
        return [value.value_nick for value in found.get_os().get_firmwares()], found.to_xml()

    def test_it_reads_the_same_and_keeps_the_modes(self) -> None:
        (firmwares, before), (after_firmwares, after) = (self.read(document) for document in documents())
        self.assertEqual(after_firmwares, firmwares)
        self.assertIn("<domainCapabilities>", before)
        self.assertEqual(re.findall(r"<enum name=.compat.>\s*<value>(\w+)</value>\s*</enum>", after), ["power9"])


class Nova(readers_test.Nova):
    """LibvirtConfigDomainCaps of OpenStack Nova, which reads machine, firmware, disks, video and features."""

    def test_capabilities(self) -> None:
        config = self.module()

        def read(document: str) -> Any:
            found = config.LibvirtConfigDomainCaps()
            found.parse_str(document)
            self.assertTrue(found.machine_type)
            self.assertTrue(found.devices.disk.buses)
            return found.machine_type, found.devices.disk.buses, found.devices.video.models, found.os.loader_paths, [feature.root_name for feature in found.features]

        before, after = (read(document) for document in documents())
        self.assertEqual(after, before)


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
