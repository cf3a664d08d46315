# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots a host under QEMU, reads its console and extracts the result."""

from __future__ import annotations

import math
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from . import cachedir, emulators, grant, kernels
from .children import die_with_parent
from .console import Console
from .failures import STATUS_TIMED_OUT, LabError
from .hosts import Host
from .job import Job, write_initrd

# Firmware, kernel and init under TCG: 8 to 20 seconds, and many times that on a crowded machine.
BOOT_SECONDS = 400
# DAMON counts accesses to memory, and so clears the "referenced" bit of the pages that KVM maps for a guest. QEMU's
# emulation then repeats one fault for ever if such a page holds a page table of the guest: it reads the faulting
# instruction for the fault's status, which needs the same page (seen in QEMU 10: HDSISR 0x40000, HDAR the address of an
# instruction). Kernels since 6.17 start DAMON at boot.
ARGUMENTS = "console=hvc0 quiet panic=-1 damon_stat.enabled=0"
# How many times the longest pause of a host, which is most often its kernel's start, another pause may last.
_PATIENCE = 6
# How long QEMU may run after its guest has reported the end.
_LEAVE_SECONDS = 5
# skiboot and the kernel limit the initrd: on PowerNV it is loaded between 640 MiB and 768 MiB.
_POWERNV_INITRD_LIMIT = 128 << 20


@dataclass
class Outcome:
    """The result of a guest: the program's output and status, its files, and how the run went."""

    status: int
    stdout: bytes
    stderr: bytes
    modules: str
    dmesg: str
    files: dict[str, bytes]
    seconds: float
    timed_out: bool
    console: str = field(repr=False, default="")
    # Why the job did not end, if it had sent files before; its status is then 125.
    lost: str = ""


_live: set[subprocess.Popen[bytes]] = set()


def end_all() -> None:
    """Terminate all QEMUs of this process. The threads that watch them notice it."""
    for process in list(_live):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Terminate QEMU with SIGTERM, and with SIGKILL if it does not react."""
    _live.discard(process)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def command_line(host: Host, initrd: str, memory: str | None = None, more: Sequence[str] = ()) -> list[str]:
    """The QEMU command of a host with this initrd. `memory` overrides the host's, `more` is appended."""
    emulator = emulators.get(host.qemu)
    kernel = kernels.get(host.kernel)
    return [
        *emulator.command,
        *("-nographic", "-nodefaults", "-serial", "stdio", "-monitor", "none"),
        *("-machine", host.machine_argument(), "-cpu", host.cpu, "-m", memory or host.memory, "-smp", host.smp),
        *("-kernel", str(kernel.image), "-initrd", initrd),
        *("-append", ARGUMENTS, "-no-reboot"),
        *host.extra,
        *more,
    ]


def _watch(process: subprocess.Popen[bytes], console: Console, deadline: float, silence: float | None, copy: BinaryIO | None, granter: grant.Granter | None) -> bool:
    """Read the console until the last frame is complete or QEMU ends; False at the deadline or on silence.

    A host that was slow before, as on a machine with other work, may be silent for longer than `silence`.
    """
    assert process.stdout is not None
    heard, longest = time.monotonic(), 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not console.ended:
            patience = max(silence, _PATIENCE * longest) if silence else math.inf
            left = min(deadline, heard + patience) - time.monotonic()
            if left <= 0:
                return False
            if selector.select(min(left, 1.0)):
                data = os.read(process.stdout.fileno(), 1 << 16)
                if not data:
                    return True
                heard, before = time.monotonic(), heard
                longest = max(longest, heard - before)
                if copy is not None:
                    copy.write(data)
                    copy.flush()
                console.feed(data)
                if granter is not None and console.grant is not None:
                    granter.apply(console.grant, deadline)
                    console.grant = None
    return True


@contextmanager
def _first_root(host: Host, job: Job, token: str) -> Iterator[BinaryIO]:
    """Write the guest's initrd to an unlinked file, so that nothing is left behind however the lab ends."""
    try:
        with tempfile.TemporaryFile(dir=cachedir.root()) as stream:
            write_initrd(job, kernels.get(host.kernel), token, stream, {"lab_grant": f"{grant.value(host.grant):016x}" if host.grant else "", "lab_kvm_hv": host.kvm_hv})
            stream.flush()
            yield stream
    except OSError as error:
        # A full disk is reported when the file is written or closed. The error has no file name then.
        error.filename = error.filename or str(cachedir.root())
        raise


