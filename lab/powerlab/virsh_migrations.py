# SPDX-License-Identifier: LGPL-2.1-or-later
"""`virsh migrate --live` migrates real guests between two real libvirtd, without and with the hook in the target."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import cachedir, daemons, guests, kernels, migrations, moves, remote, roots
from .failures import LabError
from .hosts import Host
from .job import Job
from .moves import Came, Move, Said
from .remote import Remote

_ROOT = "libvirt-debian12"
_PORT = 16509
_SECONDS = 300
# The hook's message about a guest that is pinned to power10, on a host in power9 mode, must contain this.
REASON = "power10 is newer than what this host supports (power9)"
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\S+Z ")
_BY_HOOK = "Hook script execution failed"


def plan(host: Host, tool: Path, module: Path) -> remote.Plan:
    """A host with a libvirtd to which this machine can connect."""
    job = Job(
        files={
            "/root/libvirt-mover": guests.GUEST / "libvirt-mover",
            "/root/libvirt-up": guests.GUEST / "libvirt-up",
            "/usr/local/bin/virt-host-compat": tool,
            daemons.MODULE: module,
            "/etc/virt-host-compat/module.conf": daemons.CONFIG,
            "/nested/initrd": cachedir.item("ticking.cpio.gz", migrations.make_ticking),
            "/nested/vmlinux": kernels.get("7.3").image,
        },
        scripts={f"/root/guests/{mode}.xml": daemons.domain(mode, host) for mode in ("power9", "power10", "none")},
        seconds=3600,
        roots=[roots.get(_ROOT)],
        memory="4G",
    )
    return remote.Plan(host, job, _PORT)


@dataclass
class Pair:
    """Two libvirtd, and the tool on this machine, which asks both."""

    hosts: tuple[Remote, Remote]
    native: Path
    folder: Path
    by: str = "libvirt"

    def up(self) -> None:
        names = " ".join(f"{host.address}={host.host.name}" for host in self.hosts)
        for index, host in enumerate(self.hosts):
            said = host.run(f"sh /root/libvirt-mover up {host.host.name} 5b1f6c1e-93d4-4a6c-8d0f-2f54d1f1a10{index} {names}", 180)
            found = re.search(r"daemon: (\S+)", said.out)
            self.by = f"libvirt {found[1] if found else '?'}"

    def hook(self) -> None:
        """Install the hook as an administrator would. libvirtd only looks for hooks when it starts."""
        for host in self.hosts:
            host.run("virt-host-compat hook install --program /usr/local/bin/virt-host-compat; sh /root/libvirt-mover again", 180)
        self.by += ", hook"

    def uri(self, host: Remote) -> str:
        return f"qemu+tcp://127.0.0.1:{host.port}/system"

    def ask_tool(self, source: Remote, target: Remote, name: str) -> dict[str, Said]:
        """The answer of check about the running guest's document, and of survey about both daemons."""
        to, on = f"{target.host.name}.xml", f"{source.host.name}.xml"
        for file, host, command in ((on, source, "capabilities"), (to, target, "capabilities"), ("guest.xml", source, f"dumpxml {name}")):
            (self.folder / file).write_text(host.run(f"virsh {command}").out)
        check = self._native("check", "--json", "guest.xml", "--host", to, "--from", on)
        survey = self._native("survey", "--json", "--connect", self.uri(source), "--connect", self.uri(target))
        for host in self.hosts:
            # The port differs between runs.
            survey = survey.replace(self.uri(host), host.host.name)
        return {"check": moves.read_check(check), "survey": moves.read_survey(survey, name, target.host.name)}

    def _native(self, *arguments: str) -> str:
        done = subprocess.run([str(self.native.absolute()), *arguments], cwd=self.folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode not in (0, 1, 4):
            raise LabError(f"{self.native.name} {arguments[0]} about two daemons ended with status {done.returncode} ({done.stderr.strip()[:300]}).")
        return done.stdout

    def start(self, host: Remote, name: str) -> None:
        """Have libvirt start a guest, and wait until it counts."""
        host.run(f"sh /root/libvirt-mover start {name}", 120)
        if not _lives(host, name, 0, _SECONDS):
            log = host.run(f"tail -n 3 /var/log/libvirt/qemu/{name}.log").words
            raise LabError(f"The guest {name} that libvirt started does not come up in {host.host.name} ({log[-300:]}).")

    def move(self, name: str, source: Remote, target: Remote) -> Came:
        """Migrate a guest, and check where it runs afterwards."""
        began = time.monotonic()
        mark = target.run(f"cat /var/log/libvirt/qemu/{name}.log | wc -l").out.strip()
        before = _tick(source, name)[0]
        done = source.run(
            f"virsh migrate --live --persistent --undefinesource {name} qemu+tcp://{target.host.name}/system --migrateuri tcp://{target.address}",
            _SECONDS,
            allowed=None,
        )
        said = _TIME.sub("", done.words)
        log = target.run(f"tail -n +$(({mark} + 1)) /var/log/libvirt/qemu/{name}.log", allowed=None).out
        errors = migrations.errors_of(log)
        if done.status == 0:
            last, was = _tick(source, name)
            number, processor = _lives(target, name, last, _SECONDS) or (0, "")
            words = f"counts on from {last} in {source.host.name} to {number} as {processor}" if number else f"counts no further than {last}; QEMU: {errors or 'nothing'}"
            return Came(moves.ARRIVED if number else moves.LOST, words, f"{was}; virsh: {said or 'nothing'}", time.monotonic() - began)
        number, _ = _lives(source, name, max(before, _tick(source, name)[0]), _SECONDS) or (0, "")
        goes = f"the guest {'goes on' if number else 'does not go on'} in {source.host.name}"
        if not number:
            what = moves.LOST
        elif _BY_HOOK in said:
            what = moves.HOOK
        else:
            what = moves.ENDED if "load" not in errors else moves.FAILED
        silent = "its QEMU was not started" if what == moves.HOOK else "said nothing"
        return Came(what, errors or silent, f"{said}; {goes}", time.monotonic() - began)


def _tick(host: Remote, name: str) -> tuple[int, str]:
    return migrations.last_tick(host.run(f"tail -c 4000 /run/console-{name}", allowed=None).out)


def _lives(host: Remote, name: str, beyond: int, seconds: float) -> tuple[int, str] | None:
    """The guest's count and its processor once it has counted beyond a number; None if that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        number, processor = _tick(host, name)
        if number > beyond:
            return number, processor
        if time.monotonic() > deadline or "running" not in host.run(f"virsh domstate {name}", allowed=None).out:
            return None
        time.sleep(1)


def judge_hook(came: Came, without: Came, reason: str) -> list[str]:
    """What is wrong with the hook's decision, compared with the same migration without the hook."""
    if came.what == moves.HOOK:
        trouble = [] if without.what != moves.ARRIVED else ["the hook refuses a guest that arrived without it"]
        return trouble + ([] if reason in came.source else [f"the source's virsh does not say why: {came.source}"])
    if without.what == moves.ENDED:
        return [f"the target's QEMU ended at its start without the hook, and with the hook the guest {came.what}"]
    return [] if came.what == without.what else [f"without the hook the guest {without.what}, with it it {came.what}"]


def run(first: Host, second: Host, tool: Path, module: Path, native: Path) -> Iterator[Move]:
    """Boot two hosts with libvirtd and migrate guests between them."""
    with remote.pair(plan(first, tool, module), plan(second, tool, module)) as hosts, tempfile.TemporaryDirectory(prefix="lab.") as folder:
        pair = Pair(hosts, native, Path(folder))
        pair.up()
        one, other = hosts
        came: dict[tuple[str, str], Came] = {}

        def go(name: str, source: Remote, target: Remote, started: Remote) -> Move:
            way = f"{source.host.name} to {target.host.name}"
            told = f"{'without a pinned mode' if name == 'none' else name}, started in {started.host.name}"
            said = pair.ask_tool(source, target, name)
            outcome = pair.move(name, source, target)
            row = moves.row(way, pair.by, told, said, outcome)
            before = came.setdefault((way, told), outcome)
            if before is not outcome:
                if outcome.what == moves.HOOK:
                    row.trouble = []
                row.trouble += judge_hook(outcome, before, REASON if name == "power10" else "")
                row.verdict = "DISAGREE" if row.trouble else "agree"
            return row

        pair.start(one, "power9")
        yield go("power9", one, other, one)
        yield go("power9", other, one, one)
        for name in ("none", "power10"):
            pair.start(one, name)
            yield go(name, one, other, one)
        pair.hook()
        for name in ("power10", "none", "power9"):
            yield go(name, one, other, one)
        one.run("virsh destroy none; virsh undefine none")
        pair.start(other, "none")
        yield go("none", other, one, other)
        yield go("none", one, other, other)
