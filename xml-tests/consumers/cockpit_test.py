#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests cockpit-machines in a browser with a real daemon, with and without the module; --picture FILE makes the
manual's picture.

The daemons see this machine as a POWER10 (power_kvm.c) in power9 mode. The test is run manually, as root, with "ninja
cockpit" in the build folder, and needs the packages in cockpit-packages.txt.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import domain_readers_test
import module_setup
import private_cockpit
import private_daemon
from module_setup import SOURCE_ROOT, virsh
from powerlab.failures import LabError
from private_cockpit import PrivateCockpit, wait_for

sys.path.insert(0, str(SOURCE_ROOT / "xml-tests"))

from browser import Browser  # noqa: E402

PROGRAM = module_setup.built("VHC_PROGRAM")
MODULE = module_setup.built("VHC_MODULE")
POWER_KVM = module_setup.built("VHC_POWER_KVM")
MODES = ["host-model", "host-passthrough"]
SENTENCE = "power10 is newer than what this host supports (power9); use <cpu mode='host-model'><model>power9</model></cpu>"


def guest(name: str, mode: str) -> str:
    return (
        f"<domain type='kvm'><name>{name}</name><memory unit='GiB'>4</memory><vcpu>8</vcpu>"
        "<os><type arch='ppc64le' machine='pseries'>hvm</type></os>"
        f"<cpu mode='host-model'><model>{mode}</model></cpu>"
        f"<devices><emulator>{domain_readers_test.EMULATOR}</emulator></devices></domain>"
    )


@dataclass
class Seen:
    """What a daemon and cockpit-machines report about the guest that is pinned to power9."""

    # Domain capabilities as the page gets them from libvirt-dbus, and as virsh gets them.
    documents: set[str]
    expected: str
    # The text next to "CPU type", the choices in the dialog, and which of them is selected at first.
    cpu_type: str
    offered: list[str]
    chosen: str
    # The guest's <cpu> before, and after "Apply" without any change.
    before: str
    after: str
    # The page's message when the guest that is pinned to power10 is started; only used if libvirt has the hook.
    refusal: str = ""


def received(driver: Any) -> set[str]:
    """The domain capabilities that the page received since the last call."""
    documents = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.webSocketFrameReceived":
            # A frame of cockpit has the name of a channel and a message, which is libvirt-dbus' reply here.
            _, _, payload = message["params"]["response"]["payloadData"].partition("\n")
            if "<domainCapabilities>" in payload:
                documents.add(json.loads(payload)["reply"][0][0])
    return documents


class Page:
    """cockpit-machines in a browser. Elements may be redrawn, so each is found and used in one step."""

    def __init__(self, driver: Any, cockpit: PrivateCockpit) -> None:
        self.driver = driver
        self._cockpit = cockpit

    def of(self, selector: str, expression: str) -> Any:
        """The value of a JavaScript expression about the element "it", once both are there and true."""
        script = f"const it = document.querySelector(arguments[0]); return it && ({expression})"
        return wait_for(selector, lambda: self.driver.execute_script(script, selector))

    def click(self, selector: str) -> None:
        self.of(selector, "(it.click(), true)")

    def open(self, name: str) -> None:
        """Opens the page of a guest. If virt-host-validate finds no KVM, the page first requires a confirmation."""
        # Without this, the page would show another guest with data that it read before.
        self.driver.get("about:blank")
        self.driver.get(self._cockpit.page(name))
        script = (
            "for (const button of document.querySelectorAll('.virtualization-disabled-empty-state button'))"
            " if (button.textContent == 'Ignore') button.click();"
            "return document.querySelector(arguments[0]) != null"
        )
        wait_for(f"the page of {name}", lambda: self.driver.execute_script(script, f"#vm-{name}-cpu-model"))

    def open_dialog(self, name: str) -> tuple[list[str], str]:
        """The choices in the dialog of the guest's CPU, and the selected one."""
        # The dialog cannot be opened before the page has found virt-xml.
        self.click(f"#vm-{name}-cpu-model button:not([aria-disabled=true])")
        offered, chosen = self.of("#machines-cpu-type-modal select", "[Array.from(it.options, option => option.value), it.value]")
        return offered, chosen

    def apply(self) -> None:
        self.click("#cpu-config-dialog-apply")
        script = (
            "const dialog = document.querySelector('#machines-cpu-type-modal'); const error = dialog && dialog.querySelector('.pf-c-alert');"
            "return dialog == null ? 'closed' : error && error.textContent"
        )
        if (end := wait_for("the dialog's end", lambda: self.driver.execute_script(script))) != "closed":
            raise AssertionError(end)

    def run(self, name: str) -> str:
        """The page's message about a guest that cannot be started."""
        self.click(f"#vm-{name}-system-run")
        self.click(".resource-state-text .pf-c-label__content button")
        return str(self.of(".ct-popover-alert", "it.textContent"))

    def take_picture(self, path: Path) -> None:
        """Takes a picture of the dialog. All lines of an open list are shown in the page."""
        self.of(
            "#machines-cpu-type-modal select",
            "(it.size = it.querySelectorAll('option, optgroup').length, it.style.height = 'auto', it.style.backgroundImage = 'none',"
            " document.activeElement.blur(), true)",
        )
        self.driver.save_screenshot(str(path))


