# SPDX-License-Identifier: LGPL-2.1-or-later
"""The QEMUs of the lab: the installed one, and QEMU 10, which is unpacked into the cache."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import cachedir, mirror
from .failures import LabError, require_program
from .packages import Candidate, Suite, native, unpack_first

_NAME = "qemu-system-ppc64"
_PACKAGE = "qemu-system-ppc"


@dataclass(frozen=True)
class Emulator:
    """A QEMU that runs on this machine: its command, the folders of its firmware, and its libraries."""

    command: tuple[str, ...]
    libraries: str
    version: str

    def environment(self) -> dict[str, str]:
        """The environment in which it is started."""
        return {**os.environ, "LD_LIBRARY_PATH": self.libraries} if self.libraries else dict(os.environ)


def _version(command: tuple[str, ...], libraries: str) -> str:
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries} if libraries else None
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False, env=environment)
    match = re.search(r"version (\d+\S*)", done.stdout)
    if match is None:
        message = done.stderr.strip().splitlines()
        raise LabError(f"{command[0]} does not run on this machine ({message[-1] if message else 'no message'}).")
    return match[1]


def _candidates(suite: Suite) -> list[Candidate]:
    return [Candidate((f"{_PACKAGE}={version}",), version) for version in suite.versions(_PACKAGE) if version.startswith("1:10.")]


def _make_newer(part: Path) -> None:
    # apt treats the installed packages as present, so it only adds what QEMU 10 needs in addition.
    suites = (native("bookworm", "bookworm-backports", spare=("trixie",)), native("bookworm", "trixie", spare=("forky",)))
    none = f"QEMU 10 is in neither bookworm-backports nor trixie of {mirror.archive()} any more; name another archive in {mirror.ENVIRONMENT}."
    unpack_first(suites, _candidates, part, True, none)
    # apt also downloads newer versions of packages that belong to the installed QEMU. They are not needed.
    for path in [*part.glob("usr/bin/*"), *part.glob("usr/share/*")]:
        if path.name not in (_NAME, "qemu", "seabios"):
            cachedir.remove_tree(path)


@cache
def get(major: int) -> Emulator:
    """The emulator of a major version. 7 means the installed QEMU, whatever its version is."""
    if major == 7:
        own = (require_program(_NAME, "qemu-system-ppc"),)
        return Emulator(own, "", _version(own, ""))
    tree = cachedir.item(f"qemu-{major}", _make_newer)
    libraries = ":".join(str(path) for path in sorted(tree.glob("usr/lib/*-linux-gnu")))
    # SLOF and skiboot are in folders of other installed packages. QEMU's own data comes first.
    folders = [folder for folder in (tree / "usr/share/qemu", tree / "usr/share/seabios", Path("/usr/share/qemu")) if folder.is_dir()]
    command = (str(tree / "usr/bin" / _NAME), *(word for folder in folders for word in ("-L", str(folder))))
    # A C library from a newer suite works only with its own loader.
    if loaders := sorted(tree.glob("usr/lib/*-linux-gnu/ld-linux*.so.*")):
        command, libraries = (str(loaders[0]), "--library-path", libraries, *command), ""
    return Emulator(command, libraries, _version(command, libraries))
