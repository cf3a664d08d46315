# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the matrix. Each is a list of rows with a verdict, printed as they finish."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import daemons, decisions, faults, guests, installs, libvirts, measured, migrations, moves, parallel, probes, roots, sessions, units, virsh_migrations
from .failures import LabError
from .hosts import Host, find
from .job import Job
from .results import Part, save, versions, write

# The host of the libvirt part. On it, libvirt's own answer is wrong.
_LIBVIRT_HOST = "power10-as-power9"
_LIBVIRT_ROOTS = ("libvirt-debian12", "libvirt-debian13")
_UNITS_ROOTS = ("systemd-debian12",)
_PACKAGES_ROOTS = ("installed-debian12",)
# Guests migrate between these two hosts.
_MIGRATION_HOSTS = ("power10", "power10-as-power9")


@dataclass(frozen=True)
class _Guests:
    """One host of the guest matrix: the root with its QEMU, the modes, and whether domains are decided there, too."""

    host: Host
    root: str
    modes: tuple[str, ...]
    decides: bool = False


def _guests_of(host: Host, decide: bool) -> list[_Guests]:
    """What runs in a host: guests in all modes, with the QEMU of the libvirt that decides about the host's domains.

    The older QEMU in the host does not know the newest mode, so the newer one starts those guests.
    """
    if not decide or not host.decisions:
        return [_Guests(host, "qemu10", guests.MODES)]
    if host.qemu != 7:
        return [_Guests(host, "libvirt-debian13", guests.MODES, True)]
    return [_Guests(host, "libvirt-debian12", guests.MODES, True), _Guests(host, "qemu10", ("power11", "none"))]


def _say(verdict: str, text: str) -> None:
    print(f"{verdict:12} {text}", flush=True)


def _give_up(part: Part, name: str, error: LabError) -> None:
    _say("NO ANSWER", f"{name}: {error}")
    part.broken.append(f"{name}: {error}")


def run_hosts(chosen: list[Host], tool: Path, jobs: int, record: bool, merge: bool, keep: bool) -> Part:
    """The probe matrix. `keep` tells whether its results are stored."""
    part, started = Part("hosts"), time.monotonic()
    part.versions = versions({host.kernel for host in chosen}, {host.qemu for host in chosen})
    data = measured.load()
    for host, answer in parallel.each(lambda host: probes.ask(host, tool, data), chosen, jobs):
        if isinstance(answer, LabError):
            _give_up(part, host.name, answer)
            continue
        trouble = answer.differences + ([] if record else probes.changed(answer))
        verdict = "DISAGREE" if trouble else "agree"
        _say(verdict, f"{host.name}: {answer.said} ({answer.row}; {answer.seconds:.0f} s)")
        for line in trouble:
            print(f"             {line}", flush=True)
        row = {"host": host.name, "row": answer.row, "said": answer.said, "seconds": answer.seconds, "differences": trouble}
        part.rows.append(row | {"verdict": verdict})
        if record and not answer.differences:
            probes.store(answer)
    if keep:
        save(part, started, merge)
    return part


def _start_guests(item: _Guests, tool: Path) -> sessions.Files:
    """One host's guests, and in the same boots the decisions if they are wanted."""

    def make() -> Job:
        job = guests.work(tool, item.root)
        return decisions.extend(job, item.host) if item.decides else job

    pinned = guests.steps(tuple(mode for mode in item.modes if mode != "none"))
    steps = pinned + (decisions.steps(item.host) if item.decides else []) + guests.steps(("none",))
    return sessions.run(item.host, make, steps, guests.SECONDS)


