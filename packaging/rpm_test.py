#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs and erases the RPM packages in a clean root, searches for files that are left, and runs rpmlint.

Usage: rpm_test.py FOLDER, with the packages that packaging/build-rpm made here. Needs root, mmdebstrap, rpm and
rpmlint. The root is a Debian 12 with the libraries that the programs need. rpm's own dependencies are not checked,
because they have Fedora's names.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from deb_test import ENABLED, ROOT, System, enable, hardened, it_enables_nothing, it_works

sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402

CONFIGURATION = ROOT / "packaging/rpm/rpmlint.toml"
SPEC = ROOT / "packaging/rpm/virt-host-compat.spec"


def rpmlint(files: list[Path]) -> list[str]:
    done = subprocess.run(["rpmlint", "--strict", "--config", str(CONFIGURATION), str(SPEC), *map(str, files)], capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if re.search(r": [EWI]: ", line)]
    return said or ([done.stdout + done.stderr] if done.returncode or f"{len(files)} packages" not in done.stdout else [])


def rpm(system: System, *arguments: str) -> list[str]:
    """Debian's rpm requires an extra option, and keeps its database in the user's home."""
    done = subprocess.run(["rpm", "--root", str(system.place), "--dbpath", "/var/lib/rpm", "--force-debian", *arguments], capture_output=True, text=True, check=False)
    return [f"rpm {arguments[0]}: {done.stdout}{done.stderr}"] if done.returncode or done.stderr else []


def erase(system: System, names: list[str], before: dict[str, str]) -> list[str]:
    problems = rpm(system, "--erase", *names)
    # Files that the test itself created for other programs, and folders that belong to pkgconf on Fedora and openSUSE.
    made = {"/etc/libvirt", "/etc/libvirt/hooks", "/etc/ansible", "/etc/ansible/facts.d", "/usr/lib64/pkgconfig", "/usr/share/pkgconfig"}
    after = {path: what for path, what in system.files().items() if not path.startswith("/var/lib/rpm/")}
    problems += [f"left: {path}" for path in sorted(after.keys() - before.keys() - made)]
    return problems + [f"gone: {path}" for path in sorted(before.keys() - after.keys())]


def requires(files: list[Path]) -> list[str]:
    """Checks the dependencies that rpm found in the compiled files of each package."""
    problems = []
    for package, wanted, never in (
        ("virt-host-compat", ("libpugixml.so", "libxml2.so"), ("libvirt",)),
        ("libvirt-daemon-plugin-virt-host-compat", ("virt-host-compat = ",), ("libstdc", "libxml2", "libvirt")),
        ("libvirt-host-compat0", ("libstdc",), ("libxml2", "libvirt")),
        ("libvirt-host-compat-devel", ("libvirt-host-compat0 = ",), ("libvirt.so",)),
    ):
        file = next(file for file in files if file.name.startswith(f"{package}-1"))
        said = subprocess.run(["rpm", "-qp", "--requires", str(file)], capture_output=True, text=True, check=True).stdout
        problems += [f"{package} does not require {name}: {said}" for name in wanted if name not in said]
        problems += [f"{package} requires {name}: {said}" for name in never if re.search(rf"^{name}[.(+]", said, re.M)]
    return problems


def main(folder: str) -> int:
    files = sorted(file for file in Path(folder).glob("*.rpm") if not file.name.endswith(".src.rpm"))
    if len(files) != 4:
        print(f"Bail out! {folder} has {[file.name for file in files]}; run packaging/build-rpm first")
        return 1
    names = [re.sub(r"-[^-]+-[^-]+$", "", file.stem) for file in files]
    version = files[0].stem.split("-")[-2]
    with tempfile.TemporaryDirectory() as temporary:
        system = System(Path(temporary, "root"), "bookworm")
        done = system.run("apt-get", "install", "-y", "--no-install-recommends", "libpugixml1v5", "libxml2", "libstdc++6")
        if done.returncode:
            raise RuntimeError(f"apt-get install: {done.stderr}")
        (system.place / "var/lib/rpm").mkdir()
        before = system.files()
        return tap.run(
            {
                "rpmlint": partial(rpmlint, files),
                "what they require": partial(requires, files),
                "they install": partial(rpm, system, "--install", "--nodeps", *map(str, files)),
                "nothing is enabled": partial(it_enables_nothing, system),
                "the command works": partial(it_works, system, version),
                "programs are hardened": partial(hardened, system.place),
                "everything can be enabled": partial(enable, system),
                "installing them again keeps it": lambda: rpm(system, "--install", "--nodeps", "--replacepkgs", *map(str, files)) + [f"it took /{path} away" for path in ENABLED if not (system.place / path).exists()],
                "erasing leaves nothing": partial(erase, system, names, before),
            }
        )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
