# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sets PowerVM's grant: the compatibility modes that the hypervisor allows a partition's guests to have.

QEMU's API v2 grants all modes up to the partition's own. PowerVM may grant any set of modes. A kernel asks for the
grant once, when kvm-hv is loaded, and keeps the hypervisor's answer in the variable nested_capabilities. The bitmap of
Linux 7.3 and the check of every virtual CPU use that variable (arch/powerpc/kvm/book3s_hv.c). gdb writes another answer
to it. The guest reads the variable through /proc/kcore before it continues.
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

# The hypervisor's bits (H_GUEST_CAP_POWER9 and so on, arch/powerpc/include/asm/hvcall.h). IBM counts bits from the top.
_BITS = {"power9": 1 << 62, "power10": 1 << 61, "power11": 1 << 60}
MODES = tuple(_BITS)
# gdb can access the variable only while the processor is in the kernel, so it may need several tries.
_TRIES = 60
_SECONDS = 30


def value(modes: tuple[str, ...]) -> int:
    """The hypervisor's answer that grants these modes and no others."""
    return sum(_BITS[mode] for mode in modes)


@dataclass(frozen=True)
class Granter:
    """Sets the grant of one running guest with gdb, through QEMU's stub."""

    host: str
    modes: tuple[str, ...]
    port: int

    def arguments(self) -> list[str]:
        """QEMU's options to listen for gdb. A local socket would disappear after the first connection."""
        return ["-gdb", f"tcp:127.0.0.1:{self.port}"]

    def apply(self, address: str, deadline: float) -> None:
        """Write the grant to the kernel's variable at an address (hexadecimal), until it reads back.

        address is `none` if the guest's kernel has no such variable. Raises LabError if the grant cannot be set,
        because the guest would wait for it forever.
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
        """gdb's output for some commands. The guest is stopped while they run."""
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
    """The object that sets the grant of a guest that is about to start; None if no grant is set."""
    if not modes:
        return None
    require_program("gdb-multiarch", "gdb-multiarch")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Granter(host, modes, free.getsockname()[1])
