# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest matrix: starts real QEMU/KVM guests in a host in each mode, and compares them with the tool's answers."""

from __future__ import annotations

import gzip
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import cachedir, emulators, expectation, job as jobs, kernels, measured, probes, roots, verdicts
from .archive import Archive
from .failures import LabError
from .hosts import Host
from .sessions import Files, Step
from .verdicts import BOOTED, DIED, REFUSED, SILENT, Did, Verdict

GUEST = Path(__file__).resolve().parent.parent / "guest"
MODES = ("power8", "power9", "power10", "power11", "none")
# A nested guest under emulation prints its processor's name after 10 to 40 seconds; a refusal takes two. If the host
# booted slowly, lab/guest/nest waits longer.
SECONDS = 200
# A waiting host writes to the console every ten seconds. If it is silent for this long, it is locked up; boot.py waits
# longer if it was slow before.
_SILENCE = 45
# The line with which Linux names its processor, right after the firmware has negotiated the mode.
PROCESSOR = re.compile(r"Hardware name:.*? (POWER\w+ \([a-z]+\))", re.I)
# KVM could not run a guest any further. QEMU then keeps running, with the guest stopped.
STOPPED_BY_KVM = re.compile(r"kvm run failed[^\n]*")


def features(host: Host) -> str:
    """Options for features that the emulation does not have, for libvirt's domains; lab/guest/nest has QEMU's."""
    return (
        "<nested-hv state='off'/><ccf-assist state='off'/><cfpc value='broken'/><sbbc value='broken'/><ibs value='broken'/>"
        f"<hpt><maxpagesize unit='KiB'>{64 if host.kernel.endswith('-64k') else 4}</maxpagesize></hpt>"
    )


@dataclass
class Cell:
    """One nested guest: its host and mode, the tool's answer, what the guest did, and the verdict with its reason."""

    host: str
    mode: str
    qemu: str
    said: str
    check: str
    outcome: str
    detail: str
    verdict: str
    why: str = ""
    seconds: float = 0.0
    trouble: list[str] = field(default_factory=list)

    @property
    def did(self) -> Did:
        return Did(self.outcome, self.detail)


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
    """A domain document that pins a mode, as a user of libvirt on POWER writes it; `none` pins no mode."""
    cpu = "" if mode == "none" else f"  <cpu mode='host-model'>\n    <model>{mode}</model>\n  </cpu>\n"
    return (
        f"<domain type='kvm'>\n  <name>{mode}</name>\n  <memory unit='MiB'>512</memory>\n  <vcpu>1</vcpu>\n"
        f"  <os>\n    <type arch='ppc64le' machine='pseries'>hvm</type>\n  </os>\n{cpu}</domain>\n"
    )


def did(files: dict[str, str], statuses: dict[str, str], mode: str) -> Did:
    """What a guest did, and its message."""
    console, errors = files.get(f"console-{mode}", ""), files.get(f"error-{mode}", "")
    if up := PROCESSOR.search(console):
        return Did(BOOTED, up[1])
    if stopped := STOPPED_BY_KVM.search(errors):
        return Did(DIED, stopped[0].strip())
    said = [line for line in console.splitlines() if line.strip()]
    if f"late-{mode}" in statuses:
        return Did(SILENT, f"in {statuses[f'late-{mode}']} seconds; last line: {said[-1][:120] if said else 'none'}")
    message = [line for line in errors.splitlines() if line.strip() and "warning:" not in line]
    text = re.sub(r"^qemu-system-ppc64: ", "", message[0].strip()) if message else ""
    return Did(REFUSED, text or f"QEMU ended with status {statuses.get(f'done-{mode}', '?')}")


def work(tool: Path, root: str) -> jobs.Job:
    """The job that can start guests with the QEMU of a root. It has no command yet."""
    return jobs.Job(
        files={
            "/root/nest": GUEST / "nest",
            "/usr/local/bin/virt-host-compat": tool,
            "/usr/local/bin/raw_probe": probes.raw_probe(),
            "/nested/initrd": cachedir.item("nested.cpio.gz", make_nested),
            "/nested/vmlinux": kernels.get("7.3").image,
        },
        scripts={f"/root/{mode}.xml": domain(mode) for mode in MODES},
        # A silent host ends it earlier.
        seconds=7200,
        silence=_SILENCE,
        roots=[roots.get(root)],
        memory="2G",
    )


