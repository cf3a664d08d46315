# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU migrates real guests between two real hosts; the results are compared with what the tool predicted."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cachedir, guests, job as jobs, kernels, moves, remote, roots
from .archive import Archive
from .failures import LabError
from .hosts import Host
from .moves import Came, Move, Said
from .remote import Remote

_ROOT = "qemu7"
# Seconds until a guest's first tick. Under emulation it boots in 15 to 60 seconds.
_UP_SECONDS = 300
# A guest of 512 MiB migrates in 10 seconds, and its first tick in the target follows immediately.
_MOVE_SECONDS = 300
_LIFE_SECONDS = 90
_TICK = re.compile(r"@@tick (\d+)@@ cpu\s*: ([^,\r\n]*)")


def make_ticking(part: Path) -> None:
    """Pack the initrd of a nested guest that is migrated."""
    with gzip.open(part, "wb") as stream:
        archive = Archive(stream)  # type: ignore[arg-type]
        archive.device("dev/console", 5, 1)
        archive.folder("proc")
        archive.file("bin/busybox", cachedir.item("busybox", jobs.make_busybox).read_bytes(), 0o755)
        archive.file("init", (guests.GUEST / "ticking-init").read_bytes(), 0o755)
        archive.close()


def last_tick(console: str) -> tuple[int, str]:
    """The last number that a guest counted to, and its processor's name; 0 if it did not count."""
    found = _TICK.findall(console)
    return (int(found[-1][0]), found[-1][1].strip()) if found else (0, "")


def errors_of(text: str) -> str:
    """QEMU's messages except warnings, in one line, also out of libvirt's log."""
    found = re.findall(r"^(?:\S+Z )?qemu-system-ppc64: (?!warning:)(.*\S)", text, re.M)
    return "; ".join(dict.fromkeys(found))[:400]


def put(host: Remote, path: str, text: str) -> None:
    """Write a file in a host."""
    host.run(f"mkdir -p $(dirname {path}); echo {base64.b64encode(text.encode()).decode()} | base64 -d >{path}")


class Guest:
    """A QEMU with a guest in a host."""

    def __init__(self, host: Remote, name: str, mode: str, port: int | None = None) -> None:
        """Start the guest. With a port, QEMU waits there for an incoming migration."""
        self.host, self.name, self.mode = host, name, mode
        self._id = 0
        host.run(f"sh /root/mover start {name} {mode} {port or ''}")

    def ask(self, command: str, **arguments: Any) -> dict[str, Any] | None:
        """QEMU's answer to a command; None if QEMU has ended."""
        self._id += 1
        text = json.dumps({"execute": command, "id": self._id, **({"arguments": arguments} if arguments else {})})
        answer = self.host.run(f"sh /root/mover ask {self.name} '{text}'", allowed=(0, 3))
        if answer.status == 3:
            return None
        told: dict[str, Any] = json.loads(answer.out.splitlines()[0])
        if "error" in told:
            raise LabError(f"QEMU of {self.name} in {self.host.host.name} refuses {command}: {told['error'].get('desc')}")
        returned: dict[str, Any] = told["return"]
        return returned

    def connect(self) -> str:
        """Open the QMP session. Returns the state of the guest, or an empty text if QEMU has ended."""
        if self.ask("qmp_capabilities") is None:
            return ""
        state = self.ask("query-status")
        return str(state["status"]) if state else ""

    def tick(self) -> tuple[int, str]:
        return last_tick(self.host.run(f"tail -c 4000 /run/guests/{self.name}.console").out)

    def lives(self, beyond: int, seconds: float) -> tuple[int, str]:
        """The guest's count and its processor once it has counted beyond a number; 0 if that takes too long."""
        deadline = time.monotonic() + seconds
        while True:
            number, processor = self.tick()
            if number > beyond:
                return number, processor
            if time.monotonic() > deadline:
                return 0, ""
            time.sleep(1)

    def errors(self) -> str:
        return errors_of(self.host.run(f"cat /run/guests/{self.name}.errors").out)

    def end(self) -> None:
        self.host.run(f"sh /root/mover end {self.name}")


def boot_guest(host: Remote, name: str, mode: str) -> Guest:
    """A guest that is up and counts. It is an error if the host refuses its mode."""
    guest = Guest(host, name, mode)
    if not guest.connect() or not guest.lives(0, _UP_SECONDS)[0]:
        raise LabError(f"The guest {name} does not come up in {host.host.name} ({guest.errors() or 'QEMU said nothing'}); it cannot be moved.")
    return guest


