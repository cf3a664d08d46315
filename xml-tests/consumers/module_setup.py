# SPDX-License-Identifier: LGPL-2.1-or-later
"""The common parts of the module's tests: the built files, a record, and the expected results."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import NoReturn

import private_daemon

HERE = Path(__file__).resolve().parent
SOURCE_ROOT = HERE.parents[1]
RECORD = HERE / "power10-in-power9-mode.json"


def built(variable: str) -> Path:
    """A built file whose path is in an environment variable that the build sets."""
    value = os.environ.get(variable)
    if not value or not Path(value).exists():
        private_daemon.skip(f"{variable} does not name a built file; run this with 'meson test'")
    return Path(str(value))


def compat_of(document: str) -> str:
    """The element <compat> with the white space before it; empty if there is none."""
    found = re.search(r"\n *<compat .*?</compat>", document, re.DOTALL)
    return found.group(0) if found else ""


EXPECTED_COMPAT = """
      <compat source='kvm'>
        <mode name='power9' supported='yes'/>
        <mode name='power10' supported='no'/>
        <mode name='power11' supported='no'/>
      </compat>"""


def virsh(uri: str, *arguments: str, readonly: bool = False, **environment: str) -> str:
    """The standard output of virsh, which must succeed and print nothing on standard error."""
    answer = subprocess.run(
        ["virsh", *(["-r"] if readonly else []), "-c", uri, *arguments],
        capture_output=True, text=True, timeout=120, env={**os.environ, **environment},
    )
    if answer.returncode != 0 or answer.stderr:
        raise AssertionError(f"virsh {arguments}: status {answer.returncode}: {answer.stderr}")
    return answer.stdout


class ModuleTestCase(unittest.TestCase):
    """Gives each test a folder that only this user can write to, with a copy of the record."""

    def lacking(self, reason: str) -> NoReturn:
        """Skips a test whose requirements are not installed. Under CI everything is, so the test fails."""
        if os.environ.get("CI") == "true":
            self.fail(reason)
        self.skipTest(reason)

    def file_of(self, package: str, path: str) -> Path:
        """A file of a Debian package. If the package is not installed, it is downloaded and unpacked."""
        if Path(path).exists():
            return Path(path)
        tree = self.folder / package
        tree.mkdir()
        # If root downloads, apt does it as its own user, who needs access to this folder.
        self.folder.chmod(0o755)
        tree.chmod(0o777)
        fetched = subprocess.run(
            ["apt-get", "download", package], cwd=tree, capture_output=True, text=True, timeout=300
        )
        packages = list(tree.glob("*.deb"))
        if not packages:
            self.lacking(f"{package} is not installed and cannot be fetched: {fetched.stderr.strip()}")
        subprocess.run(["dpkg-deb", "-x", str(packages[0]), str(tree)], check=True, timeout=120)
        return tree / path.lstrip("/")

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vhc-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.record = self.folder / "record.json"
        self.put_record()

    def put_record(self) -> None:
        self.record.write_bytes(RECORD.read_bytes())
        self.record.chmod(0o644)

    def config(self, interval: int = 3600) -> str:
        return f"probe = {self.record}\ninterval = {interval}\n"

    def daemon(self, name: str = "daemon", **arguments: object) -> private_daemon.PrivateDaemon:
        folder = self.folder / name
        folder.mkdir()
        return private_daemon.PrivateDaemon(folder, **arguments)  # type: ignore[arg-type]