def cpu_of(daemon: private_daemon.PrivateDaemon, name: str) -> str:
    """The <cpu> of the definition, in one line."""
    found = re.search(r"<cpu.*?(?:</cpu>|/>)", virsh(daemon.uri(), "dumpxml", "--inactive", name), re.DOTALL)
    return re.sub(r"\s*\n\s*", "", found.group(0)) if found else ""


def look(case: domain_readers_test.OnRecordedHost, kind: str, driver: Any, picture: Path | None) -> Seen:
    arguments: dict[str, Any] = {"domains": {"web": guest("web", "power9"), "database": guest("database", "power10")}, "preload": [POWER_KVM]}
    if kind == "module":
        hook = f"#!/bin/sh\nexec {PROGRAM} hook run --probe {case.record} -- \"$@\"\n"
        arguments |= {"preload": [POWER_KVM, MODULE], "module_config": case.config(), "hook": hook}
    with case.daemon(kind, **arguments) as daemon, PrivateCockpit(daemon) as cockpit:
        # The program adds a newline to the document.
        expected = virsh(daemon.uri(), "domcapabilities", "--arch", "ppc64le", "--machine", "pseries").rstrip("\n") + "\n"
        page = Page(driver, cockpit)
        received(driver)
        page.open("web")
        offered, chosen = page.open_dialog("web")
        cpu_type = page.of("#vm-web-cpu-model", "it.innerText").splitlines()[0]
        seen = Seen(received(driver), expected, cpu_type, offered, chosen, cpu_of(daemon, "web"), "")
        if picture:
            page.take_picture(picture)
        page.apply()
        seen.after = cpu_of(daemon, "web")
        if kind == "module":
            page.open("database")
            seen.refusal = page.run("database")
    return seen


@functools.cache
def seen(picture: Path | None = None) -> tuple[Seen, Seen]:
    case = domain_readers_test.OnRecordedHost()
    case.setUp()
    try:
        with Browser(width=1100) as driver:
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1100, "height": 480, "deviceScaleFactor": 1, "mobile": False})
            return look(case, "plain", driver, None), look(case, "module", driver, picture)
    finally:
        case.doCleanups()


class CockpitMachines(domain_readers_test.Checks):
    def test_libvirt_dbus_gives_it_libvirts_document(self) -> None:
        for one in seen():
            self.assertEqual(one.documents, {one.expected})
        self.check_difference(*(one.expected for one in seen()))

    def test_the_dialog_is_as_without_the_module(self) -> None:
        """The dialog offers all models, because it does not read whether a model is usable. It shows no pinned mode."""
        plain, module = seen()
        for one in (plain, module):
            self.assertEqual(one.offered, [*MODES, *domain_readers_test.usable(one.expected)])
            self.assertEqual((one.cpu_type, one.chosen), ("host", "host-model"))
        self.assertEqual(module.offered, plain.offered)

    def test_applying_it_removes_a_pinned_mode(self) -> None:
        for one in seen():
            self.assertIn(">power9</model>", one.before)
            self.assertRegex(one.after, "^<cpu mode='host-model' [^<]*/>$")

    def test_it_shows_why_a_guest_is_refused(self) -> None:
        self.assertIn(SENTENCE, seen()[1].refusal)


def missing() -> str:
    """Why the test cannot run here; empty if it can."""
    if os.geteuid() != 0:
        return "only root's libvirtd can ask QEMU for domain capabilities in namespaces"
    for program in ("chromium", "chromedriver", "dbus-daemon", "gdbus", "ip", "nsenter", "virt-xml"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"the program {program} is not installed"
    if not importlib.util.find_spec("selenium"):
        return "python3-selenium is not installed"
    return private_daemon.missing()


if __name__ == "__main__":
    if reason := missing():
        private_daemon.skip(reason)
    try:
        private_cockpit.run_alone()
    except LabError as error:
        private_daemon.skip(str(error))
    if sys.argv[1:2] == ["--picture"]:
        seen(Path(sys.argv[2]))
    else:
        unittest.main(verbosity=2)
