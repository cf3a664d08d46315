# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests packages that cannot be downloaded: no network, missing, interrupted. apt is a fake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

from . import support
from powerlab import cachedir, kernels, mirror
from powerlab.apt import last_line
from powerlab.failures import LabError
from powerlab.packages import Suite

NO_NETWORK = "#!/bin/sh\necho \"E: Failed to fetch http://archive.invalid/x  Could not resolve 'archive.invalid'\" >&2\nexit 100\n"
FINE = "#!/bin/sh\nexit 0\n"
# Plans to download one package. The text after it is the download itself.
PLAN = "#!/bin/sh\ncase $* in *--print-uris*) echo \"'http://archive.invalid/thing_1_ppc64el.deb' thing_1_ppc64el.deb 1 SHA256:0\"; exit 0 ;; esac\n"
LAB = Path(__file__).resolve().parents[1]


def available(*packages: tuple[str, str]) -> str:
    """An apt-cache that lists these packages with their versions."""
    names = "".join(f"Package: {name}\\nVersion: {version}\\n\\n" for name, version in packages)
    rows = "".join(f" {name} | {version} | http://archive.invalid/debian\\n" for name, version in packages)
    return f"#!/bin/sh\n[ $1 != madison ] || exec printf '{rows}'\nprintf '{names}'\n"


