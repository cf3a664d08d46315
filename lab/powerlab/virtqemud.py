# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's modular daemon for QEMU, which Debian builds and does not install: built from Debian's source package of it.

Only the daemon itself is compiled. libvirt's library and its driver for QEMU are Debian's own of the same version.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cachedir, crossbuild
from .failures import LabError, require_program
from .packages import Suite, native

_SOURCES = Suite(("trixie",), sources=True)
# As newer_daemon.py of the consumers' tests has it, so that the cache has it once.
LIBVIRT_DAEMON = ("libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-clients", "qemu-system-ppc", "busybox-static")
# No documentation, tests, firewall or policy.
_OPTIONS = (
    *("--auto-features=disabled", "--buildtype=plain", "-Dpackager=lab", "-Dno_git=true", "-Dsystem=false"),
    *("-Ddriver_remote=enabled", "-Ddriver_libvirtd=enabled", "-Ddriver_qemu=enabled", "-Djson_c=enabled"),
    *("-Dinit_script=systemd", "-Dsysconfdir=/etc", "-Dlocalstatedir=/var", "-Drunstatedir=/run", "-Dqemu_user=root", "-Dqemu_group=root"),
)
# For the sysroot of POWER: the C library's and libxml2's are in crossbuild's, but these depend on more of their own suite.
_CROSS_SUITE = Suite(("bookworm",), spare=("bookworm-updates", "trixie"))
_CROSS_PACKAGES = ["libc6-dev", "libglib2.0-dev", "libgnutls28-dev", "libjson-c-dev", "libtirpc-dev", "libxml2-dev", "libgcc-12-dev"]


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if re.search(r"\berror\b|FAILED", line, re.I)]
        raise LabError(f"Building virtqemud failed at `{' '.join(command[:4])}` in {folder}: {' '.join(said[:3]) or done.stderr[-300:]}")


def _unpack_source(folder: Path) -> Path:
    """libvirt's source with Debian's changes."""
    downloads = folder / "downloads"
    downloads.mkdir()
    files = _SOURCES.download_source("libvirt", downloads)
    tar = require_program("tar", "tar")
    for path in files:
        if ".orig.tar." in path.name and path.suffix != ".asc":
            _run([tar, "-xf", str(path)], folder)
    source = next(path for path in folder.iterdir() if path.name.startswith("libvirt-"))
    for path in files:
        if ".debian.tar." in path.name:
            _run([tar, "-xf", str(path)], source)
    series = source / "debian/patches/series"
    for line in series.read_text().splitlines() if series.is_file() else []:
        if line and not line.startswith("#"):
            _run([require_program("patch", "patch"), "--quiet", "-p1", "-i", f"debian/patches/{line}"], source)
    return source


def _launcher() -> list[str]:
    return ["ccache"] if shutil.which("ccache") else []


def _build(folder: Path, options: list[str], libraries: Path, arguments: list[str]) -> Path:
    """The daemon's own objects, linked with Debian's libraries of the same version in a folder."""
    build = folder / "build"
    _run([require_program("meson", "meson"), "setup", str(build), str(_unpack_source(folder)), *_OPTIONS, *options], folder)
    ninja = [require_program("ninja", "ninja-build"), "-C", str(build)]
    asked = subprocess.run([*ninja, "-t", "commands", "-s", "src/virtqemud"], capture_output=True, text=True, check=True).stdout
    # Ninja's last word is how libvirt's build would link it: the objects, archives of its own, and shared libraries.
    words = shlex.split([line for line in asked.splitlines() if " -o src/virtqemud " in line][-1])
    own = [word for word in words if word.startswith("src/") and word.endswith((".o", ".a"))]
    shared = [re.sub(r"(\.so\.\d+)\..*", r"\1", Path(word).name) for word in words if word.startswith("src/") and ".so" in word]
    if not own or not shared:
        raise LabError(f"libvirt's build links virtqemud in another way than lab/powerlab/virtqemud.py knows: {' '.join(words)[:300]}")
    nice = shutil.which("nice")
    _run([*([nice, "-n", "15"] if nice else []), *ninja, *own], folder)
    rest = [word for word in words if not word.startswith("src/") and not word.startswith(("-Wl,-rpath", "-Wl,--start", "-Wl,--end"))]
    _run([*rest[: rest.index("-o")], "-o", "virtqemud", *own, *(str(libraries / name) for name in shared), *rest[rest.index("-o") + 1 :], *arguments], build)
    return build