def run_guests(chosen: list[Host], tool: Path, jobs: int, native: Path | None, record: bool, merge: bool) -> list[Part]:
    """The guest matrix; with a tool for this machine, the decisions, too."""
    part, decided, started = Part("guests"), Part("decisions"), time.monotonic()
    work = [item for host in chosen if host.guests for item in _guests_of(host, native is not None)]
    part.versions = versions({item.host.kernel for item in work}, {item.host.qemu for item in work})
    part.versions |= {f"QEMU inside, {name}": roots.version(name, "qemu-system-ppc") for name in sorted({item.root for item in work})}
    told: list[decisions.Session] = []
    recorded, data = measured.load(), measured.load()
    for item, answer in parallel.each(lambda item: _start_guests(item, tool), work, jobs):
        if isinstance(answer, LabError):
            _give_up(part, item.host.name, answer)
            continue
        try:
            cells = guests.read(item.host, answer, data, item.modes)
        except LabError as error:
            _give_up(part, item.host.name, error)
            continue
        _say("booted", f"{item.host.name} with its guests in {answer.seconds:.0f} s")
        for text in guests.lost(answer, "statuses"):
            _give_up(part, item.host.name, LabError(text))
        for text in guests.lost(answer, "decided"):
            _give_up(decided, item.host.name, LabError(text))
        for cell in cells:
            if not record:
                guests.compare_with_recorded(cell, recorded)
            _say_cell(cell)
            part.rows.append(asdict(cell))
        if cells:
            measured.add(data, item.host.name, guests.origin(item.host), cells[0].qemu, {cell.mode: cell.did for cell in cells})
        if record:
            measured.write(data)
        if not item.decides:
            continue
        try:
            told.append(decisions.read(item.host, answer, cells, data))
            _add_session(decided, told[-1])
        except LabError as error:
            _give_up(decided, item.host.name, error)
    save(part, started, merge)
    if native is None:
        return [part]
    decided.versions = part.versions | {"libvirt": ", ".join(sorted({session.libvirt for session in told}))}
    decided.data = {session.host: session.cluster for session in told if session.cluster}
    kept = save(decided, started, merge)
    if kept.data:
        # The baselines use all hosts with stored results, not only those of this run.
        baselines = asdict(decisions.judge_baselines(kept.data, native))
        _say_decision(baselines)
        decided.rows.append(baselines)
        kept.rows = [row for row in kept.rows if row["host"] != baselines["host"]] + [baselines]
        write(kept)
    return [part, decided]


def _say_cell(cell: guests.Cell) -> None:
    _say(cell.verdict, f"{cell.host}, guest {cell.mode} (QEMU {cell.qemu}): tool {cell.said}, check {cell.check or '-'}, guest {cell.outcome}: {cell.detail} ({cell.seconds:.0f} s)")
    for line in cell.trouble or ([cell.why] if cell.why else []):
        print(f"             {line}", flush=True)


def _say_decision(row: dict[str, Any]) -> None:
    _say(row["verdict"], f"{row['host']}, {row['domain']}: {row['said']}; it {row['happened']}: {row['detail']}; fit: {row['fit']}")
    for line in row["trouble"][:5]:
        print(f"             {line} ({row['reason']})", flush=True)


def _add_session(part: Part, session: decisions.Session) -> None:
    for decision in session.decisions:
        part.rows.append(asdict(decision))
        _say_decision(part.rows[-1])


def _run_roots(part: Part, wanted: tuple[str, ...], ask: Callable[[str], Any], words: Callable[[Any], str]) -> Part:
    """A session with each root: `ask` runs it, `words` describes its outcome in one line."""
    started = time.monotonic()
    host = find(_LIBVIRT_HOST)
    part.versions = versions({host.kernel}, {host.qemu})
    for root, session in parallel.each(ask, wanted, 1):
        if isinstance(session, LabError):
            _give_up(part, root, session)
            continue
        verdict = "DISAGREE" if session.differences else "agree"
        _say(verdict, f"{root}, {words(session)} ({session.seconds:.0f} s)")
        for line in session.differences:
            print(f"             {line}", flush=True)
        part.rows.append(asdict(session) | {"verdict": verdict})
    save(part, started)
    return part