class Packages(support.LabTest):
    def test_no_network(self) -> None:
        self.command("apt-get", NO_NETWORK)
        with self.assertRaises(LabError) as caught:
            kernels.get("6.12")
        message = str(caught.exception)
        self.assertIn("Cannot read the package lists of trixie", message)
        self.assertIn("Could not resolve", message)
        self.assertIn("check the network", message)
        self.assertEqual(self.leftovers(), [])

    def test_full_disk_is_not_called_a_network(self) -> None:
        self.command("apt-get", "#!/bin/sh\necho 'E: Write error - write (28: No space left on device)' >&2\nexit 100\n")
        with self.assertRaises(LabError) as caught:
            Suite(("trixie",)).known
        self.assertIn(f"the disk under {cachedir.root()} is full, free some space there", str(caught.exception))
        self.assertNotIn("check the network", str(caught.exception))
        self.assertFalse((Suite(("trixie",)).folder / "lists").exists())

    def test_package_that_is_gone(self) -> None:
        self.command("apt-get", FINE)
        self.command("apt-cache", available(("other", "1")))
        with self.assertRaises(LabError) as caught:
            Suite(("trixie",)).unpack(["busybox-static"], self.folder / "tree", dependencies=False)
        self.assertIn("busybox-static is not in trixie for ppc64el any more", str(caught.exception))
        self.assertFalse((self.folder / "tree").exists())

    def test_kernel_that_is_nowhere(self) -> None:
        self.command("apt-get", FINE)
        self.command("apt-cache", available(("linux-image-6.12.1-powerpc64le", "6.12.1-1")))
        with self.assertRaises(LabError) as caught:
            kernels.get("7.3")
        self.assertIn("No Linux 7.3 for ppc64el is in experimental, unstable, testing", str(caught.exception))

    def first(self, series: str, suite: str = "trixie") -> tuple[str, ...]:
        return kernels.candidates(series, Suite((suite,)))[0].packages

    def test_newest_kernel_of_a_series_comes_first(self) -> None:
        self.command("apt-get", FINE)
        names = [(f"linux-image-6.12.{n}+deb13-powerpc64le{more}", f"6.12.{n}-1") for n in (9, 107) for more in ("", "-64k", "-dbg")]
        self.command("apt-cache", available(*names, ("linux-image-6.13.0-powerpc64le", "6.13.0-1")))
        self.assertEqual(self.first("6.12"), ("linux-image-6.12.107+deb13-powerpc64le=6.12.107-1",))
        self.assertEqual(self.first("6.12-64k"), ("linux-image-6.12.107+deb13-powerpc64le-64k=6.12.107-1",))

    def test_series_are_told_apart(self) -> None:
        self.command("apt-get", FINE)
        numbers = ("6.12.9", "7.2.13", "7.3", "7.4", "7.20.1", "8.0")
        self.command("apt-cache", available(*((f"linux-image-{number}-powerpc64le", f"{number}-1") for number in numbers)))
        found = {series: [candidate.version for candidate in kernels.candidates(series, Suite(("unstable",)))] for series in ("6.1", "6.12", "7.2", "7.3")}
        self.assertEqual(found, {"6.1": [], "6.12": ["6.12.9-1"], "7.2": ["7.2.13-1"], "7.3": ["8.0-1", "7.20.1-1", "7.4-1", "7.3-1"]})

    def test_kernel_is_taken_from_the_next_suite_where_one_cannot_be_read(self) -> None:
        self.command("apt-get", '#!/bin/sh\ncase $(cat "$(dirname "$APT_CONFIG")/sources.list") in *" trixie "*) exec false ;; esac\n')
        self.command("apt-cache", available(("linux-image-6.12.9+bpo-powerpc64le", "6.12.9-1~bpo12+1")))
        with mock.patch.object(Suite, "unpack", autospec=True) as unpack, self.assertRaises(LabError):
            kernels.get("6.12")
        self.assertEqual([call.args[0].names for call in unpack.call_args_list], [("bookworm-backports",)])
        self.assertEqual(unpack.call_args.args[1], ["linux-image-6.12.9+bpo-powerpc64le=6.12.9-1~bpo12+1"])

    def test_kernel_split_in_two_packages(self) -> None:
        self.command("apt-get", FINE)
        self.command("apt-cache", available(*((f"linux-{kind}-7.4-powerpc64le", "7.4.1-1") for kind in ("image", "binary", "modules"))))
        self.assertEqual(self.first("7.3"), ("linux-binary-7.4-powerpc64le=7.4.1-1", "linux-modules-7.4-powerpc64le=7.4.1-1"))

    def test_failed_download_leaves_nothing(self) -> None:
        self.command("apt-get", FINE)
        self.command("apt-cache", available(("thing", "1")))
        suite = Suite(("trixie",))
        self.assertIn("thing", suite.known)
        self.command("apt-get", PLAN + ": >thing_1_ppc64el.deb\necho 'E: Failed to fetch http://archive.invalid/thing_1_ppc64el.deb  503  Busy' >&2\nexit 100\n")
        with self.assertRaises(LabError) as caught:
            suite.unpack(["thing"], self.folder / "tree", dependencies=False)
        self.assertIn("503  Busy", str(caught.exception))
        self.assertFalse((self.folder / "tree").exists())
        self.assertEqual(self.leftovers(), [])

    def test_leftover_of_a_killed_download_goes(self) -> None:
        self.command("apt-get", "#!/bin/sh\necho 'E: Failed to fetch thing' >&2\n[ $1 = update ]\n")
        self.command("apt-cache", available(("thing", "1")))
        suite = Suite(("trixie",))
        self.assertIn("thing", suite.known)
        (suite.folder / "debs.killed").mkdir()
        with self.assertRaises(LabError):
            suite.unpack(["thing"], self.folder / "tree", dependencies=False)
        self.assertEqual(self.leftovers(), [])

    def test_damaged_package(self) -> None:
        self.command("apt-get", PLAN + '[ "$1" = download ] && echo rubbish >thing_1_ppc64el.deb\nexit 0\n')
        self.command("apt-cache", available(("thing", "1")))
        with self.assertRaises(LabError) as caught:
            Suite(("trixie",)).unpack(["thing"], self.folder / "tree", dependencies=False)
        self.assertIn("Cannot unpack thing_1_ppc64el.deb", str(caught.exception))

    def test_interrupted_download_through_the_command(self) -> None:
        self.command("apt-get", '#!/bin/sh\n[ "$1" = update ] && exit 0\necho $$ >"$PIDFILE"; exec sleep 60\n')
        self.command("apt-cache", available(("linux-image-6.12.1-powerpc64le", "6.12.1-1")))
        pidfile = self.folder / "pid"
        command = [sys.executable, str(LAB / "run"), "power10-linux6.12", "--", "true"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PIDFILE": str(pidfile)})
        for _ in range(200):
            if pidfile.exists() and pidfile.read_text().strip():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (130, ""))
        self.assertEqual(err, "lab: stopped by SIGINT; nothing was left behind.\n")
        self.assertEqual(self.leftovers(), [])
        self.assertFalse((cachedir.root() / "kernels/6.12").exists())
        apt = Path("/proc", pidfile.read_text().strip(), "comm")
        for _ in range(100):
            try:
                if apt.read_text() != "sleep\n":
                    return
            except OSError:
                return
            time.sleep(0.05)
        self.fail("apt outlives the lab")

    def test_machine_without_debian_sources(self) -> None:
        del os.environ[mirror.ENVIRONMENT]
        self.command("apt-get", "#!/bin/sh\necho 'http://other.invalid/ubuntu noble Ubuntu'\n")
        with self.assertRaises(LabError) as caught:
            mirror.archive()
        self.assertIn(mirror.ENVIRONMENT, str(caught.exception))
        os.environ[mirror.ENVIRONMENT] = "x"

    def test_archive_past_its_date_will_do(self) -> None:
        self.assertIn('Acquire::Check-Valid-Until "false";', mirror.network_settings())

    def test_error_line_is_preferred(self) -> None:
        self.assertEqual(last_line("Reading...\nE: no space\nmore"), "E: no space")
        self.assertEqual(last_line("\n"), "no message")
