# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes docs/truth.md from the results of the matrix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import hosts
from .moves import OTHER_GUEST
from .results import Part
from .verdicts import BEYOND

TARGET = Path(__file__).resolve().parents[2] / "docs/truth.md"

_HEAD = """<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->
# What the tool says, beside what hosts do

Written by `lab/matrix --all`; do not edit. Every line is a host or a guest that was booted.

- `agree`: the tool and the host said the same.
- `not possible`: the combination cannot be run for a reason that is not the mode, in the words of QEMU or of the kernel.
- `beyond the grant`: the tool says no, and the guest boots on a processor that its partition was not given, which QEMU's
  hypervisor lets it have and PowerVM does not: the kernel has no check of it (commit 884ea0283f4e), or judges one mode by
  the grant of another.
- `another guest`: the tool's answer is about a guest without a pinned mode that was started on the source, as it says.
  This one was started elsewhere, which no document contains.
- `no statement`: the tool says nothing about this.
"""

_ABOUT = {
    "hosts": (
        "Hosts",
        "The tool's record and document beside raw calls and the device tree, read by a separate program "
        "(`lab/raw_probe.c`), which also sets each mode on a vCPU. A mode that a vCPU takes is supported where a guest was "
        "measured to boot in it on that host (`lab/measured.json`), within what the lab gave to the partition. Compared are "
        "the modes, the source, the raw capabilities, the nested API, the processor, the effective level, the trial's raw "
        "answers, the `<compat>` element, the validity of the document, a replay of the record, and each exit status.",
    ),
    "guests": (
        "Guests",
        "QEMU with KVM inside the host, with `max-cpu-compat` at each mode and without (`none`), beside the mode in the "
        "tool's table and what `check` says of a domain with it. The outer machine is the QEMU of the machine; for API v2 and "
        "Power11 it is QEMU 10. A guest counts as booted when its own kernel has named the processor that it runs on.",
    ),
    "decisions": (
        "Decisions",
        "In the same hosts: what `check` says of each domain, what libvirt makes of it, and what happens. A domain that "
        "libvirt would start with the emulator of a guest above is not started again; the others are started by libvirt, "
        "and `check` is given their QEMU (`--qemu`). "
        "`fit` names the mode that it pinned. What `fit` made is validated, defined, read back and started by libvirt, "
        "until the guest has run a program.",
    ),
    "migrations": (
        "Migrations",
        "A guest that counts seconds moves between two hosts with a network between them, by QEMU alone (`migrate tcp:`) and "
        "by `virsh migrate --live` between two libvirtd, without and with the start hook. Before each move `check --host "
        "TARGET --from SOURCE` was asked about its document, and `survey` about both hosts: by QEMU from documents, by "
        "libvirt from both daemons (`--connect`), which have the module. A guest arrived when it counted on in the target. "
        "It `ended at its start` when the target's QEMU did so before anything came, and `failed` when that was while "
        "the guest arrived.",
    ),
    "libvirt": (
        "libvirt",
        "libvirtd and virsh of a Debian release inside the host: `virsh capabilities | virt-host-compat capabilities -` "
        "changes nothing but the inserted lines and validates with that libvirt's own schemas. KVM domains of many shapes, "
        "valid and not, are given to that libvirt (`define`, `domxml-to-native`) and to `check`: none that libvirt refuses may "
        "be called compatible, and none that it starts as a guest was measured to boot incompatible.",
    ),
    "daemon": (
        "libvirt's daemon with the module and the start hook",
        "libvirtd of a Debian release inside the host, with `daemon enable` and `hook install` as an administrator would, "
        "confined by AppArmor with that release's profile and the line that docs/libvirt.md names. "
        "Read is what its own virsh says, through its socket: the element, and no other byte, is added; with `compare = yes` a mode "
        "that KVM refuses is incompatible; with a broken configuration the document is libvirt's own and its log says why, once. "
        "Started are KVM guests with `host-model` and `power10`: with the hook, the same after `fit`, and without the hook.",
    ),
    "units": (
        "Published formats under systemd",
        "systemd and udev of a Debian release inside the host, with the units, the udev rule and the migration hook of the "
        "packages, and every format enabled. Seconds from each event until each format's file was right, the quickest and the "
        "slowest, on an emulated processor: a start, `kvm_hv` unloaded and loaded again, drmgr's call after a migration, and "
        "the full hour, with the timer's random delay taken out.",
    ),
    "packages": (
        "Debian packages of the project",
        "A Debian release with systemd, dpkg, apt and libvirt runs in the host. Debian's own packages are unpacked and entered "
        "into dpkg's database; the project's packages are installed by `apt-get install`, with all their scripts. They are used "
        "as an administrator uses them: `show`, `validate --strict`, `daemon enable`, `hook install` and `publish enable`. systemd "
        "restarts libvirtd, which AppArmor confines with that release's profile. libvirt starts KVM guests with `host-model` and "
        "`power10`: with the hook, and the same after `fit`. The packages are installed again, removed and purged. virsh must "
        "show libvirt's own document after installing and after removing, and the same with the element in between. All files "
        "of the system are compared before the installation and after the purge. The times are those of an emulated processor: "
        "for `apt-get install`, and for the first `virt-host-compat` after it.",
    ),
    "failures": ("Failures on purpose", "The host is broken in one way; the tool's exit status and its words."),
}


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]) + "\n"


def _describe(name: str) -> str:
    host = hosts.everyone().get(name)
    return host.describe() if host else name


def _verdict(row: dict[str, Any]) -> str:
    """A verdict, with its reason unless the guest's message already contains it."""
    return row["verdict"] + (f": {row['why']}" if row["why"] and row["why"] != row["detail"] else "")