def move(guest: Guest, target: Remote, port: int) -> tuple[Guest, Came]:
    """Migrate a guest, and check where it runs afterwards.

    Returns the guest in the target if it runs there, otherwise the one in the source.
    """
    began = time.monotonic()
    source = guest.host
    arriving = Guest(target, guest.name, guest.mode, port)
    waits = arriving.connect() == "inmigrate"
    before, _ = guest.tick()
    guest.ask("migrate", uri=f"tcp:{target.address}:{port}")
    state = _finished(guest)
    if state.get("status") == "completed":
        # The last number that it counted to in the source. Only larger numbers were counted in the target.
        last, was = guest.tick()
        number, processor = arriving.lives(last, _LIFE_SECONDS)
        words = f"counts on from {last} in {source.host.name} to {number} as {processor}" if number else f"counts no further than {last}; QEMU: {arriving.errors() or 'nothing'}"
        took = f"{was}; {state.get('total-time', 0) / 1000:.1f} s, {state.get('downtime', 0)} ms of them without the guest"
        guest.end()
        return arriving, Came(moves.ARRIVED if number else moves.LOST, words, took, time.monotonic() - began)
    # The target's QEMU exits by itself, but this may take a moment.
    said = _words_at_the_end(arriving)
    number, _ = guest.lives(max(before, guest.tick()[0]), _LIFE_SECONDS)
    arriving.end()
    told = str(state.get("error-desc") or state.get("status"))
    if not number:
        return guest, Came(moves.LOST, said, f"{told}; the guest does not go on in {source.host.name}", time.monotonic() - began)
    return guest, Came(moves.FAILED if waits else moves.ENDED, said, f"{told}; the guest goes on in {source.host.name}", time.monotonic() - began)


def _finished(guest: Guest) -> dict[str, Any]:
    """QEMU's status of a migration that has ended."""
    deadline = time.monotonic() + _MOVE_SECONDS
    while True:
        state = guest.ask("query-migrate")
        if state is None:
            raise LabError(f"QEMU of {guest.name} in {guest.host.host.name} ended in the middle of its migration ({guest.errors()}).")
        if state.get("status") in ("completed", "failed", "cancelled"):
            return state
        if time.monotonic() > deadline:
            raise LabError(f"The migration of {guest.name} from {guest.host.host.name} did not end in {_MOVE_SECONDS} seconds; its state is {state.get('status')}.")
        time.sleep(1)


def _words_at_the_end(guest: Guest) -> str:
    """The errors of a QEMU that is about to exit, after waiting for a moment."""
    for _ in range(10):
        if guest.host.run(f"cat /run/guests/{guest.name}.status", allowed=None).status == 0:
            break
        time.sleep(1)
    return guest.errors()


@dataclass(frozen=True)
class Case:
    """A guest in a mode, the host in which it is started, and whether it returns after it has arrived."""

    mode: str
    in_second: bool = False
    back: bool = False


CASES = (
    Case("power9", back=True),
    Case("none"),
    Case("power10"),
    Case("none", in_second=True, back=True),
)
# One guest that must arrive, and one that must not.
QUICK_CASES = (Case("power9"), Case("none"))


def plan(host: Host, tool: Path) -> remote.Plan:
    """A host in which QEMU starts guests for migrations."""
    job = jobs.Job(
        files={
            "/root/mover": guests.GUEST / "mover",
            "/usr/local/bin/virt-host-compat": tool,
            "/nested/initrd": cachedir.item("ticking.cpio.gz", make_ticking),
            "/nested/vmlinux": kernels.get("7.3").image,
        },
        scripts={f"/root/{mode}.xml": guests.domain(mode) for mode in guests.MODES},
        seconds=3600,
        roots=[roots.get(_ROOT)],
        memory="2G",
    )
    return remote.Plan(host, job)


def share_records(hosts: tuple[Remote, Remote]) -> None:
    """Copy each host's record to both hosts, as /root/hosts/NAME.json."""
    for host in hosts:
        record = host.run("virt-host-compat show --json").out
        for one in hosts:
            put(one, f"/root/hosts/{host.host.name}.json", record)


def ask_tool(source: Remote, target: Remote, mode: str) -> dict[str, Said]:
    """The answers of check and survey about a guest, from its document and both hosts' records."""
    files = {one: f"/root/hosts/{one.host.name}.json" for one in (source, target)}
    check = source.run(f"virt-host-compat check --json /root/{mode}.xml --host {files[target]} --from {files[source]}", allowed=(0, 1, 4))
    survey = source.run(f"virt-host-compat survey --json --hosts {files[source]} --hosts {files[target]} --domains /root/{mode}.xml")
    return {"check": moves.read_check(check.out), "survey": moves.read_survey(survey.out, mode, files[target])}


def run_case(case: Case, first: Remote, second: Remote, number: int) -> Iterator[Move]:
    """All migrations of one guest."""
    start, other = (second, first) if case.in_second else (first, second)
    name = f"guest{number}"
    guest = boot_guest(start, name, case.mode)
    told = f"{'without a pinned mode' if case.mode == 'none' else case.mode}, started in {start.host.name}"
    for leg, target in enumerate((other, start) if case.back else (other,)):
        source = guest.host
        said = ask_tool(source, target, case.mode)
        guest, came = move(guest, target, 5551 + 10 * number + leg)
        yield moves.row(f"{source.host.name} to {target.host.name}", "QEMU", told, said, came)
        if came.what != moves.ARRIVED:
            break
    guest.end()


def run(first: Host, second: Host, tool: Path, cases: tuple[Case, ...] = CASES) -> Iterator[Move]:
    """Boot two hosts and migrate guests between them."""
    with remote.pair(plan(first, tool), plan(second, tool)) as hosts:
        share_records(hosts)
        for number, case in enumerate(cases):
            yield from run_case(case, *hosts, number)
