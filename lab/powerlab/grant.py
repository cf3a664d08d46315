# SPDX-License-Identifier: LGPL-2.1-or-later
"""PowerVM's grant: which compatibility modes the hypervisor lets a partition's guests have.

QEMU's API v2 grants all modes up to the partition's own. PowerVM grants what it likes, and a kernel learns it
once, when kvm-hv is loaded: the hypervisor's answer stays in the variable nested_capabilities, which the bitmap
of Linux 7.3 and the check of every virtual processor read (arch/powerpc/kvm/book3s_hv.c). gdb writes another
answer there. The guest reads the variable through /proc/kcore before it goes on.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

from .apt import last_line
from .children import die_with_parent
from .failures import LabError, require_program

# The hypervisor's bits (H_GUEST_CAP_POWER9 and so on, arch/powerpc/include/asm/hvcall.h): IBM counts from the top.
_BITS = {"power9": 1 << 62, "power10": 1 << 61, "power11": 1 << 60}
MODES = tuple(_BITS)
# gdb reaches the variable only while the processor is in the kernel, so it may take a few tries.
_TRIES = 60
_SECONDS = 30


def value(modes: tuple[str, ...]) -> int:
    """The hypervisor's answer that grants these modes and no others."""
    return sum(_BITS[mode] for mode in modes)


@dataclass(frozen=True)
class Granter:
    """Sets the grant of one running guest through its QEMU's stub for gdb."""

    host: str
    modes: tuple[str, ...]
    port: int

    def arguments(self) -> list[str]:
        """What QEMU needs to listen to gdb; a local socket of its would be gone after the first connection."""
        return ["-gdb", f"tcp:127.0.0.1:{self.port}"]

    def apply(self, address: str, deadline: float) -> None:
        """Write the grant to the kernel's variable at an address (hexadecimal), until it reads back.

        address is `none` where the guest's kernel has no such variable. Raises LabError where the grant cannot
        be set; the guest waits for it and would not go on.
        """
        wanted = value(self.modes)
        if not re.fullmatch(r"[0-9a-f]{16}", address):
            raise LabError(f"The grant of {self.host} cannot be set: its kernel has no variable nested_capabilities of kvm-hv; is the module loaded?")
        said = ""
        for _ in range(_TRIES):
            if time.monotonic() >= deadline:
                break
            out, err = self._gdb(f"set {{unsigned long}}0x{address} = {wanted:#x}", f'printf "it is %#lx\\n", {{unsigned long}}0x{address}')
            if f"it is {wanted:#x}" in out.splitlines():
                return
            said = last_line(err or out)
            time.sleep(0.5)
        raise LabError(f"The grant of {self.host} cannot be set: gdb-multiarch never read {wanted:#x} back from 0x{address}; it last said: {said or 'nothing'}")

    def _gdb(self, *commands: str) -> tuple[str, str]:
        """What gdb says to commands, with the guest stopped for as long as they take."""
        program = require_program("gdb-multiarch", "gdb-multiarch")
        whole = ("set architecture powerpc:common64", "set endian little", f"target remote 127.0.0.1:{self.port}", *commands, "detach")
        arguments = [word for command in whole for word in ("-ex", command)]
        try:
            done = subprocess.run(
                [program, "-nx", "-batch", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        except subprocess.TimeoutExpired:
            return "", f"gdb gave no answer in {_SECONDS} seconds"
        return done.stdout, done.stderr


def granter(host: str, modes: tuple[str, ...]) -> Granter | None:
    """What sets the grant of a guest that is about to start; None where nothing is granted."""
    if not modes:
        return None
    require_program("gdb-multiarch", "gdb-multiarch")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Granter(host, modes, free.getsockname()[1])
