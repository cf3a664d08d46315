# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts that run at the same time, connected by a network, in which the lab runs one command after another."""

from __future__ import annotations

import base64
import binascii
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import boot
from .failures import LabError
from .hosts import Host
from .job import Job

_GUEST = Path(__file__).resolve().parent.parent / "guest"
# The network between the hosts, and the one through which QEMU lets this machine connect to a host.
_NET = "10.0.0."
_OUTER_ADDRESS = "10.0.2.15"
# How long a host may take to answer, in addition to the command's own time.
_SLACK_SECONDS = 120
# How long a host may take to power off, until its QEMU has ended.
_LEAVE_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """The result of a command in a host."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """All its output, in one line."""
        return " ".join(f"{self.out} {self.err}".split())


class Remote:
    """A running host.

    address its address in the network between the hosts
    port    of this machine, forwarded to the host's TCP port `Plan.forward`
    """

    def __init__(self, host: Host, address: str, port: int, path: Path, ended: Future[boot.Outcome]) -> None:
        self.host, self.address, self.port = host, address, port
        self._path, self._ended = path, ended
        self._socket: socket.socket | None = None
        self._number = 0

    def _connect(self, deadline: float) -> socket.socket:
        """QEMU listens as soon as it runs, long before the host is up. What is sent waits until the host reads it."""
        while self._socket is None:
            one = socket.socket(socket.AF_UNIX)
            try:
                one.connect(str(self._path))
                one.settimeout(1)
                self._socket = one
            except OSError as error:
                one.close()
                if self._ended.done():
                    raise self._gone() from None
                if time.monotonic() > deadline:
                    raise LabError(f"QEMU of {self.host.name} does not listen on {self._path} ({error.strerror}).") from error
                time.sleep(0.2)
        return self._socket

    def _gone(self) -> LabError:
        try:
            error = self._ended.exception(_LEAVE_SECONDS)
        except TimeoutError:
            return LabError(f"QEMU of {self.host.name} closed the port for commands in the middle of the work, and goes on.")
        if isinstance(error, LabError):
            return error
        outcome = self._ended.result()
        said = outcome.lost or " ".join(outcome.stderr.decode("utf-8", "replace").split())[-300:]
        return LabError(f"The host {self.host.name} ended in the middle of the work; it last said: {said or 'nothing'}")

    def run(self, script: str, seconds: int = 60, allowed: Sequence[int] | None = (0,)) -> Answer:
        """Run a shell script in the host as root.

        seconds how long it may run; then it is killed, with status 137
        allowed the statuses that are not an error of the lab; None for all
        Raises LabError if the host does not answer or the status is not allowed.
        """
        self._number += 1
        # The first command waits until the host is up.
        deadline = time.monotonic() + seconds + _SLACK_SECONDS + (boot.BOOT_SECONDS if self._number == 1 else 0)
        one = self._connect(deadline)
        one.sendall(f"{self._number} {seconds} {base64.b64encode(script.encode()).decode()}\n".encode())
        answer = read_answer(self._line(one, deadline), self._number, self.host.name)
        if allowed is not None and answer.status not in allowed:
            raise LabError(f"The command `{script.splitlines()[0][:80]}` in {self.host.name} ended with status {answer.status} ({answer.words[-300:] or 'it said nothing'}).")
        return answer

    def _line(self, one: socket.socket, deadline: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            if time.monotonic() > deadline:
                raise LabError(f"The host {self.host.name} did not answer in time; it is locked up or much too slow.")
            try:
                data = one.recv(1 << 16)
            except TimeoutError:
                data = None
            if data == b"" or (data is None and self._ended.done()):
                raise self._gone()
            line += data or b""
        return line

    def leave(self) -> None:
        """End the host's job. Does nothing if the host has ended."""
        if self._socket is not None:
            try:
                self._socket.sendall(b"leave\n")
            except OSError:
                pass

    def wait(self) -> None:
        """Wait until the host has ended. Its job has no result, and errors do not matter any more."""
        try:
            self._ended.exception(_LEAVE_SECONDS)
        except TimeoutError:
            boot.end_all()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


def read_answer(line: bytes, number: int, name: str) -> Answer:
    """The result in an answer line of lab/guest/agent, for the command with this number."""
    words = line.decode("ascii", "replace").rstrip("\n").split(" ")
    try:
        told, status, out, err, end = words
        if int(told) != number or end != ".":
            raise ValueError
        texts = [base64.b64decode(text, validate=True).decode("utf-8", "replace") for text in (out, err)]
        return Answer(int(status), texts[0], texts[1])
    except (ValueError, binascii.Error) as error:
        raise LabError(f"The answer of {name} was damaged on its way ({line[:80]!r}); run the same command again.") from error


@dataclass(frozen=True)
class Plan:
    """A host to boot, and the job that copies files into it. This machine can connect to its TCP port `forward`."""

    host: Host
    job: Job
    forward: int = 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _mac(net: int, index: int) -> str:
    return f"52:54:00:00:{net:02x}:{index + 1:02x}"


def arguments(folder: Path, index: int, others: int, forward: int, port: int) -> list[str]:
    """QEMU's options for one of two hosts: the port for commands, and the networks to the other host and here."""
    made = [
        *("-device", "virtio-serial-pci", "-chardev", f"socket,id=lab,path={folder}/lab-{index},server=on,wait=off"),
        *("-device", "virtserialport,chardev=lab,name=lab"),
        *("-netdev", f"dgram,id=n0,local.type=unix,local.path={folder}/net-{index},remote.type=unix,remote.path={folder}/net-{others}"),
        *("-device", f"spapr-vlan,netdev=n0,mac={_mac(0, index)}"),
    ]
    if forward:
        made += ["-netdev", f"user,id=n1,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:{forward}", "-device", f"spapr-vlan,netdev=n1,mac={_mac(1, index)}"]
    return made


def _prepare(plan: Plan, folder: Path, index: int, port: int) -> Job:
    """The job of one of two hosts, ready to boot."""
    job = plan.job
    job.command = ["sh", "/root/agent"]
    job.network = True
    job.devices = tuple(arguments(folder, index, 1 - index, plan.forward, port))
    job.files |= {"/root/agent": _GUEST / "agent", "/root/network-up": _GUEST / "network-up"}
    return job


@contextmanager
def pair(first: Plan, second: Plan) -> Iterator[tuple[Remote, Remote]]:
    """Two running hosts with a network between them. They end with the context.

    Raises LabError if a host does not boot.
    """
    plans = (first, second)
    with tempfile.TemporaryDirectory(prefix="lab.") as temporary, ThreadPoolExecutor(2) as pool:
        folder = Path(temporary)
        remotes: list[Remote] = []
        try:
            for index, plan in enumerate(plans):
                port = _free_port() if plan.forward else 0
                ended = pool.submit(boot.run, plan.host, _prepare(plan, folder, index, port))
                remotes.append(Remote(plan.host, f"{_NET}{index + 1}", port, folder / f"lab-{index}", ended))
            for index, (plan, remote) in enumerate(zip(plans, remotes)):
                outer = f" {_mac(1, index)}={_OUTER_ADDRESS}/24" if plan.forward else ""
                remote.run(f"sh /root/network-up {_mac(0, index)}={remote.address}/24{outer}")
            remotes[0].run(f"ping -c 1 -W 20 {remotes[1].address}")
            yield remotes[0], remotes[1]
            for remote in remotes:
                remote.leave()
            for remote in remotes:
                remote.wait()
        except BaseException:
            # The lab runs no other host at the same time as a pair.
            boot.end_all()
            raise
        finally:
            for remote in remotes:
                remote.close()
