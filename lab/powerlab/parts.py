# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the matrix, each a list of rows with a verdict, printed as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from . import faults, guests, libvirts, parallel, probes, roots
from .failures import LabError
from .hosts import Host, find
from .results import Part, save, versions

# The host of the libvirt part: what libvirt alone gets wrong is seen here.
_LIBVIRT_HOST = "power10-as-power9"
# Which hosts are tried with the newer QEMU inside, for the modes that the older one does not know.
_NEWER_QEMU = (("power10", ("power9", "power10", "power11")), ("power10-as-power9", ("power9", "power10", "power11")), ("powernv10", ("power10", "power11")))


def _say(verdict: str, text: str) -> None:
    print(f"{verdict:12} {text}", flush=True)


def _give_up(part: Part, name: str, error: LabError) -> None:
    _say("NO ANSWER", f"{name}: {error}")
    part.broken.append(f"{name}: {error}")


def run_hosts(chosen: list[Host], tool: Path, jobs: int, record: bool) -> Part:
    """The probe matrix."""
    part, started = Part("hosts"), time.monotonic()
    part.versions = versions({host.kernel for host in chosen}, {host.qemu for host in chosen})
    for host, answer in parallel.each(lambda host: probes.ask(host, tool), chosen, jobs):
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
    order = [host.name for host in chosen]
    part.rows.sort(key=lambda row: order.index(row["host"]))
    save(part, started)
    return part


def run_guests(chosen: list[Host], tool: Path, jobs: int, newer: bool) -> Part:
    """The guest matrix; with `newer`, the cells of the newer QEMU too."""
    part, started = Part("guests"), time.monotonic()
    work: list[tuple[Host, str, tuple[str, ...]]] = [(host, "qemu7", guests.MODES) for host in chosen if host.guests]
    if newer:
        work += [(find(name), "qemu10", modes) for name, modes in _NEWER_QEMU if find(name) in chosen]
    part.versions = versions({host.kernel for host, _, _ in work}, {7})
    part.versions |= {f"QEMU inside, {name}": roots.version(name, "qemu-system-ppc") for name in sorted({name for _, name, _ in work})}
    do: Callable[[tuple[Host, str, tuple[str, ...]]], list[guests.Cell]] = lambda item: guests.run(item[0], tool, item[1], item[2])
    for (host, _, _), cells in parallel.each(do, work, jobs):
        if isinstance(cells, LabError):
            _give_up(part, host.name, cells)
            continue
        for cell in cells:
            _say(cell.verdict, f"{cell.host}, guest {cell.mode} (QEMU {cell.qemu}): tool {cell.said}, guest {cell.outcome}: {cell.detail}")
            part.rows.append(asdict(cell))
    order = [host.name for host, _, _ in work]
    part.rows.sort(key=lambda row: (row["qemu"], order.index(row["host"])))
    save(part, started)
    return part


def run_libvirt(tool: Path, names: tuple[str, ...] = ("libvirt-debian12", "libvirt-debian13")) -> Part:
    """The real libvirts."""
    part, started = Part("libvirt"), time.monotonic()
    host = find(_LIBVIRT_HOST)
    part.versions = versions({host.kernel}, {host.qemu})
    for root, session in parallel.each(lambda root: libvirts.run(host, root, tool), names, 1):
        if isinstance(session, LabError):
            _give_up(part, root, session)
            continue
        verdict = "DISAGREE" if session.differences else "agree"
        _say(verdict, f"{root}, libvirt {session.version}: model {session.model}, inserted {session.inserted} ({session.seconds:.0f} s)")
        for line in session.differences:
            print(f"             {line}", flush=True)
        part.rows.append(asdict(session) | {"verdict": verdict})
    save(part, started)
    return part


def run_failures(tool: Path) -> Part:
    """The failures on purpose."""
    part, started = Part("failures"), time.monotonic()
    part.versions = versions({"7.3"}, {7})
    try:
        for case in faults.run(tool):
            _say(case.verdict, f"{case.host}, {case.name}: status {case.status}: {case.message}")
            part.rows.append(asdict(case))
    except LabError as error:
        _give_up(part, "failures", error)
    save(part, started)
    return part