def run_libvirt(tool: Path) -> Part:
    """The part with real libvirts."""
    seed = random.randrange(1 << 32)
    return _run_roots(
        Part("libvirt"),
        _LIBVIRT_ROOTS,
        lambda root: libvirts.run(find(_LIBVIRT_HOST), root, tool, seed),
        lambda said: f"libvirt {said.version}: model {said.model}, inserted {said.inserted}; {said.shapes}",
    )


def run_daemon(tool: Path, module: Path) -> Part:
    """The part with real libvirts, the module and the start hook."""
    return _run_roots(
        Part("daemon"),
        _LIBVIRT_ROOTS,
        lambda root: daemons.run(find(_LIBVIRT_HOST), root, tool, module),
        lambda said: f"libvirt {said.libvirt}: virsh shows {said.shown}; power10 {said.hooked}, fitted {said.fitted}, without the hook {said.unhooked}",
    )


def run_units(tool: Path) -> Part:
    """The units, the udev rule and the migration hook under a real systemd."""
    return _run_roots(
        Part("units"),
        _UNITS_ROOTS,
        lambda root: units.run(find(_LIBVIRT_HOST), root, tool),
        lambda said: f"systemd {said.systemd}: right {said.boot} after the start, {said.loaded} after kvm_hv was loaded",
    )


def run_packages(packages: list[Path]) -> Part:
    """The project's Debian packages, from apt's installation to dpkg's purge."""
    return _run_roots(
        Part("packages"),
        _PACKAGES_ROOTS,
        lambda root: installs.run(find(_LIBVIRT_HOST), root, packages),
        lambda said: f"version {said.version}: installed in {said.installed}; virsh shows {said.shown}; power10 {said.hooked}, fitted {said.fitted}; left: {said.left}",
    )


def run_migrations(tool: Path, module: Path, native: Path) -> Part:
    """Migrations between two hosts, by QEMU alone and by libvirt."""
    part, started = Part("migrations"), time.monotonic()
    hosts = [find(name) for name in _MIGRATION_HOSTS]
    part.versions = versions({host.kernel for host in hosts}, {host.qemu for host in hosts})
    _move(part, "QEMU", migrations.run(hosts[0], hosts[1], tool))
    _move(part, "libvirt", virsh_migrations.run(hosts[0], hosts[1], tool, module, native))
    save(part, started)
    return part


def run_quick_migrations(tool: Path) -> Part:
    """Two of these migrations, by QEMU alone. The result is not stored."""
    part = Part("migrations")
    hosts = [find(name) for name in _MIGRATION_HOSTS]
    _move(part, "QEMU", migrations.run(hosts[0], hosts[1], tool, migrations.QUICK_CASES))
    return part


def _move(part: Part, by: str, rows: Iterator[moves.Move]) -> None:
    """Run one session of migrations and add its rows."""
    began = time.monotonic()
    try:
        for row in rows:
            _say(row.verdict, f"{row.by}, {row.host}, {row.guest}: check {row.check}, survey {row.survey}; it {row.outcome}: {row.target}; {row.source} ({row.seconds:.0f} s)")
            for line in row.trouble:
                print(f"             {line}", flush=True)
            part.rows.append(asdict(row))
    except LabError as error:
        _give_up(part, f"migrations by {by}", error)
    _say("moved", f"the guests between two hosts by {by} in {time.monotonic() - began:.0f} s")


def run_failures(tool: Path) -> Part:
    """The part in which hosts are broken on purpose."""
    part, started = Part("failures"), time.monotonic()
    part.versions = versions({"7.3", "6.12"}, {7})
    try:
        for case in faults.run(tool):
            _say(case.verdict, f"{case.host}, {case.name}: status {case.status}: {case.message}")
            part.rows.append(asdict(case))
    except LabError as error:
        _give_up(part, "failures", error)
    save(part, started)
    return part
