# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the judgement about installed packages, and the dpkg database of a root."""

import subprocess
import unittest
from pathlib import Path

from . import support
from .test_daemons import COMPAT, EXTENDED, FILES as DAEMON, PLAIN, STATUSES as DAEMON_STATUSES
from powerlab import database, installs
from powerlab.failures import LabError

VERSION = "1.0.0-1"
FILES = {
    "before": PLAIN,
    "after-install": PLAIN,
    "after-remove": PLAIN,
    **dict.fromkeys(("capabilities", "capabilities-again", "completed", "connected"), EXTENDED),
    "package-states": "".join(f"{name} installed {VERSION}\n" for name in sorted(installs.PACKAGES)),
    "running": "degraded\n",
    "failed": "",
    "audit": "",
    "modes": "power9\n",
    "status": DAEMON["status"],
    "confined": DAEMON["confined"],
    "start-without.err": DAEMON["start-unhooked.err"],
    "start-hooked.err": DAEMON["start-hooked.err"],
    "console-fitted": DAEMON["console-fitted"],
    "written-installed": "",
    "written-removed": "",
    **dict.fromkeys(("written-enabled", "written-again"), "".join(f"{path}\n" for path in installs.WRITTEN)),
    "journal": "systemd[1]: Started libvirtd.service\n",
    "left-states": "",
    "units": "",
    "files-before": "./etc\n./etc/passwd\n",
    "files-after": "./etc\n./etc/passwd\n",
    "times": "10.5 40.25 41.75\n",
}
STATUSES = {**dict.fromkeys(installs._SUCCEED, "0"), **dict.fromkeys(installs._REFUSE, "1")}
BROKEN = {
    "before": EXTENDED,
    "after-install": EXTENDED,
    "after-remove": EXTENDED,
    "capabilities-again": PLAIN,
    "completed": PLAIN,
    "connected": EXTENDED.replace("POWER10", "POWER9"),
    "package-states": FILES["package-states"].replace("installed", "half-configured", 1),
    "running": "starting\n",
    "failed": "virt-host-compat-publish.service loaded failed failed\n",
    "audit": "The following packages are only half configured\n",
    "modes": "power10\n",
    "status": "libvirtd: enabled by a file, process 112 runs without it\n",
    "confined": "unconfined\n",
    "start-without.err": "",
    "start-hooked.err": "error: Hook script execution failed: exit status 1\n",
    "console-fitted": "Linux ppc64le\r\n",
    "written-installed": installs.WRITTEN[0],
    "written-enabled": installs.WRITTEN[0],
    "written-again": "",
    "written-removed": installs.WRITTEN[1],
    "journal": "libvirtd: object 'x.so' from LD_PRELOAD cannot be preloaded\n",
    "left-states": "virt-host-compat config-files\n",
    "units": "virt-host-compat-publish.timer masked enabled\n",
    "files-before": "./etc\n./etc/passwd\n./etc/group\n",
    "files-after": "./etc\n./etc/passwd\n./etc/virt-host-compat\n",
    "times": "10.5\n",
}


class Judgement(unittest.TestCase):
    def test_a_run_that_keeps_every_promise(self) -> None:
        self.assertEqual(DAEMON_STATUSES["start-hooked"], "1")
        self.assertEqual(installs.judge(FILES, STATUSES, VERSION), [])
        self.assertEqual(installs.spent(FILES), (29.75, 31.25))

    def test_each_broken_promise_is_seen(self) -> None:
        for name, text in BROKEN.items():
            with self.subTest(name):
                self.assertNotEqual(installs.judge(FILES | {name: text}, STATUSES, VERSION), [])

    def test_every_file_of_a_run_is_read(self) -> None:
        for name in FILES:
            with self.subTest(name):
                self.assertIn(name, BROKEN.keys() | {"capabilities"})
        without = FILES | dict.fromkeys(("capabilities", "capabilities-again", "completed", "connected"), PLAIN)
        self.assertNotEqual(installs.judge(without, STATUSES, VERSION), [])
        changed = FILES | dict.fromkeys(("capabilities", "capabilities-again", "completed", "connected"), PLAIN.replace("POWER10</model>", f"POWER9</model>{COMPAT}"))
        self.assertNotEqual(installs.judge(changed, STATUSES, VERSION), [])

    def test_each_wrong_status_is_seen(self) -> None:
        for name in STATUSES:
            with self.subTest(name):
                self.assertEqual(len([line for line in installs.judge(FILES, {**STATUSES, name: "3"}, VERSION) if f"{name} ended" in line]), 1)

    def test_another_version_is_seen(self) -> None:
        self.assertNotEqual(installs.judge(FILES, STATUSES, "1.0.1-1"), [])

    def test_a_run_that_left_nothing_keeps_nothing(self) -> None:
        self.assertGreater(len(installs.judge({}, {}, VERSION)), len(STATUSES) + 15)

    def test_what_is_left_and_gone(self) -> None:
        self.assertEqual(installs.left(FILES | {"files-after": BROKEN["files-after"]}), ["left: /etc/virt-host-compat"])
        self.assertEqual(installs.left(FILES | {"files-before": BROKEN["files-before"]}), ["gone: /etc/group"])