def _make_native(part: Path) -> None:
    root = newest_root()
    libraries = next(root.glob("usr/lib/*-linux-gnu"))
    with tempfile.TemporaryDirectory(prefix="vhc-virtqemud-") as temporary:
        folder = Path(temporary)
        native = folder / "native.ini"
        native.write_text(f"[binaries]\nc = {[*_launcher(), 'gcc']}\n")
        loader = next(libraries.glob("ld-linux*.so.*"))
        # All libraries are the root's, the C library too, whatever this machine has.
        arguments = [f"-Wl,--dynamic-linker={loader}", f"-Wl,-rpath,{libraries}", "-Wl,--disable-new-dtags", "-Wl,--allow-shlib-undefined"]
        build = _build(folder, ["--native-file", str(native), "--prefix=/usr"], libraries, arguments)
        part.mkdir()
        for path in (build / "virtqemud", build / "src/virtqemud.service"):
            shutil.copy(path, part)


def newest_root() -> Path:
    """Debian 13's libvirt for this machine, unpacked, with all that it depends on."""
    source = Suite(("trixie",), native("trixie").architecture)

    def make(part: Path) -> None:
        source.unpack([*LIBVIRT_DAEMON], part, dependencies=True)

    return cachedir.item(f"libvirt-daemons/trixie-{source.versions('libvirt-daemon')[0]}-qemu", make)


def native_daemon() -> tuple[Path, dict[str, str]]:
    """The folder of the daemon for this machine, virtqemud and virtqemud.service, and the environment that it needs."""
    root = newest_root()
    drivers = next(root.glob("usr/lib/*-linux-gnu/libvirt/connection-driver"))
    return cachedir.item(f"virtqemud/{root.name}", _make_native), {"LIBVIRT_DRIVER_DIR": str(drivers)}


def _make_cross_sysroot(part: Path) -> None:
    _CROSS_SUITE.unpack(_CROSS_PACKAGES, part, dependencies=True)


def _make_libraries(part: Path) -> None:
    Suite(("trixie",), spare=("forky",)).unpack(["libvirt0"], part, dependencies=False)


def _make_power(part: Path) -> None:
    root = cachedir.item("sysroot-virtqemud", _make_cross_sysroot)
    libraries = cachedir.item("libvirt0-debian13", _make_libraries)
    triple = "powerpc64le-linux-gnu"
    with tempfile.TemporaryDirectory(prefix="vhc-virtqemud-") as temporary:
        folder = Path(temporary)
        cross = folder / "cross.ini"
        cross.write_text(
            f"[binaries]\nc = {[*_launcher(), require_program(f'{triple}-gcc', 'g++-powerpc64le-linux-gnu')]}\nstrip = '{triple}-strip'\n"
            f"pkgconfig = 'pkg-config'\n[properties]\nsys_root = '{root}'\n"
            f"pkg_config_libdir = ['{root}/usr/lib/{triple}/pkgconfig', '{root}/usr/share/pkgconfig']\n"
            f"[built-in options]\nc_args = ['--sysroot={root}']\nc_link_args = ['--sysroot={root}']\n"
            "[host_machine]\nsystem = 'linux'\ncpu_family = 'ppc64'\ncpu = 'ppc64le'\nendian = 'little'\n"
        )
        build = _build(folder, ["--cross-file", str(cross), "--prefix=/usr"], libraries / f"usr/lib/{triple}", ["-Wl,--allow-shlib-undefined"])
        part.mkdir()
        _run([f"{triple}-strip", "-o", str(part / "virtqemud"), str(build / "virtqemud")], folder)


def power() -> Path:
    """The daemon for POWER, for the lab's root of Debian 13's libvirt."""
    return cachedir.item("virtqemud/ppc64el", _make_power) / "virtqemud"
