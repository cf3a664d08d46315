# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives tests a cache of their own, and fake commands that replace apt and QEMU."""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from powerlab import cachedir, emulators, kernels, mirror, results
from powerlab.archive import Archive

# Reads the token from the initrd, as a guest would.
FAKE_QEMU = """#!/bin/sh
for word; do
    [ "$word" = --version ] && { echo "QEMU emulator version 7.2.0"; exit 0; }
    [ "$last" = -initrd ] && initrd=$word
    last=$word
done
token=$(grep -a -o 'lab_token=[0-9a-f][0-9a-f]*' "$initrd" | cut -d= -f2)
"""


class LabTest(unittest.TestCase):
    """Gives each test an empty cache, a folder of fake commands first on PATH, and a mirror that does not exist."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="lab-test.")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.commands = self.folder / "bin"
        self.commands.mkdir()
        self._set(cachedir.ENVIRONMENT, str(self.folder / "cache"))
        self._set(mirror.ENVIRONMENT, "http://archive.invalid/debian")
        self._set("PATH", f"{self.commands}:{os.environ['PATH']}")
        self.addCleanup(setattr, results, "FOLDER", results.FOLDER)
        results.FOLDER = self.folder / "results"
        for cached in (emulators.get, kernels.get, mirror.archive, mirror.network_settings):
            cached.cache_clear()
            self.addCleanup(cached.cache_clear)

    def _set(self, name: str, value: str) -> None:
        before = os.environ.get(name)
        os.environ[name] = value
        self.addCleanup(lambda: os.environ.pop(name) if before is None else os.environ.__setitem__(name, before))

    def command(self, name: str, script: str) -> None:
        """Put a fake command first on PATH."""
        path = self.commands / name
        path.write_text(script)
        path.chmod(0o755)

    def fake_kernel(self) -> None:
        """Put a kernel and a busybox into the cache that only fake commands use."""
        folder = cachedir.root() / "kernels/7.3"
        folder.mkdir(parents=True)
        (folder / "vmlinux").write_bytes(b"kernel")
        (folder / "kvm.ko").write_bytes(b"module")
        (folder / "ibmveth.ko").write_bytes(b"driver")
        (folder / "kernel.json").write_text(json.dumps({"release": "7.3-test", "version": "7.3-1", "modules": ["kvm.ko"]}))
        base = cachedir.root() / "base/7.3-7.3-1.cpio.gz"
        base.parent.mkdir()
        with gzip.open(base, "wb") as stream:
            Archive(stream).close()  # type: ignore[arg-type]

    def leftovers(self) -> list[str]:
        """Files in the cache that look unfinished."""
        return [str(path) for path in cachedir.root().rglob("*") if path.name.endswith((".part", ".tree")) or path.name.startswith(("tmp", "debs."))]