def _rows(part: Part) -> str:
    rows: list[dict[str, Any]] = part.rows
    if part.name == "hosts":
        return _table(
            ("host", "what it is", "the host", "the tool", "verdict", "s"),
            ((r["host"], _describe(r["host"]), r["row"], r["said"], r["verdict"], round(r["seconds"])) for r in rows),
        )
    if part.name == "guests":
        return _table(
            ("host", "QEMU inside", "mode", "tool: supported", "check", "the guest", "in its words", "verdict", "s"),
            ((r["host"], r["qemu"], r["mode"], r["said"], r["check"] or "-", r["outcome"], r["detail"], _verdict(r), round(r["seconds"])) for r in rows),
        )
    if part.name == "decisions":
        return _table(
            ("host", "domain", "check", "the emulator, by libvirt", "what happened", "in its words", "fit", "verdict"),
            ((r["host"], r["domain"], r["said"], r["emulator"] or "-", r["happened"], r["detail"], r["fit"], _verdict(r)) for r in rows),
        )
    if part.name == "migrations":
        return _table(
            ("from and to", "by", "guest", "check", "survey", "it", "in the target", "in the source", "verdict", "s"),
            ((r["host"], r["by"], r["guest"], r["check"], r["survey"], r["outcome"], r["target"], r["source"], r["verdict"], round(r["seconds"])) for r in rows),
        )
    if part.name == "libvirt":
        return _table(
            ("host", "libvirt", "its `<model>`", "inserted by the tool", "KVM domains of many shapes", "verdict", "s"),
            ((r["host"], r["version"], r["model"], f"`{r['inserted']}`", r["shapes"], r["verdict"], round(r["seconds"])) for r in rows),
        )
    if part.name == "daemon":
        return _table(
            ("host", "libvirt", "QEMU", "virsh capabilities shows", "cpu-compare", "guest, with the hook", "after `fit`", "without the hook", "verdict", "s"),
            (
                (r["host"], r["libvirt"], r["qemu"], f"`{r['shown']}`", r["compared"], r["hooked"], r["fitted"], r["unhooked"], r["verdict"], round(r["seconds"]))
                for r in rows
            ),
        )
    if part.name == "units":
        return _table(
            ("host", "systemd", "start", "unloaded", "loaded", "migrated", "an hour later", "verdict", "s"),
            ((r["host"], r["systemd"], r["boot"], r["unloaded"], r["loaded"], r["migrated"], r["hour"], r["verdict"], round(r["seconds"])) for r in rows),
        )
    if part.name == "packages":
        return _table(
            ("host", "root", "version", "installed in", "virsh capabilities shows", "guest, with the hook", "after `fit`", "left after the purge", "verdict", "s"),
            (
                (r["host"], r["root"], r["version"], r["installed"], f"`{r['shown']}`", r["hooked"], r["fitted"], r["left"], r["verdict"], round(r["seconds"]))
                for r in rows
            ),
        )
    return _table(
        ("host", "broken how", "status", "the tool says", "verdict"),
        ((r["host"], r["name"], r["status"], r["message"], r["verdict"]) for r in rows),
    )


def _unpinned(rows: list[dict[str, Any]]) -> str:
    """The guests without a pinned mode in partitions that run in an older mode, in one table."""
    everyone = hosts.everyone()
    older = [(everyone[row["host"]], row) for row in rows if row["mode"] == "none" and row["host"] in everyone and everyone[row["host"]].compat]
    return _table(
        ("the partition", "nested API", "its grant", "Linux in it", "QEMU in it", "check", "the guest", "in its words"),
        (
            (f"{host.cpu} in {host.compat} mode", host.nested, ", ".join(host.grant) or "all up to its processor", host.kernel, row["qemu"], row["check"], row["outcome"], row["detail"])
            for host, row in sorted(older, key=lambda one: (one[0].cpu, one[0].compat, one[0].nested, one[0].kernel))
        ),
    )


def _counts(part: Part) -> str:
    total = len(part.rows)
    counted = {word: sum(row["verdict"] == word for row in part.rows) for word in ("agree", "DISAGREE", "not possible", BEYOND, OTHER_GUEST, "no statement")}
    rest = ", ".join(f"{number} {word}" for word, number in counted.items() if number and word != "agree")
    return f"{total} run, {counted['agree']} agree" + (f", {rest}" if rest else "") + "."


def _section(part: Part) -> str:
    title, about = _ABOUT[part.name]
    used = ", ".join(f"{name} ({version})" for name, version in part.versions.items())
    pieces = [f"## {title}\n\n{about}\n\n{_counts(part)} {part.date}, {part.seconds / 60:.0f} minutes. With {used}.\n", _rows(part)]
    if part.name == "guests":
        pieces.append("Guests without a pinned mode in a partition that runs in an older mode (`check` ends with 0 for compatible, 1 for incompatible):\n\n" + _unpinned(part.rows))
    if wrong := [f"{row['host']}: {text}" for row in part.rows for text in row.get("trouble") or row.get("differences") or []]:
        pieces.append("What disagrees:\n\n" + "\n".join(f"- {_cell(line)}" for line in wrong) + "\n")
    if part.broken:
        pieces.append("Gave no answer:\n\n" + "\n".join(f"- {_cell(line)}" for line in part.broken) + "\n")
    return "\n".join(pieces)


def text(parts: list[Part]) -> str:
    """The whole document: a section for each part that has results."""
    return "\n".join([_HEAD] + [_section(part) for part in parts])


def write(parts: list[Part]) -> None:
    """Replace docs/truth.md."""
    temporary = TARGET.with_suffix(".md.part")
    temporary.write_text(text(parts), encoding="utf-8")
    temporary.rename(TARGET)