class Packages(support.LabTest):
    def deb(self, name: str, fields: str = "", **control: str) -> Path:
        """A package with one file, of this machine's architecture."""
        tree = self.folder / f"{name}.tree"
        (tree / "usr/share" / name).mkdir(parents=True)
        (tree / "usr/share" / name / "file").write_text("text\n")
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: 1\nArchitecture: ppc64el\nMaintainer: nobody <nobody@example.invalid>\n{fields}Description: a package of a test\n")
        for script, text in control.items():
            (tree / "DEBIAN" / script).write_text(text)
            (tree / "DEBIAN" / script).chmod(0o755)
        made = self.folder / f"{name}_1_ppc64el.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(made)], check=True, capture_output=True)
        return made

    def test_dpkg_takes_the_packages_for_installed(self) -> None:
        root = self.folder / "root"
        for deb in (
            self.deb("plain", triggers="interest-noawait ldconfig\ninterest /usr/share/plain\n", postinst="#!/bin/sh\n"),
            self.deb("shared", "Multi-Arch: same\nDepends: plain\n"),
        ):
            database.add(deb, root)
            subprocess.run(["dpkg-deb", "-x", str(deb), str(root)], check=True)
        query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg"]
        said = subprocess.run([*query, "-W", "-f", "${binary:Package} ${db:Status-Status} ${Version}\n"], capture_output=True, text=True, check=True)
        self.assertEqual((said.stdout, said.stderr), ("plain:ppc64el installed 1\nshared:ppc64el installed 1\n", ""))
        listed = subprocess.run([*query, "-L", "shared:ppc64el"], capture_output=True, text=True, check=True)
        self.assertEqual((listed.stdout, listed.stderr), ("/.\n/usr\n/usr/share\n/usr/share/shared\n/usr/share/shared/file\n", ""))
        owner = subprocess.run([*query, "-S", "/usr/share/plain/file"], capture_output=True, text=True, check=True)
        self.assertEqual(owner.stdout, "plain:ppc64el: /usr/share/plain/file\n")
        self.assertTrue((root / "var/lib/dpkg/info/plain.postinst").stat().st_mode & 0o100)
        self.assertEqual((root / "var/lib/dpkg/triggers/ldconfig").read_text(), "plain/noawait\n")
        self.assertEqual((root / "var/lib/dpkg/triggers/File").read_text(), "/usr/share/plain plain\n")

    def test_a_broken_package_is_an_error(self) -> None:
        broken = self.folder / "broken_1_ppc64el.deb"
        broken.write_bytes(b"!<arch>\n")
        with self.assertRaises(LabError):
            database.add(broken, self.folder / "root")

    def test_one_package_of_each_name_is_wanted(self) -> None:
        with self.assertRaises(LabError) as caught:
            installs.find(self.folder)
        self.assertIn("does not have one package virt-host-compat for ppc64el", str(caught.exception))
        files = [self.folder / f"{name}_{VERSION}_ppc64el.deb" for name in installs.PACKAGES]
        for file in files:
            file.touch()
        self.assertEqual(installs.find(self.folder), files)
        (self.folder / f"libvirt-host-compat0_{VERSION}~_ppc64el.deb").touch()
        with self.assertRaises(LabError):
            installs.find(self.folder)


if __name__ == "__main__":
    unittest.main()