def _start(host: Host, job: Job, stream: BinaryIO, own_group: bool, stdin: int | None, granter: grant.Granter | None) -> subprocess.Popen[bytes]:
    if host.powernv and stream.tell() > _POWERNV_INITRD_LIMIT:
        raise LabError(f"The files for {host.name} take {stream.tell() >> 20} MiB, but PowerNV loads at most 128 MiB; carry in less.")
    command = command_line(host, f"/proc/self/fd/{stream.fileno()}", job.memory, [*(granter.arguments() if granter else ()), *job.devices])
    try:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(stream.fileno(),),
            env=emulators.get(host.qemu).environment(),
            start_new_session=own_group,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        _live.add(process)
        return process
    except OSError as error:
        raise LabError(f"Cannot start {command[0]} for {host.name}: {error.strerror}.") from error


def run(host: Host, job: Job, verbose: bool = False) -> Outcome:
    """Boot a host, run the job in it and return the result. QEMU has ended in every case.

    Raises LabError if there is no result. If the job sent files before it failed, they are returned with `lost` set.
    """
    token = secrets.token_hex(8)
    started = time.monotonic()
    granter = grant.granter(host.name, host.grant)
    with _first_root(host, job, token) as stream:
        process = _start(host, job, stream, True, subprocess.DEVNULL, granter)
        console = Console(token)
        try:
            on_time = _watch(process, console, started + BOOT_SECONDS + job.seconds, job.silence, sys.stderr.buffer if verbose else None, granter)
            if console.ended and not host.powernv:
                try:
                    process.wait(_LEAVE_SECONDS)
                except subprocess.TimeoutExpired:
                    pass  # QEMU is terminated below. The answer is already complete.
        finally:
            _end(process)
            if process.stdout is not None:
                process.stdout.close()
    lost = None if console.ended else _no_result(host, console, on_time, process.returncode, time.monotonic() - started)
    if lost is not None and not console.kept:
        raise lost
    return _outcome(console, job, time.monotonic() - started, str(lost or ""))


def _no_result(host: Host, console: Console, on_time: bool, status: int, seconds: float) -> LabError:
    if console.panic is not None:
        return LabError(f"The guest {host.name} panicked: {console.panic}.")
    if not on_time:
        return LabError(
            f"The guest {host.name} gave no answer within {seconds:.0f} seconds and was ended; "
            f"its console last said: {console.last_words()}",
            STATUS_TIMED_OUT,
        )
    return LabError(f"QEMU for {host.name} ended with status {status} before the guest answered; it last said: {console.last_words()}")


def _outcome(console: Console, job: Job, seconds: float, lost: str) -> Outcome:
    files = console.files()
    status = int(files.pop("status", b"125"))
    inside = int(files.pop("seconds", b"0"))
    return Outcome(
        status=status,
        stdout=files.pop("stdout", b""),
        stderr=files.pop("stderr", b""),
        modules=files.pop("modules", b"").decode("utf-8", "replace"),
        dmesg=files.pop("dmesg", b"").decode("utf-8", "replace"),
        files={name.removeprefix("out/"): data for name, data in files.items() if name.startswith("out/")},
        seconds=seconds,
        # A timeout in the guest kills with SIGKILL. The guest's clock counts whole seconds.
        timed_out=status == 137 and inside >= job.seconds - 1,
        console=b"\n".join(console.text).decode("utf-8", "replace"),
        lost=lost,
    )


def interact(host: Host, job: Job) -> int:
    """Boot a host with its console on this terminal, until its shell exits."""
    job.shell = True
    token = secrets.token_hex(8)
    up, over = (f"@@lab {token} {word}@@".encode() for word in ("shell", "over"))
    wanted = re.compile(rf"@@lab {token} grant (\w+)@@".encode())
    # The firmware would read piped input before the shell is up. A person waits for the prompt.
    script = None if sys.stdin.isatty() else sys.stdin.buffer.read() + b"\nexit\n"
    granter = grant.granter(host.name, host.grant)
    with _first_root(host, job, token) as stream:
        # QEMU shares the terminal, so it stays in the foreground group.
        process = _start(host, job, stream, False, None if script is None else subprocess.PIPE, granter)
        assert process.stdout is not None
        seen = b""
        try:
            while data := os.read(process.stdout.fileno(), 1 << 16):
                seen = (seen + data)[-(1 << 17) :]
                if over in seen:
                    break
                sys.stdout.buffer.write(data.replace(up, f"{host.name} is up; leave with exit or Ctrl-D.".encode()))
                sys.stdout.buffer.flush()
                if granter is not None and (found := wanted.search(seen)):
                    granter.apply(found[1].decode(), time.monotonic() + BOOT_SECONDS)
                    granter = None
                if script is not None and up in seen and process.stdin is not None:
                    process.stdin.write(script)
                    process.stdin.flush()
                    script = None
        finally:
            _end(process)
    return 0 if over in seen else 125
