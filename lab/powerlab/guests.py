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

GUEST = Path(__file__).resolve().parent.parent / "guest"
MODES = ("none", "power8", "power9", "power10", "power11")
# A guest in a guest under emulation names its processor after 10 to 40 seconds; a refusal takes two.
SECONDS = 200
# The line with which Linux names the processor that it runs on, right after its firmware has agreed on the mode.
PROCESSOR = re.compile(r"Hardware name:.*? (POWER\w+ \([a-z]+\))", re.I)
# What the lab's emulation has none of, as libvirt's domains say it; lab/guest/nest says the same to QEMU.
FEATURES = (
    "<nested-hv state='off'/><ccf-assist state='off'/><cfpc value='broken'/><sbbc value='broken'/><ibs value='broken'/>"
    "<hpt><maxpagesize unit='KiB'>4</maxpagesize></hpt>"
)
# QEMU's own limits: it never gets as far as asking KVM.
_QEMU_LIMITS = ("Invalid compatibility mode",)
# In these words QEMU and KVM refuse a mode; a guest that ends in others says nothing about its mode.
_REFUSALS = ("Unable to set CPU compatibility mode in KVM", "not valid for CPU", "HPT not supported in nested guests")


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


def make_nested(part: Path) -> None:
    """Pack the first root of a nested guest."""
    with gzip.open(part, "wb") as stream:
        archive = Archive(stream)  # type: ignore[arg-type]
        archive.device("dev/console", 5, 1)
        archive.folder("proc")
        archive.file("bin/busybox", cachedir.item("busybox", jobs.make_busybox).read_bytes(), 0o755)
        archive.file("init", (GUEST / "nested-init").read_bytes(), 0o755)
        archive.close()


def domain(mode: str) -> str:
    """A domain document that wants a mode, as a user of libvirt on POWER writes it."""
    return (
        f"<domain type='kvm'>\n  <name>{mode}</name>\n  <memory unit='MiB'>512</memory>\n  <vcpu>1</vcpu>\n"
        "  <os>\n    <type arch='ppc64le' machine='pseries'>hvm</type>\n  </os>\n"
        f"  <cpu mode='host-model'>\n    <model>{mode}</model>\n  </cpu>\n</domain>\n"
    )


def _outcome(console: str, errors: str, status: int, late: bool) -> tuple[str, str]:
    """What a guest did, and in which words."""
    if up := PROCESSOR.search(console):
        return "booted", up[1]
    message = [line for line in errors.splitlines() if line.strip() and "warning:" not in line]
    text = re.sub(r"^qemu-system-ppc64: ", "", message[0].strip()) if message else ""
    if any(limit in text for limit in _QEMU_LIMITS):
        return "not possible", f"QEMU's own limit: {text}"
    if late:
        said = [line for line in console.splitlines() if line.strip()]
        return "hung", f"no answer in {SECONDS} seconds; last line: {said[-1][:120] if said else 'none'}"
    return "refused", text or f"QEMU ended with status {status}"


def _verdict(mode: str, said: str, check: str, outcome: str, detail: str) -> str:
    """Whether the tool's word and the guest agree."""
    if outcome == "not possible":
        return "not possible"
    # Modes outside of the table are spoken of by `check` alone, and it may not know.
    if said == "unknown" or (said == "not in the table" and check not in ("0", "1")):
        return "no statement"
    if outcome == "hung":
        return "DISAGREE"
    booted = outcome == "booted"
    fits = said == "not in the table" or booted == (said == "yes")
    if not booted:
        fits = fits and any(words in detail for words in _REFUSALS)
    if booted and mode != "none":
        fits = fits and detail.upper().startswith(mode.upper())
    if check in ("0", "1") and mode != "none":
        fits = fits and booted == (check == "0")
    return "agree" if fits else "DISAGREE"


def work(tool: Path, root: str, modes: tuple[str, ...] = MODES) -> jobs.Job:
    """The job that starts a guest in each mode with the QEMU of a root."""
    nested = cachedir.item("nested.cpio.gz", make_nested)
    return jobs.Job(
        command=["sh", "/root/nest", str(SECONDS), *modes],
        files={
            "/root/nest": GUEST / "nest",
            "/usr/local/bin/virt-host-compat": tool,
            "/nested/initrd": nested,
            "/nested/vmlinux": _nested_kernel(),
        },
        scripts={f"/root/{mode}.xml": domain(mode) for mode in modes if mode != "none"},
        seconds=60 + SECONDS * len(modes),
        roots=[roots.get(root)],
        memory="2G",
    )


def run(host: Host, job: jobs.Job) -> tuple[dict[str, str], float]:
    """Boot a host with such a job; returns the files that it left, as text, and the seconds."""
    outcome = boot.run(host, job)
    files = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    if "show" not in files or "version" not in files:
        raise LabError(f"The guests in {host.name} gave no answer ({outcome.stderr.decode('utf-8', 'replace').strip()[:300]}).")
    if not files["show"].startswith("{"):
        status = next((line.split()[1] for line in files.get("statuses", "").splitlines() if line.startswith("show ")), "?")
        raise LabError(f"virt-host-compat show --json in {host.name} ended with status {status} and no record ({files.get('show.err', '').strip()[:200]}).")
    return files, outcome.seconds


def read(host: Host, files: dict[str, str], modes: tuple[str, ...] = MODES) -> list[Cell]:
    """Compare each guest with what the tool said in its host."""
    compat = json.loads(files["show"])["virt-host-compat"]["compat"]
    supported = {mode["name"]: mode.get("supported") for mode in compat.get("modes") or []}
    statuses = dict(line.split() for line in files["statuses"].splitlines())
    version = re.search(r"version (\d[\d.]*)", files["version"])
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
        did, detail = _outcome(files.get(f"console-{mode}", ""), files.get(f"error-{mode}", ""), status, f"late-{mode}" in statuses)
        verdict = _verdict(mode, said, check, did, detail)
        if did == "hung" and host.qemu != 7:
            # Seen with every mode: the newer QEMU's emulation of nested KVM stops its guests.
            did, verdict = "not possible", "not possible"
        seconds = float(statuses.get(f"seconds-{mode}", "0"))
        cells.append(Cell(host.name, mode, version[1] if version else "?", said, check, did, detail, verdict, seconds))
    return cells


def _nested_kernel() -> Path:
    return kernels.get("7.3").image
