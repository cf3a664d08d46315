# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guest roots made of Debian packages: unpacked without package scripts, reduced, and packed once."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cachedir
from .apt import last_line
from .archive import Archive
from .elf import closure, interpreter
from .failures import LabError, require_program
from .packages import Suite


@dataclass(frozen=True)
class Root:
    """Packages with all their dependencies, of which the programs, their libraries and some data are kept.

    If the archive lacks packages of the suite, they come from its newer, spare suites.
    programs and data are patterns in the unpacked packages. Every pattern must match something.
    installed makes a complete system: its dpkg has the packages as installed, and /bin, /sbin and /lib are links into
    /usr, as on every installed Debian 12.
    """

    suite: Suite
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    data: tuple[str, ...] = ()
    installed: bool = False


_QEMU = "usr/bin/qemu-system-ppc64"
_FIRMWARE = ("usr/share/qemu/slof.bin", "usr/share/qemu/vof.bin")
_LIBVIRT = ("libvirt-daemon-system", "libvirt-clients", "qemu-system-ppc")
_APPARMOR = ("apparmor", "libvirt-daemon-system")
_APPARMOR_DATA = ("etc/apparmor.d/**/*", "etc/apparmor/*", "usr/share/apparmor-features/*")
_SELINUX_PROGRAMS = ("sbin/setfiles", "sbin/load_policy", "usr/sbin/setenforce", "usr/sbin/setfilecon", "usr/sbin/matchpathcon")
_LIBVIRT_PROGRAMS = (
    *("usr/sbin/libvirtd", "usr/bin/virsh", "usr/bin/virt-host-validate", _QEMU),
    "usr/lib/powerpc64le-linux-gnu/libvirt/connection-driver/*.so",
)
_LIBVIRT_DATA = ("usr/share/libvirt/**/*", "etc/libvirt/**/*", *_FIRMWARE)

_SYSTEMD_PROGRAMS = (
    *("lib/systemd/systemd", "lib/systemd/systemd-udevd", "lib/systemd/systemd-journald", "bin/udevadm"),
    *("bin/systemctl", "bin/journalctl", "bin/systemd-tmpfiles", "usr/bin/systemd-analyze", "bin/systemd-sysusers"),
)
_SYSTEMD_DATA = ("lib/systemd/system/**/*", "lib/udev/rules.d/*", "usr/lib/tmpfiles.d/*", "usr/lib/sysusers.d/*", "etc/systemd/*.conf", "etc/udev/*.conf")

# The packages of every Debian, apt, and the packages of a host with libvirt.
_INSTALLED = (
    *("apt", "base-files", "base-passwd", "bash", "bsdutils", "coreutils", "dash", "debianutils", "diffutils", "dpkg", "findutils"),
    *("grep", "gzip", "hostname", "init-system-helpers", "kmod", "libc-bin", "login", "mawk", "mount", "passwd", "perl-base", "procps"),
    *("sed", "sysvinit-utils", "tar", "util-linux", "systemd", "udev", "apparmor", *_LIBVIRT, "libpugixml1v5", "libstdc++6", "libxml2"),
)
_INSTALLED_PROGRAMS = (
    *("bin/*", "sbin/*", "usr/bin/*", "usr/sbin/*", "lib/systemd/*", "usr/lib/apt/methods/*", "usr/lib/dpkg/methods/**/*", "lib/udev/*"),
    *("usr/lib/powerpc64le-linux-gnu/libvirt/connection-driver/*.so", "usr/lib/powerpc64le-linux-gnu/perl-base/**/*.so"),
    *(f"usr/lib/powerpc64le-linux-gnu/{name}" for name in ("libpugixml.so.1*", "libstdc++.so.6*", "libxml2.so.2*", "libvirt.so.0*")),
)
_INSTALLED_DATA = (
    *("etc/**/*", "var/lib/dpkg/**/*", "usr/share/debianutils/*", "usr/share/dpkg/**/*", "usr/share/perl5/**/*", "usr/lib/powerpc64le-linux-gnu/perl-base/**/*"),
    *("usr/share/base-passwd/*", "lib/systemd/system/**/*", "lib/udev/rules.d/*", "usr/lib/tmpfiles.d/*", "usr/lib/sysusers.d/*"),
    *("usr/share/dbus-1/**/*", "usr/share/apparmor-features/*", "usr/share/libvirt/**/*", *_FIRMWARE),
)

_DEBIAN12 = Suite(("bookworm",), spare=("trixie",))
_DEBIAN13 = Suite(("trixie",), spare=("forky",))
_BACKPORTS = Suite(("bookworm", "bookworm-backports"), spare=("trixie",))

