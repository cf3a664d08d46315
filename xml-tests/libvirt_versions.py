#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs grammars_agree.py with the schemas of several libvirt versions, downloaded from Debian's suites."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))

from powerlab import cachedir, packages  # noqa: E402
from powerlab.failures import LabError  # noqa: E402

SKIPPED = 77
# The package that contains the schemas: libvirt0 in Debian 12, libvirt-common since.
SUITES = {"bookworm": "libvirt0", "trixie": "libvirt-common", "sid": "libvirt-common"}


def schemas(suite: str, package: str) -> str:
    """VERSION=FOLDER of a suite's schemas, downloaded once for each version."""
    source = packages.native(suite)
    version = source.versions(package)[0]
    folder = cachedir.item(
        f"schemas/{package}_{version}", lambda part: source.unpack([package], part, dependencies=False)
    )
    return f"{version}={folder}/usr/share/libvirt/schemas"


def main() -> int:
    judge = sys.argv[1]
    try:
        found = [schemas(suite, package) for suite, package in SUITES.items()]
    except LabError as error:
        print(f"skipped: {error}")
        return SKIPPED
    arguments = [argument for entry in found for argument in ("--libvirt", entry)]
    return subprocess.run([HERE / "grammars_agree.py", judge, "--only-libvirt", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
