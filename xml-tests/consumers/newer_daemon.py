# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs libvirt of newer Debian suites in namespaces, with the unpacked packages as the root."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from module_setup import SOURCE_ROOT

sys.path.insert(0, str(SOURCE_ROOT / "lab"))

from powerlab.native_libvirt import root_of  # noqa: E402

READY_SECONDS = 60.0

# Arguments: the unpacked packages, and the test's folder, which is mounted at /vhc. Everything runs in new namespaces.
_ENTER = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cd /mnt/root
for name in bin sbin lib lib64; do [ -e $name ] || ln -s usr/$name $name; done
mkdir -p var
rm -rf var/run
ln -s /run var/run
mkdir -p dev proc sys run tmp vhc etc/libvirt var/lib/libvirt var/cache/libvirt var/log/libvirt
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys || true
mount --bind "$2" vhc
# Debian's driver for QEMU wants its user, whom it does not use here.
printf 'root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:64055::/:/bin/false\n' > etc/passwd
printf 'root:x:0:\nlibvirt-qemu:x:64055:\n' > etc/group
exec chroot . "$(ls -d bin/busybox usr/bin/busybox 2>/dev/null | head -n 1)" sh /vhc/inside
"""

_DAEMON = r"""
PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /vhc
printf 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = [ ]\nnamespaces = [ ]\nstdio_handler = "file"\n' > /etc/libvirt/qemu.conf
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nunix_sock_dir = "/vhc"\n' > libvirtd.conf
# The shell waits for the emulators that the daemon leaves, which would stay defunct below the first process otherwise.
libvirtd -f /vhc/libvirtd.conf > output 2>&1 &
wait
"""


def command(root: Path, folder: Path, inside: str) -> list[str]:
    """The command that runs a script in the root, in which the folder is /vhc."""
    (folder / "inside").write_text(inside)
    root_rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", *root_rights, "sh", "-c", _ENTER, "sh", str(root), str(folder)]


class NewerDaemon:
    """A daemon of a suite with a socket in a folder, which must be empty; a context manager."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.folder = folder
        self._command = command(root_of(suite), folder, _DAEMON)

    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.folder}/libvirt-sock"

    def __enter__(self) -> NewerDaemon:
        self._process = subprocess.Popen(self._command, env={**os.environ, "LC_ALL": "C"})
        end = time.monotonic() + READY_SECONDS
        while not (self.folder / "libvirt-sock").exists():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__(None, None, None)
                raise AssertionError(f"the daemon does not start: {(self.folder / 'output').read_text()}")
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
