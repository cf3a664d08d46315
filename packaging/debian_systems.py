# SPDX-License-Identifier: LGPL-2.1-or-later
"""Temporary Debian systems in which the tests of the packages install them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("virt-host-compat", "libvirt-daemon-plugin-virt-host-compat", "libvirt-host-compat0", "libvirt-host-compat-dev")
# Files that apt, dpkg and systemd's helper programs write.
OTHERS = re.compile(r"^/(var/lib/(dpkg|apt|systemd|ucf)|var/cache|var/log|proc|sys|dev|run|tmp|packages)(/|$)|^/etc/(ld\.so\.cache|passwd-|group-|shadow-|gshadow-|\.pwd\.lock)")


class System:
    """A temporary Debian."""

    def __init__(self, place: Path, suite: str, like: Path | None = None) -> None:
        self.place = place
        self.suite = suite
        if like is not None:
            subprocess.run(["cp", "-a", str(like), str(place)], check=True)
            return
        done = subprocess.run(["mmdebstrap", "--variant=apt", "--mode=root", suite, str(place)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap: {done.stderr[-500:]}")
        (place / "packages").mkdir()
        self.run("apt-get", "update")

    def copy(self, place: Path) -> System:
        return System(place, self.suite, self.place)

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        return subprocess.run(["chroot", str(self.place), *command], capture_output=True, text=True, check=False, env=environment, input=given)

    def try_install(self, *files: Path, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        for file in files:
            shutil.copy(file, self.place / "packages")
        return self.run("apt-get", "install", "-y", "--no-install-recommends", *options, *(f"/packages/{file.name}" for file in files))

    def install(self, *files: Path, options: tuple[str, ...] = ()) -> None:
        done = self.try_install(*files, options=options)
        if done.returncode:
            raise RuntimeError(f"apt-get install: {done.stdout[-1500:]}{done.stderr[-400:]}")

    def state(self, package: str) -> str:
        """The status of a package in dpkg: 'installed', 'half-installed', 'config-files', or empty."""
        return self.run("dpkg-query", "-W", "-f", "${db:Status-Status}", package).stdout

    @contextmanager
    def read_only(self, path: str) -> Iterator[None]:
        """Makes a folder or file of the root read-only with a bind mount."""
        place = str(self.place / path)
        subprocess.run(["mount", "--bind", place, place], check=True)
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
            yield
        finally:
            subprocess.run(["umount", place], check=True)

    def files(self) -> dict[str, str]:
        """Every file and link with its size and time, without the cache files of dependencies."""
        found = {}
        for folder, names, files in os.walk(self.place):
            for name in names + files:
                path = Path(folder, name)
                inside = "/" + str(path.relative_to(self.place))
                if not OTHERS.search(inside):
                    status = path.lstat()
                    found[inside] = f"{status.st_mode:o}" if path.is_dir() and not path.is_symlink() else f"{status.st_mode:o} {status.st_size}"
        return found


class Emulated:
    """The packages and their dependencies, unpacked but not configured, with programs that QEMU runs."""

    def __init__(self, place: Path, suite: str, architecture: str, files: list[Path]) -> None:
        self.place = place
        depends = {re.sub(r"[ (:].*", "", name) for file in files for name in subprocess.run(["dpkg-deb", "-f", str(file), "Depends"], capture_output=True, text=True, check=True).stdout.strip().split(", ")}
        needed = sorted(depends - {"", *PACKAGES})
        done = subprocess.run(["mmdebstrap", "--variant=extract", "--mode=root", f"--architectures={architecture}", f"--include={','.join(needed)}", suite, str(place), "http://deb.debian.org/debian"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap: {done.stderr[-500:]}")
        for file in files:
            subprocess.run(["dpkg-deb", "-x", str(file), str(place)], check=True)
        emulator = shutil.which({"ppc64el": "qemu-ppc64le-static"}[architecture])
        if emulator is None:
            raise RuntimeError("there is no qemu-ppc64le-static (qemu-user-static)")
        shutil.copy(emulator, place / "emulator")
        (place / "root").mkdir(exist_ok=True)

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        path = f"/usr/bin/{command[0]}"
        return subprocess.run(["chroot", str(self.place), "/emulator", path, *command[1:]], capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin"}, input=given)
