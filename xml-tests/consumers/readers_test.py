#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that programs that read capabilities documents get the same values with and without <compat>."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
import types
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import module_setup
import private_daemon
from module_setup import EXPECTED_COMPAT, RECORD, SOURCE_ROOT, ModuleTestCase, virsh

PROGRAM = module_setup.built("VHC_PROGRAM")
MODULE = module_setup.built("VHC_MODULE")
POWER_HOST = SOURCE_ROOT / "xml-tests/valid/no-compat.xml"
VIRT_MANAGER = Path("/usr/share/virt-manager")


def extended_power() -> str:
    """The document of a POWER host with <compat> added by the command."""
    answer = subprocess.run(
        [str(PROGRAM), "capabilities", "--probe", str(RECORD), str(POWER_HOST)],
        capture_output=True, text=True, timeout=60, check=True,
    )
    return answer.stdout


@functools.cache
def documents() -> list[tuple[str, str]]:
    """Pairs of documents that differ only in <compat>: from a real daemon, and from a POWER host."""
    case = ModuleTestCase()
    case.setUp()
    try:
        with case.daemon(preload=[MODULE], module_config=case.config()) as daemon:
            real = virsh(daemon.uri(), "capabilities")
    finally:
        case.doCleanups()
    pairs = [(real.replace(EXPECTED_COMPAT, ""), real), (POWER_HOST.read_text(), extended_power())]
    for plain, extended in pairs:
        if "<compat" in plain or "<mode name='power10' supported='no'/>" not in extended:
            raise AssertionError(f"these documents show nothing: {plain} {extended}")
    return pairs


class Readers(ModuleTestCase):
    def same(self, read: Callable[[str], Any]) -> None:
        """Checks that a reader gets the same result from each document with and without the element."""
        for plain, extended in documents():
            before = read(plain)
            self.assertTrue(before)
            self.assertEqual(read(extended), before)


class Virsh(Readers):
    def baseline(self, document: str) -> str:
        path = self.folder / "capabilities.xml"
        path.write_text(document)
        return virsh("test:///default", "cpu-baseline", str(path))

    def test_cpu_baseline(self) -> None:
        self.same(self.baseline)

    def test_cpu_baseline_of_several_hosts(self) -> None:
        self.same(lambda document: self.baseline(document + document))


class VirtManager(Readers):
    """virtinst's Capabilities, which finds its values by XPath."""

    def setUp(self) -> None:
        super().setUp()
        if not VIRT_MANAGER.exists():
            self.lacking("virt-manager's library is not installed (package virtinst)")
        if str(VIRT_MANAGER) not in sys.path:
            sys.path.insert(0, str(VIRT_MANAGER))

    def read(self, document: str) -> dict[str, Any]:
        from virtinst import Capabilities  # type: ignore[import-not-found]

        # Parsing does not use the connection.
        found = Capabilities(None, document)
        best = found.guest_lookup()
        self.assertTrue(found.host.cpu.arch and found.guests and found.has_install_options())
        return {
            "arch": found.host.cpu.arch,
            "model": found.host.cpu.model,
            "labels": [model.model for model in found.host.secmodels],
            "guests": [
                (guest.arch, guest.os_type, guest.emulator, [d.hypervisor_type for d in guest.domains],
                 guest.all_machine_names(None))
                for guest in found.guests
            ],
            "best": (best.arch, best.hypervisor_type, best.os_type, best.emulator, best.machines),
        }

    def test_capabilities(self) -> None:
        self.same(self.read)


class GObject(Readers):
    """libvirt-gconfig through GObject introspection, as libvirt's users in GNOME use it."""

    def read(self, document: str) -> dict[str, Any]:
        import gi  # type: ignore[import-untyped]

        try:
            gi.require_version("LibvirtGConfig", "1.0")
        except ValueError:
            self.lacking("LibvirtGConfig is not installed (package gir1.2-libvirt-glib-1.0)")
        from gi.repository import LibvirtGConfig  # type: ignore[import-untyped]

        found = LibvirtGConfig.Capabilities.new_from_xml(document)
        host = found.get_host()
        cpu = host.get_cpu()
        self.assertTrue(cpu.get_arch() and found.get_guests())
        topology, model = cpu.get_topology(), cpu.get_model()
        return {
            "uuid": host.get_uuid(),
            "arch": cpu.get_arch(),
            "model": model and model.get_name(),
            "topology": topology and (topology.get_sockets(), topology.get_cores(), topology.get_threads()),
            "features": [feature.get_name() for feature in cpu.get_features()],
            "labels": [label.get_model() for label in host.get_secmodels()],
            "guests": [
                (guest.get_os_type(), guest.get_arch().get_name(), guest.get_arch().get_emulator(),
                 [domain.get_virt_type().value_nick for domain in guest.get_arch().get_domains()])
                for guest in found.get_guests()
            ],
        }

    def test_capabilities(self) -> None:
        self.same(self.read)


class Nova(Readers):
    """LibvirtConfigCaps of OpenStack Nova.

    python3-nova has 200 dependencies of 290 MB, none of which this class uses. So its module is extracted from the
    package, and its imports are empty. If it used one of them, the test would fail.
    """

    def module(self) -> types.ModuleType:
        source = self.file_of("python3-nova", "/usr/lib/python3/dist-packages/nova/virt/libvirt/config.py")
        hardware = types.ModuleType("nova.virt.hardware")
        # Lists of CPUs are not parsed. This is the same for both documents.
        hardware.parse_cpu_spec = hardware.format_cpu_spec = lambda spec, *_: spec  # type: ignore[attr-defined]
        stand_ins = {
            "oslo_utils": ("strutils", "units"), "nova": ("exception",), "nova.i18n": ("_",),
            "nova.objects": ("fields",), "nova.pci": ("utils",), "nova.virt": (),
        }
        modules = {"nova.virt.hardware": hardware}
        for name, parts in stand_ins.items():
            modules[name] = types.ModuleType(name)
            for part in parts:
                setattr(modules[name], part, types.ModuleType(f"{name}.{part}"))
        modules["nova.virt"].hardware = hardware  # type: ignore[attr-defined]
        before = {name: sys.modules.get(name) for name in modules}
        sys.modules.update(modules)
        try:
            specification = importlib.util.spec_from_file_location("nova_config", source)
            assert specification and specification.loader
            found = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(found)
        finally:
            for name, module in before.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module
        return found

    def test_capabilities(self) -> None:
        config = self.module()

        def read(document: str) -> str:
            found = config.LibvirtConfigCaps()
            found.parse_str(document)
            self.assertTrue(found.host.cpu.arch)
            self.assertTrue(found.guests)
            return found.to_xml()

        self.same(read)


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
