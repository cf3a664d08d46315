# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests downloads with the real apt from an archive whose lists name packages that it does not have."""

import lzma
import os
import shutil
import subprocess
import time
import unittest
from unittest import mock

from . import support
from .debian_archive import DebianArchive
from powerlab import cachedir, emulators, kernels, mirror, packages
from powerlab.packages import Suite, Unavailable

_MODULES = ("kernel/arch/powerpc/kvm/kvm", "kernel/arch/powerpc/kvm/kvm-hv", "kernel/drivers/net/ethernet/ibm/ibmveth")


def kernel(release: str) -> dict[str, bytes]:
    """The files of a kernel package, as in Debian up to 6.12."""
    modules = {f"lib/modules/{release}/{path}.ko.xz": lzma.compress(path.rpartition("/")[2].encode()) for path in _MODULES}
    return {f"boot/vmlinux-{release}": release.encode()} | modules


@unittest.skipUnless(shutil.which("apt-get") and shutil.which("dpkg-deb"), "this machine has no apt")
class Downloads(support.LabTest):
    def setUp(self) -> None:
        super().setUp()
        self.archive = DebianArchive(self.folder / "archive")
        uri, server = self.archive.serve()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self._set(mirror.ENVIRONMENT, uri)
        self._set("no_proxy", "127.0.0.1")
        signature = mock.patch.object(mirror, "trust", return_value="trusted=yes")
        signature.start()
        self.addCleanup(signature.stop)

    def kernel(self, suite: str, release: str, version: str, there: bool = True) -> None:
        self.archive.add(suite, f"linux-image-{release}-powerpc64le", version, kernel(release), there=there)

    def unpacked(self, suite: Suite, *wanted: str, dependencies: bool = True) -> list[str]:
        return suite.unpack(list(wanted), self.folder / "tree", dependencies)

    def test_older_kernel_where_the_newest_is_gone(self) -> None:
        self.kernel("trixie", "6.12.9", "6.12.9-1", there=False)
        self.kernel("trixie", "6.12.8", "6.12.8-1")
        self.archive.write("trixie")
        found = kernels.get("6.12")
        self.assertEqual((found.release, found.version, found.image.read_bytes()), ("6.12.8", "6.12.8-1", b"6.12.8"))
        self.assertEqual([path.read_bytes() for path in (*found.modules, found.network)], [b"kvm", b"kvm-hv", b"ibmveth"])
        self.assertEqual(self.leftovers(), [])

    def test_next_suite_where_all_of_a_suite_are_gone(self) -> None:
        for number in (8, 9):
            self.kernel("trixie", f"6.12.{number}", f"6.12.{number}-1", there=False)
        self.kernel("bookworm-backports", "6.12.7", "6.12.7-1~bpo12+1")
        self.archive.write("trixie", "bookworm-backports")
        self.assertEqual(kernels.get("6.12").version, "6.12.7-1~bpo12+1")

    def test_both_packages_of_a_kernel_are_of_one_version(self) -> None:
        for version, there in (("7.3.2-1", False), ("7.3.1-1", True)):
            self.archive.add("experimental", "linux-binary-7.3-powerpc64le", version, {"usr/lib/modules/7.3/vmlinuz": version.encode()})
            modules = {f"usr/lib/modules/7.3/{path}.ko": version.encode() for path in _MODULES}
            self.archive.add("experimental", "linux-modules-7.3-powerpc64le", version, modules, there=there)
        self.archive.write("experimental", "unstable", "testing")
        found = kernels.get("7.3")
        self.assertEqual((found.version, found.image.read_bytes(), found.modules[0].read_bytes()), ("7.3.1-1", b"7.3.1-1", b"7.3.1-1"))

    def test_nothing_left_is_one_sentence(self) -> None:
        self.kernel("trixie", "6.12.9", "6.12.9-1", there=False)
        self.archive.write("trixie", "bookworm-backports")
        with self.assertRaises(Unavailable) as caught:
            kernels.get("6.12")
        message = str(caught.exception)
        self.assertIn("lists linux-image-6.12.9-powerpc64le 6.12.9-1 in trixie and does not have them", message)
        self.assertEqual(message.count("\n"), 0)
        self.assertEqual(self.leftovers(), [])
        self.assertFalse((cachedir.root() / "kernels/6.12").exists())

    def tree(self, gone: bool = True) -> Suite:
        """A program with a library whose newest version is missing. Returns the suite, which has a spare one."""
        self.archive.add("trixie", "program", "1:2-1", {"usr/bin/program": b"2"}, depends="library (>= 1), other")
        self.archive.add("trixie", "library", "3:1.5-1", {"usr/lib/library": b"1.5"}, there=not gone)
        self.archive.add("trixie", "other", "1", {"usr/lib/other": b"1"})
        self.archive.add("forky", "library", "3:2.0~rc1-1", {"usr/lib/library": b"2.0"})
        self.archive.add("forky", "other", "2", {"usr/lib/other": b"2"})
        self.archive.add("forky", "program", "1:3-1", {"usr/bin/program": b"3"}, depends="library")
        self.archive.write("trixie", "forky")
        return Suite(("trixie",), spare=("forky",))

    def test_what_a_tree_of_packages_lacks_comes_from_the_spare_suite(self) -> None:
        self.assertEqual(self.unpacked(self.tree(), "program"), ["library 3:2.0~rc1-1", "other 2", "program 1:2-1"])
        self.assertEqual((self.folder / "tree/usr/lib/library").read_bytes(), b"2.0")

    def test_what_is_wanted_comes_from_the_spare_suite_where_its_own_lacks_it(self) -> None:
        suite = self.tree(gone=False)
        (self.archive.folder / "pool/program_2-1_ppc64el.deb").unlink()
        self.assertEqual(self.unpacked(suite, "program"), ["library 3:2.0~rc1-1", "program 1:3-1"])

    def test_spare_suite_is_not_read_where_nothing_is_gone(self) -> None:
        suite = self.tree(gone=False)
        shutil.rmtree(self.archive.folder / "dists/forky")
        self.assertEqual(self.unpacked(suite, "program"), ["library 3:1.5-1", "other 1", "program 1:2-1"])

    def test_spare_suite_that_cannot_be_read_is_not_the_message(self) -> None:
        suite = self.tree()
        shutil.rmtree(self.archive.folder / "dists/forky")
        with self.assertRaises(Unavailable) as caught:
            self.unpacked(suite, "program")
        self.assertIn("lists library 3:1.5-1 in trixie and does not have them", str(caught.exception))

    def test_other_version_of_a_dependency_in_the_same_suite(self) -> None:
        self.archive.add("trixie", "library", "3:1.4-1", {"usr/lib/library": b"1.4"})
        self.tree()
        self.assertEqual(self.unpacked(Suite(("trixie",)), "program")[0], "library 3:1.4-1")
        self.assertEqual(self.unpacked(Suite(("trixie",)), "library", dependencies=False), ["library 3:1.4-1"])

    def test_version_that_is_asked_for_is_not_replaced(self) -> None:
        self.archive.add("trixie", "library", "3:1.4-1", {"usr/lib/library": b"1.4"})
        self.tree()
        with self.assertRaises(Unavailable):
            self.unpacked(Suite(("trixie",)), "library=3:1.5-1", dependencies=False)
        self.assertFalse((self.folder / "tree").exists())

    def test_old_lists_are_read_again_first(self) -> None:
        self.archive.add("trixie", "thing", "1-1", {"thing": b"1"})
        self.archive.write("trixie")
        suite = Suite(("trixie",))
        self.assertEqual(suite.versions("thing"), ["1-1"])
        (self.archive.folder / "pool/thing_1-1_ppc64el.deb").unlink()
        self.archive.add("trixie", "thing", "1-2", {"thing": b"2"})
        self.archive.write("trixie")
        before = time.time() - packages.LISTS_RECENT - 1
        os.utime(suite.folder / "updated", (before, before))
        self.assertEqual(self.unpacked(suite, "thing", dependencies=False), ["thing 1-2"])
        self.assertEqual(suite.versions("thing"), ["1-2", "1-1"])

    def test_lists_past_their_date_will_do(self) -> None:
        self.archive.add("forky", "thing", "1", {"thing": b"1"})
        self.archive.write("forky", valid_seconds=-3600)
        self.assertEqual(self.unpacked(Suite(("forky",)), "thing", dependencies=False), ["thing 1"])

    def test_network_that_fails_is_not_a_package_that_is_gone(self) -> None:
        suite = self.tree()
        self.assertIn("program", suite.known)
        self._set(mirror.ENVIRONMENT, "http://127.0.0.1:9")
        mirror.archive.cache_clear()
        (suite.folder / "updated").touch()
        lists = suite.folder / "lists"
        for path in lists.glob("127.0.0.1*"):
            path.rename(lists / f"127.0.0.1:9_{path.name.partition('_')[2]}")
        with self.assertRaises(packages.LabError) as caught:
            self.unpacked(suite, "program")
        self.assertNotIsInstance(caught.exception, Unavailable)
        self.assertIn("check the network", str(caught.exception))

    def test_archive_in_a_folder(self) -> None:
        suite = self.tree()
        self._set(mirror.ENVIRONMENT, f"file://{self.archive.folder}")
        mirror.archive.cache_clear()
        self.assertEqual(self.unpacked(suite, "program")[0], "library 3:2.0~rc1-1")

    def test_newer_qemu_comes_from_the_next_suite_with_its_own_loader(self) -> None:
        architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
        say = b'#!/bin/sh\necho "QEMU emulator version 10.0.9"\n'
        start = b'#!/bin/sh\n[ "$1" = --library-path ] && shift 2 && exec "$@"\n'
        add = self.archive.add
        add("bookworm-backports", "qemu-system-ppc", "1:10.0.2-1~bpo12+1", {"usr/bin/qemu-system-ppc64": say}, architecture=architecture, there=False)
        add("bookworm", "qemu-system-ppc", "1:7.2-1", {"usr/bin/qemu-system-ppc64": b""}, architecture=architecture)
        add("trixie", "qemu-system-ppc", "1:10.0.9-1", {"usr/bin/qemu-system-ppc64": say, "usr/share/qemu/slof.bin": b""}, "libnew", architecture)
        add("trixie", "libnew", "1", {"usr/lib/test-linux-gnu/ld-linux-test.so.2": start}, architecture=architecture)
        self.archive.write("bookworm", "bookworm-backports", "trixie", "forky", architecture=architecture)
        with mock.patch.object(emulators, "_version", return_value="10.0.9") as asked:
            emulator = emulators.get(10)
        tree = cachedir.root() / "qemu-10"
        self.assertEqual(emulator.command[:4], (str(tree / "usr/lib/test-linux-gnu/ld-linux-test.so.2"), "--library-path", str(tree / "usr/lib/test-linux-gnu"), str(tree / "usr/bin/qemu-system-ppc64")))
        self.assertEqual(asked.call_args.args, (emulator.command, ""))

    def source_files(self, name: str) -> list[str]:
        return [path.name for path in Suite(("trixie",), sources=True).download_source(name, self.folder / "source")]

    def test_older_source_where_the_newest_is_gone_or_damaged(self) -> None:
        self.archive.add_source("trixie", "thing", "1.0-1")
        self.archive.add_source("trixie", "thing", "1.1-1", missing=(".orig.tar.gz",))
        self.archive.add_source("trixie", "thing", "1.2-1", damaged=(".orig.tar.gz",))
        self.archive.write("trixie")
        self.assertEqual(self.source_files("thing"), ["thing_1.0-1.debian.tar.xz", "thing_1.0-1.dsc", "thing_1.0.orig.tar.gz"])
        self.assertEqual((self.folder / "source/thing_1.0.orig.tar.gz").read_bytes(), b"thing_1.0.orig.tar.gz of trixie")

    def test_source_without_the_file_that_describes_it(self) -> None:
        self.archive.add_source("trixie", "thing", "1.1-1", missing=(".dsc",))
        self.archive.write("trixie")
        self.assertEqual(self.source_files("thing"), ["thing_1.1-1.debian.tar.xz", "thing_1.1.orig.tar.gz"])

    def test_source_that_cannot_be_had_is_one_sentence(self) -> None:
        self.archive.add_source("trixie", "thing", "1.1-1", missing=(".orig.tar.gz",))
        self.archive.write("trixie")
        with self.assertRaises(Unavailable) as caught:
            self.source_files("thing")
        self.assertIn("Cannot download the source of thing 1.1-1", str(caught.exception))
        self.assertEqual(str(caught.exception).count("\n"), 0)
        with self.assertRaises(Unavailable) as caught:
            self.source_files("other")
        self.assertIn("The source package other is not in trixie", str(caught.exception))
        self.assertFalse((self.folder / "source").exists())
