# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt of other Debian suites for this machine, unpacked into the cache with everything that it depends on."""

from __future__ import annotations

from pathlib import Path

from . import cachedir
from .packages import Suite, native

_WANTED = ("libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-clients", "qemu-system-ppc", "busybox-static")


def _source(suite: str) -> Suite:
    return Suite((suite,), native(suite).architecture)


def version_of(suite: str) -> str:
    """The newest version of libvirt in a suite."""
    return _source(suite).versions("libvirt-daemon")[0]


def root_of(suite: str) -> Path:
    """The libvirt of a suite; downloaded once for each version. Raises LabError."""

    def make(part: Path) -> None:
        _source(suite).unpack(list(_WANTED), part, dependencies=True)

    return cachedir.item(f"libvirt-daemons/{suite}-{version_of(suite)}-qemu", make)