def steps(modes: tuple[str, ...]) -> list[Step]:
    return [Step("nest", mode) for mode in modes]


def _require_record(host: Host, files: Files) -> None:
    if not files.text.get("show", "").startswith("{") or "version" not in files.text:
        status = files.words("statuses").get("show", "?")
        raise LabError(f"virt-host-compat show --json in {host.name} ended with status {status} and no record ({files.text.get('show.err', '').strip()[:200]}).")


def read(host: Host, files: Files, data: measured.Data, modes: tuple[str, ...] = MODES) -> list[Cell]:
    """Compare each guest with what the tool reported in its host. `data` is what guests did in earlier runs.

    Guests with which the host locked up are missing; lost() names them.
    """
    _require_record(host, files)
    compat = json.loads(files.text["show"])["virt-host-compat"]["compat"]
    supported = {mode["name"]: mode.get("supported") for mode in compat.get("modes") or []}
    statuses = files.words("statuses")
    version = re.search(r"version (\d[\d.]*)", files.text["version"])
    dids = {mode: did(files.text, statuses, mode) for mode in modes if f"done-{mode}" in statuses}
    mute = is_mute(files)
    cells = []
    for mode in dids:
        said = "-" if mode == "none" else {True: "yes", False: "no"}.get(supported.get(mode), "unknown")
        check = statuses.get(f"check-{mode}", "")
        verdict, trouble = _both(host, mode, said, check, dids[mode], measured.with_check(data, host, mode), mute)
        seconds = float(statuses.get(f"seconds-{mode}", "0"))
        one = dids[mode]
        cells.append(Cell(host.name, mode, version[1] if version else "?", said, check, one.what, one.words, verdict.word, verdict.why, seconds, trouble))
    return cells


def is_mute(files: Files) -> bool:
    """Whether a vCPU of the host refused every level."""
    return expectation.refuses_all(json.loads(files.text.get("raw") or '{"kvm": {}}'))


def lost(files: Files, script: str) -> list[str]:
    """The guests or domains for which the lab has no result, one sentence each."""
    kind = {"statuses": "guest", "decided": "domain"}[script]
    return [f"{kind} {word.removeprefix('lost-')}: {said}" for word, said in files.words(script).items() if word.startswith("lost-")]


def _both(host: Host, mode: str, said: str, check: str, guest: Did, checked: Did | None, mute: bool) -> tuple[Verdict, list[str]]:
    """The verdict on both of the tool's answers: the one about the mode, and that of `check`."""
    words = {} if mode == "none" else {f"the tool says {said}": {"yes": True, "no": False}.get(said)}
    words[f"check ends with {check}"] = {"0": True, "1": False}.get(check)
    judged = {text: verdicts.judge(host, None if mode == "none" else mode, word, guest, checked, mute) for text, word in words.items()}
    trouble = [f"{mode}: {text}, and the guest {guest.what} ({guest.words}): {verdict.why}" for text, verdict in judged.items() if verdict.word == "DISAGREE"]
    worst = min(judged.values(), key=lambda verdict: ("DISAGREE", "no statement", "not possible", verdicts.BEYOND, "agree").index(verdict.word))
    return worst, trouble


def compare_with_recorded(cell: Cell, recorded: measured.Data) -> None:
    """If a guest's result differs from the one recorded with the same QEMU, turn it into a disagreement."""
    before = measured.did(recorded, cell.host, cell.mode, cell.qemu)
    if before is not None and before.what != cell.outcome:
        cell.verdict = "DISAGREE"
        cell.trouble.append(f"{cell.mode}: recorded is that the guest {before.what} ({before.words}), now it {cell.outcome} ({cell.detail})")


def origin(host: Host) -> dict[str, str]:
    """The origin of measurements: the day, and the kernel and the QEMU of the host."""
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "kernel": kernels.get(host.kernel).version, "qemu": emulators.get(host.qemu).version}
