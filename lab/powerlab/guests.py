# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest matrix: real QEMU/KVM guests started inside a host in each mode, beside what the tool says there."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import boot, cachedir, job as jobs, kernels, roots
from .archive import Archive
from .failures import LabError
from .hosts import Host

_GUEST = Path(__file__).resolve().parent.parent / "guest"
MODES = ("none", "power8", "power9", "power10", "power11")
# A guest in a guest under emulation boots in 15 to 60 seconds; a refusal takes two.
SECONDS = 150
# QEMU's own limits: it never gets as far as asking KVM.
_QEMU_LIMITS = ("Invalid compatibility mode",)


@dataclass
class Cell:
    """One nested guest: where, in which mode, what the tool said and what the guest did."""

    host: str
    mode: str
    qemu: str
    said: str
    check: str
    outcome: str
    detail: str
    verdict: str
    seconds: float = 0.0


def _make_nested(part: Path) -> None:
    with gzip.open(part, "wb") as stream:
        archive = Archive(stream)  # type: ignore[arg-type]
        archive.device("dev/console", 5, 1)
        archive.folder("proc")
        archive.file("bin/busybox", cachedir.item("busybox", jobs.make_busybox).read_bytes(), 0o755)
        archive.file("init", (_GUEST / "nested-init").read_bytes(), 0o755)
        archive.close()


def domain(mode: str) -> str:
    """A domain document that wants a mode, as a user of libvirt on POWER writes it."""
    return (
        f"<domain type='kvm'>\n  <name>{mode}</name>\n  <memory unit='MiB'>512</memory>\n  <vcpu>1</vcpu>\n"
        "  <os>\n    <type arch='ppc64le' machine='pseries'>hvm</type>\n  </os>\n"
        f"  <cpu mode='host-model'>\n    <model>{mode}</model>\n  </cpu>\n</domain>\n"
    )


def _outcome(console: str, errors: str, status: int) -> tuple[str, str]:
    """What a guest did, and in which words."""
    up = re.search(r"@@nested up@@ cpu\s*: (\S+[^,\r\n]*)", console)
    if up:
        return "booted", up[1].strip()
    message = [line for line in errors.splitlines() if line.strip() and "warning:" not in line]
    text = re.sub(r"^qemu-system-ppc64: ", "", message[0].strip()) if message else ""
    if any(limit in text for limit in _QEMU_LIMITS):
        return "not possible", f"QEMU's own limit: {text}"
    if status == 137:
        said = [line for line in console.splitlines() if line.strip()]
        return "hung", f"no answer in {SECONDS} seconds; last line: {said[-1][:120] if said else 'none'}"
    return "refused", text or f"QEMU ended with status {status}"


def _verdict(mode: str, said: str, check: str, outcome: str, detail: str) -> str:
    """Whether the tool's word and the guest agree."""
    if outcome == "not possible":
        return "not possible"
    if mode == "power8":
        return "no statement"
    if said == "unknown":
        return "no statement"
    if outcome == "hung":
        return "DISAGREE"
    booted = outcome == "booted"
    fits = booted == (said == "yes")
    if booted and mode != "none":
        fits = fits and detail.upper().startswith(mode.upper())
    if check in ("0", "1") and mode != "none":
        fits = fits and booted == (check == "0")
    return "agree" if fits else "DISAGREE"


def run(host: Host, tool: Path, qemu: str, modes: tuple[str, ...] = MODES) -> list[Cell]:
    """Boot a host with a QEMU in it, start a guest in each mode, and compare with the tool there."""
    nested = cachedir.item("nested.cpio.gz", _make_nested)
    work = jobs.Job(
        command=["sh", "/root/nest", str(SECONDS), *modes],
        files={
            "/root/nest": _GUEST / "nest",
            "/usr/local/bin/virt-host-compat": tool,
            "/nested/initrd": nested,
            "/nested/vmlinux": _nested_kernel(),
        },
        scripts={f"/root/{mode}.xml": domain(mode) for mode in modes if mode != "none"},
        seconds=60 + SECONDS * len(modes),
        roots=[roots.get(qemu)],
        memory="2G",
    )
    outcome = boot.run(host, work)
    files = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    if "show" not in files or "version" not in files:
        raise LabError(f"The guests in {host.name} gave no answer ({outcome.stderr.decode('utf-8', 'replace').strip()[:300]}).")
    compat = json.loads(files["show"])["virt-host-compat"]["compat"]
    supported = {mode["name"]: mode.get("supported") for mode in compat.get("modes") or []}
    statuses = dict(line.split() for line in files["statuses"].splitlines())
    version = re.search(r"version (\S+)", files["version"])
    cells = []
    for mode in modes:
        if compat["status"] != "known":
            said = "unknown"
        elif mode == "none":
            said = "yes" if any(supported.values()) else "no"
        else:
            said = {True: "yes", False: "no"}.get(supported.get(mode), "not in the table")
        status = int(statuses.get(f"guest-{mode}", "0"))
        check = statuses.get(f"check-{mode}", "")
        did, detail = _outcome(files.get(f"console-{mode}", ""), files.get(f"error-{mode}", ""), status)
        cells.append(Cell(host.name, mode, version[1] if version else qemu, said, check, did, detail, _verdict(mode, said, check, did, detail)))
    cells[0].seconds = outcome.seconds
    return cells


def _nested_kernel() -> Path:
    return kernels.get("7.3").image
