# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sysroot for ppc64le, and the project's tool cross-built with it as a static program."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from . import cachedir
from .apt import last_line
from .failures import LabError, require_program
from .packages import Suite

SOURCE = Path(__file__).resolve().parents[2]
_CROSS_FILE = SOURCE / "lab/ppc64le.ini"
_TOOL = "tools/virt-host-compat"
_MODULE = "driver/libvirt/module/virt-host-compat-libvirt.so"
# Bookworm, like the cross compiler, so that both use the same C library.
_SUITE = Suite(("bookworm",), spare=("bookworm-updates", "trixie"))
_PACKAGES = [
    *("libc6-dev", "libc6", "linux-libc-dev", "libxml2-dev", "libxml2", "libpugixml-dev", "zlib1g-dev", "liblzma-dev"),
    *("libicu-dev", "libfmt-dev", "nlohmann-json3-dev", "libcli11-dev", "libgtest-dev", "libgmock-dev", "libstdc++-12-dev"),
    *("libgcc-12-dev", "libcrypt-dev", "libtirpc-dev", "libnsl-dev"),
]


def _make_sysroot(part: Path) -> None:
    _SUITE.unpack(_PACKAGES, part, dependencies=False)


def sysroot() -> Path:
    """The folder with the ppc64el headers and static libraries, created if it is not in the cache."""
    return cachedir.item("sysroot", _make_sysroot)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        raise LabError(f"Cross-building failed at `{' '.join(command[:3])}`: {last_line(os.linesep.join(errors) or done.stderr)}")


def default_folder(source: Path = SOURCE) -> Path:
    """The build folder for a source folder, because several checkouts may share a cache."""
    return cachedir.root() / "build" / hashlib.sha256(str(source).encode()).hexdigest()[:12]


def build(folder: Path, source: Path = SOURCE, options: tuple[str, ...] = ("-Dtests=disabled",), jobs: int = 2, progress: bool = False) -> Path:
    """Cross-build the project into a folder and return the tool. An existing build is updated.

    `progress` shows the progress on standard error.
    """
    with cachedir.lock(f"build-{folder}"):
        return _build(folder, source, ("-Dstatic=true", *options), jobs, [_CROSS_FILE], _TOOL, progress)


def _make_libvirt_headers(part: Path) -> None:
    _SUITE.unpack(["libvirt-dev"], part, dependencies=False)


def build_module(folder: Path, source: Path = SOURCE, jobs: int = 2) -> Path:
    """Cross-build the module for libvirt's daemons into a folder and return it.

    It is the only part that is not a static program. It uses the C library of the root that loads it.
    """
    headers = cachedir.item("libvirt-dev", _make_libvirt_headers)
    with cachedir.lock(f"build-{folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        shared = folder / "shared.ini"
        found = f"sysroot / 'usr/lib' / triple / 'pkgconfig', sysroot / 'usr/share/pkgconfig', '{headers}/usr/lib' / triple / 'pkgconfig'"
        shared.write_text(
            f"[binaries]\nexe_wrapper = 'true'\n[properties]\npkg_config_libdir = [{found}]\n"
            f"[built-in options]\ncpp_args = ['--sysroot=' + sysroot, '-isystem{headers}/usr/include']\ncpp_link_args = ['--sysroot=' + sysroot]\n"
        )
        options = ("-Dtests=disabled", "-Dlibvirt=enabled", "-Dprefix=/usr", "-Dsysconfdir=/etc")
        return _build(folder, source, options, jobs, [_CROSS_FILE, shared], _MODULE)


def _build(folder: Path, source: Path, options: tuple[str, ...], jobs: int, cross_files: list[Path], made: str, progress: bool = False) -> Path:
    require_program("powerpc64le-linux-gnu-g++", "g++-powerpc64le-linux-gnu")
    folder.mkdir(parents=True, exist_ok=True)
    constants = folder / "sysroot.ini"
    launcher = "['ccache']" if shutil.which("ccache") else "[]"
    constants.write_text(f"[constants]\nsysroot = '{sysroot()}'\nlauncher = {launcher}\n")
    build_folder = folder / "build"
    meson = require_program("meson", "meson")
    if not (build_folder / "build.ninja").exists():
        cross = [argument for path in (constants, *cross_files) for argument in ("--cross-file", str(path))]
        _run([meson, "setup", str(build_folder), str(source), *cross, "-Dbuildtype=release", *options], folder)
    ninja = [require_program("ninja", "ninja-build"), "-C", str(build_folder), f"-j{jobs}", *([] if "-Dtests=enabled" in options else [made])]
    if progress:
        shown = subprocess.run([str(SOURCE / ".ci/show-progress"), str(folder / "ninja.log"), *ninja], stdout=2, check=False)
        if shown.returncode != 0:
            raise LabError(f"Cross-building failed at `{' '.join(ninja[:3])}`; its errors are above and in {folder}/ninja.log.")
    else:
        _run(ninja, folder)
    result = build_folder / made
    if not result.exists():
        raise LabError(f"The build in {build_folder} made no {made}.")
    return result
