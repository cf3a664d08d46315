# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds libvirt's modular daemon for QEMU, which no Debian package contains, from Debian's source package of libvirt.

Only the daemon itself is compiled. It is linked with Debian's own library of the same version, and loads Debian's own
driver for QEMU.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import cachedir, native_libvirt
from .failures import LabError, require_program
from .packages import Suite

SUITE = "trixie"
_SOURCES = Suite((SUITE,), sources=True)
# No documentation, tests, firewall or policy. The folders are those of Debian's library.
_OPTIONS = (
    *("--auto-features=disabled", "--buildtype=plain", "--prefix=/usr", "-Dno_git=true", "-Dsystem=false"),
    *("-Ddriver_remote=enabled", "-Ddriver_libvirtd=enabled", "-Ddriver_qemu=enabled", "-Djson_c=enabled"),
    *("-Dinit_script=systemd", "-Dsysconfdir=/etc", "-Dlocalstatedir=/var", "-Drunstatedir=/run", "-Dqemu_user=root", "-Dqemu_group=root"),
)


@dataclass(frozen=True)
class Daemon:
    """The built daemon, its unit for systemd, the folder of the driver that it must load, and libvirt's data."""

    program: Path
    unit: Path
    drivers: Path
    data: Path


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if re.search(r"\berror\b|FAILED|undefined", line, re.I)]
        raise LabError(f"Building virtqemud failed at `{' '.join(command)[:80]}`: {' '.join(said[:3]) or done.stderr[-300:]} (.ci/install-packages lab/packages-virtqemud.txt installs what it needs)")


def _unpack_source(folder: Path, version: str) -> Path:
    """libvirt's source with Debian's changes. It must have the version of the library."""
    files = _SOURCES.download_source("libvirt", folder / "downloads")
    changes = next(path for path in files if ".debian.tar." in path.name)
    if not changes.name.startswith(f"libvirt_{version}.debian."):
        raise LabError(f"The archive has {changes.name}, but the library is that of libvirt {version}; run the same command again later.")
    source = folder / "source"
    source.mkdir()
    tar = require_program("tar", "tar")
    _run([tar, "-xf", str(next(path for path in files if ".orig.tar." in path.name and path.suffix != ".asc")), "--strip-components=1"], source)
    _run([tar, "-xf", str(changes)], source)
    series = source / "debian/patches/series"
    for line in series.read_text(encoding="utf-8").splitlines() if series.is_file() else []:
        if line and not line.startswith("#"):
            _run([require_program("patch", "patch"), "--quiet", "-p1", "-i", f"debian/patches/{line}"], source)
    return source


def _link_command(ninja: list[str]) -> list[str]:
    """How libvirt's build links the daemon: with its own objects, archives, and libvirt's shared libraries."""
    asked = subprocess.run([*ninja, "-t", "commands", "-s", "src/virtqemud"], capture_output=True, text=True, check=True).stdout
    found = [shlex.split(line) for line in asked.splitlines() if " -o src/virtqemud " in line]
    if not found:
        raise LabError(f"libvirt's build does not link src/virtqemud as lab/powerlab/virtqemud.py expects: {asked[-300:]}")
    return found[-1]


def _link(words: list[str], own: list[str], libraries: Path, build: Path) -> None:
    """Link the daemon as libvirt's build does, but with Debian's libraries in place of libvirt's shared ones."""
    # The build's libvirt.so.0.11003.0 is libvirt.so.0 for the loader.
    shared = [str(libraries / re.sub(r"(\.so\.\d+)\..*", r"\1", Path(word).name)) for word in words if word.startswith("src/") and ".so" in word]
    if not shared:
        raise LabError(f"libvirt's build links virtqemud with no shared library of its own: {' '.join(words)[:300]}")
    left_out = ("src/", "-Wl,-rpath", "-Wl,--start-group", "-Wl,--end-group")
    rest = [word for word in words if not word.startswith(left_out)]
    output = rest.index("-o")
    loader = next(libraries.glob("ld-linux*.so.*"))
    # Every library is Debian 13's, the C library too, whatever is installed on this machine.
    place = [f"-Wl,--dynamic-linker={loader}", f"-Wl,-rpath,{libraries}", "-Wl,--disable-new-dtags", "-Wl,--allow-shlib-undefined"]
    _run([*rest[:output], "-o", "virtqemud", *own, *shared, *rest[output + 1 :], *place], build)


def _make(root: Path, version: str, part: Path) -> None:
    libraries = next(root.glob("usr/lib/*-linux-gnu"))
    with tempfile.TemporaryDirectory(prefix="virtqemud.", dir=cachedir.root()) as temporary:
        folder = Path(temporary)
        source, build = _unpack_source(folder, version), folder / "build"
        _run([require_program("meson", "meson"), "setup", str(build), str(source), *_OPTIONS], folder)
        ninja = [require_program("ninja", "ninja-build"), "-C", str(build)]
        words = _link_command(ninja)
        own = [word for word in words if word.startswith("src/") and word.endswith((".o", ".a"))]
        _run([*ninja, "-j", "1", *own], folder)
        _link(words, own, libraries, build)
        part.mkdir()
        for path in (build / "virtqemud", build / "src/virtqemud.service"):
            shutil.copy(path, part)


def daemon() -> Daemon:
    """The daemon for this machine, built if it is not in the cache."""
    root, version = native_libvirt.root_of(SUITE), native_libvirt.version_of(SUITE)
    folder = cachedir.item(f"virtqemud/{SUITE}-{version}", lambda part: _make(root, version, part))
    drivers = next(root.glob("usr/lib/*-linux-gnu/libvirt/connection-driver"))
    return Daemon(folder / "virtqemud", folder / "virtqemud.service", drivers, root / "usr/share/libvirt")