ROOTS = {
    "qemu7": Root(_DEBIAN12, ("qemu-system-ppc",), (_QEMU,), _FIRMWARE),
    "qemu10": Root(_BACKPORTS, ("qemu-system-ppc",), (_QEMU,), _FIRMWARE),
    "libvirt-debian12": Root(_DEBIAN12, _LIBVIRT, _LIBVIRT_PROGRAMS, _LIBVIRT_DATA),
    "libvirt-debian13": Root(_DEBIAN13, _LIBVIRT, _LIBVIRT_PROGRAMS, _LIBVIRT_DATA),
    "apparmor-debian12": Root(_DEBIAN12, _APPARMOR, ("sbin/apparmor_parser",), _APPARMOR_DATA),
    "apparmor-debian13": Root(_DEBIAN13, _APPARMOR, ("usr/sbin/apparmor_parser",), _APPARMOR_DATA),
    "selinux-debian12": Root(_DEBIAN12, ("policycoreutils", "selinux-utils"), _SELINUX_PROGRAMS),
    "systemd-debian12": Root(_DEBIAN12, ("systemd", "udev"), _SYSTEMD_PROGRAMS, _SYSTEMD_DATA),
    "installed-debian12": Root(_DEBIAN12, _INSTALLED, _INSTALLED_PROGRAMS, _INSTALLED_DATA, installed=True),
    "strace": Root(_DEBIAN12, ("strace",), ("usr/bin/strace",)),
}


# The links of merged-/usr.
_MERGED = {name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")}


def _chosen(tree: Path, root: Root) -> list[Path]:
    """The files of an unpacked tree that belong to the root."""
    programs: list[Path] = []
    data: list[Path] = []
    for patterns, into in ((root.programs, programs), (root.data, data)):
        for pattern in patterns:
            found = sorted(path for path in tree.glob(pattern) if path.is_symlink() or path.is_file())
            if not found:
                raise LabError(f"The packages {', '.join(root.packages)} have no {pattern} any more; change it in lab/powerlab/roots.py.")
            into += found
    # The target of a link may be missing: a package's script would make it.
    return sorted(path for path in {*closure(tree, programs), *data} if path.is_symlink() or path.is_file())


def _loader_links(tree: Path, paths: list[Path]) -> dict[str, str]:
    """Links for loaders that exist only below /usr. On a system where /lib64 is a link, no package contains that link.

    Raises LabError if a program's loader is missing: the guest would report the program as not found.
    """
    links: dict[str, str] = {}
    for path in paths:
        # Only executables have a loader, and a root has many more data files.
        loader = interpreter(path) if not path.is_symlink() and path.stat().st_mode & 0o111 else None
        if loader is None or tree / loader.lstrip("/") in paths:
            continue
        if tree / f"usr{loader}" not in paths:
            raise LabError(f"The loader {loader} of {path.relative_to(tree)} is in none of the packages; change them in lab/powerlab/roots.py.")
        links[loader.lstrip("/")] = f"/usr{loader}"
    return links


def _make(name: str, part: Path) -> None:
    root = ROOTS[name]
    zstd = require_program("zstd", "zstd")
    tree = part.with_name(part.name + ".tree")
    part.mkdir()
    try:
        versions = root.suite.unpack(list(root.packages), tree, dependencies=True, database=root.installed)
        (part / "versions").write_text("\n".join(versions) + "\n")
        with open(part / "root.cpio.zst", "wb") as packed:
            process = subprocess.Popen([zstd, "-q", "-10", "-c"], stdin=subprocess.PIPE, stdout=packed, stderr=subprocess.PIPE)
            assert process.stdin is not None
            try:
                chosen = _chosen(tree, root)
                links = _loader_links(tree, chosen)
                _write(tree, chosen, _MERGED if root.installed else links, Archive(process.stdin))  # type: ignore[arg-type]
            finally:
                _, errors = process.communicate()
        if process.returncode != 0:
            raise LabError(f"Cannot pack the root {name} ({last_line(errors.decode())}); check the free space in {part.parent}.")
    finally:
        if tree.exists():
            cachedir.remove_tree(tree)


def _write(tree: Path, paths: list[Path], links: dict[str, str], archive: Archive) -> None:
    # Packages from before merged-/usr have /lib as well as /usr/lib. Both are kept unless a link joins them.
    for path in paths:
        name = str(path.relative_to(tree))
        top = name.split("/")[0]
        name = links[top] + name.removeprefix(top) if top in links else name
        if path.is_symlink():
            archive.link(name, str(path.readlink()))
        else:
            archive.file(name, path.read_bytes(), path.stat().st_mode & 0o777)
    for name, target in links.items():
        archive.link(name, target)
    archive.close()


def get(name: str) -> Path:
    """The packed root of this name, made if it is not in the cache."""
    return cachedir.item(f"roots/{name}", lambda part: _make(name, part)) / "root.cpio.zst"


def version(name: str, package: str) -> str:
    """The version of a package in a root."""
    for line in (get(name).parent / "versions").read_text().splitlines():
        if line.split(" ")[0] == package:
            return line.split(" ")[1]
    raise LabError(f"The root {name} has no package {package}.")
