# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the tool's decisions about domains and clusters with what libvirt, QEMU and KVM do.

Everything happens in the boots that the guest matrix needs anyway. If libvirt would start a domain with the same
emulator command line as one of those guests, the domain is not started again. libvirt starts every other domain.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import guests, measured, verdicts
from .failures import LabError
from .guests import GUEST, PROCESSOR, STOPPED_BY_KVM, Cell, features
from .hosts import Host
from .job import Job
from .sessions import Files, Step
from .verdicts import BOOTED, DIED, ORDER, REFUSED, SILENT, Did, Verdict

# Elements that the lab's emulated hosts need in addition to the CPU: a nested guest that boots from files and writes
# its console to a file.
_DOMAIN = """<domain type='{type}'>
  <name>guest</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='ppc64le' machine='{machine}'>hvm</type>
    <kernel>/nested/vmlinux</kernel>
    <initrd>/nested/initrd</initrd>
    <cmdline>console=hvc0 panic=-1</cmdline>
  </os>
  <features>{features}</features>
{cpu}  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-ppc64</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='/tmp/console'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""
_CPUS = {
    **{mode: f"  <cpu mode='host-model'>\n    <model>{mode}</model>\n  </cpu>\n" for mode in (*ORDER, "power42")},
    "upper-case": "  <cpu mode='host-model'><model>POWER9</model></cpu>\n",
    "white-space": "  <cpu mode='host-model'><model> power9 </model></cpu>\n",
    "no-cpu": "",
    "host-model": "  <cpu mode='host-model'/>\n",
    "passthrough": "  <cpu mode='host-passthrough'/>\n",
    "maximum": "  <cpu mode='maximum'/>\n",
    "custom-power9": "  <cpu mode='custom' match='exact'><model fallback='allow'>POWER9</model></cpu>\n",
    "custom-power10": "  <cpu mode='custom' match='minimum'><model fallback='forbid'>POWER10</model></cpu>\n",
    "custom-unchecked": "  <cpu mode='custom' check='none'><model>power9</model></cpu>\n",
    "custom-legacy": "  <cpu mode='custom'><model>POWER8_v1.0</model></cpu>\n",
    "custom-mode": "  <cpu mode='custom'><model>power9</model></cpu>\n",
    "vendor": "  <cpu mode='host-model'><model>power9</model><vendor>AMD</vendor></cpu>\n",
    "vendor-id": "  <cpu mode='host-model'><model vendor_id='GenuineIntel'>power9</model></cpu>\n",
    "feature": "  <cpu mode='host-model'><model>power9</model><feature policy='disable' name='vsx'/></cpu>\n",
}


# All hosts have the same libvirt and QEMU, so most of them only differ in what KVM grants. On Power11, which libvirt
# 11.3 does not know, libvirt's own limits are tested, too.
_BOUND_BY_KVM = (*ORDER, "custom-unchecked", "host-model", "no-cpu")
_FIT = "fit"


def domains(host: Host) -> dict[str, str]:
    """Domains with each way to specify a CPU. Most hosts only get those whose outcome depends on KVM."""
    bound = (*_BOUND_BY_KVM, "passthrough") if host.cpu == "Power11" else _BOUND_BY_KVM
    cpus = _CPUS if host.kernel == "7.3" and host.qemu == 7 and not host.powernv else {name: _CPUS[name] for name in bound}
    every = {name: _DOMAIN.format(type="kvm", machine="pseries", features=features(host), cpu=cpu) for name, cpu in cpus.items()}
    if cpus is _CPUS:
        every["emulated-host-model"] = _DOMAIN.format(type="qemu", machine="pseries", features="", cpu=_CPUS["power9"])
        every["powernv"] = _DOMAIN.format(type="kvm", machine="powernv9", features="", cpu="")
    return every


def steps(host: Host) -> list[Step]:
    """One step for each domain. The step for fit comes before the domains that have no mode."""
    names = list(domains(host))
    without = [name for name in names if name in ("host-model", "no-cpu", "passthrough", "maximum") or name.startswith("custom")]
    return [Step("decide", name) for name in [*(name for name in names if name not in without), _FIT, *without]]


@dataclass
class Decision:
    """One domain on one host: the tool's verdict, what libvirt made of the domain, and what happened."""

    host: str
    domain: str
    said: str
    reason: str
    emulator: str
    happened: str
    detail: str
    fit: str
    verdict: str
    why: str = ""
    trouble: list[str] = field(default_factory=list)


@dataclass
class Session:
    """One host's decisions, what happened to fit's result, and the data for baselines (may be empty)."""

    host: str
    libvirt: str
    decisions: list[Decision]
    cluster: dict[str, Any]


def extend(job: Job, host: Host) -> Job:
    """Extend a job of the guest matrix with the decisions about the host's domains."""
    job.files |= {"/root/decide": GUEST / "decide", "/root/libvirt-up": GUEST / "libvirt-up"}
    job.scripts |= {f"/root/domains/{name}.xml": text for name, text in domains(host).items()}
    job.memory = "3G"
    return job


class _Answers:
    """The results of one host's boots."""

    def __init__(self, files: Files, cells: Sequence[Cell]) -> None:
        self.files = files.text
        self.statuses = files.words("decided")
        self.cells = {cell.mode: cell for cell in cells}

    def said(self, name: str) -> dict[str, Any]:
        """The verdict of `check` with the QEMU that starts the domain, if libvirt starts it, or else with libvirt's
        document or, if that is unknown (as for the nested API), on the host.
        """
        kinds = ("asked",) if f"asked-{name}" in self.files else ("documented", "verdict")
        given = [json.loads(self.files[f"{kind}-{name}"])["virt-host-compat"]["domains"][0] for kind in kinds]
        return given[-1] if given[0]["verdict"] == "unknown" else given[0]

    def emulator(self, name: str) -> str:
        """The deciding parts of libvirt's command line: the CPU, and the mode if there is one."""
        line = self.files.get(f"argv-{name}", "")
        if self.statuses.get(f"argv-{name}") != "0":
            return ""
        cpu = re.search(r"-cpu (\S+)", line)
        mode = re.search(r"max-cpu-compat=(\w+)", line)
        return (f"-cpu {cpu[1]}" if cpu else "no -cpu") + (f", max-cpu-compat={mode[1]}" if mode else "")

    def _words(self, name: str) -> str:
        lines = [line.removeprefix("error: ") for line in self.files.get(f"{name}.err", "").splitlines()]
        return " ".join(" ".join(line for line in lines if not line.startswith("Failed to create domain")).split())[:200]

    def happened(self, name: str) -> Did | None:
        """What happened to a domain; None if it was not started."""
        if f"create-{name}" in self.statuses:
            return self.started(name, f"create-{name}")
        if same := self.statuses.get(f"same-{name}"):
            return self.happened(same)
        line = self.files.get(f"argv-{name}", "")
        mode = re.search(r"max-cpu-compat=(\w+)", line)
        cell = self.cells.get(mode[1] if mode else "none")
        if self.statuses.get(f"argv-{name}") == "0" and cell is not None and re.search(r"-machine pseries\S* -accel kvm -cpu host ", line):
            return cell.did
        return None

    def started(self, name: str, command: str) -> Did:
        """What happened to a domain that libvirt started."""
        console, log = self.files.get(f"domain-{name}", ""), self.files.get(f"log-{name}", "")
        if up := PROCESSOR.search(console):
            return Did(BOOTED, up[1])
        if stopped := STOPPED_BY_KVM.search(log):
            return Did(DIED, stopped[0].strip())
        if late := self.statuses.get(f"late-{name}"):
            return Did(SILENT, f"in {late} seconds; last line: {(console.strip().splitlines() or ['none'])[-1][:160]}")
        said = [line for line in log.splitlines() if "qemu-system-ppc64:" in line and "warning" not in line]
        return Did(REFUSED, (said[-1].split("qemu-system-ppc64: ", 1)[1] if said else f"libvirt: {self._words(command)}")[:200])


def _judge(host: Host, name: str, answer: dict[str, Any], happened: Did | None, checked: Did | None, mute: bool) -> Verdict:
    """Whether the tool's answer about a domain agrees with what happened to it."""
    if happened is None:
        return Verdict("DISAGREE", "libvirt was not asked to start it, and its emulator is none of the guests'")
    positive = {"compatible": True, "incompatible": False}.get(answer["verdict"])
    if positive is False and happened.what == REFUSED:
        # A domain that was called incompatible did not start. It does not matter which program refused it.
        return Verdict("agree") if not verdicts.limit(happened) or "libvirt:" in happened.words else Verdict("not possible", happened.words)
    return verdicts.judge(host, answer["mode"], positive, happened, checked, mute)


def _judge_fit(answers: _Answers, name: str, newest: str | None) -> tuple[str, list[str]]:
    """Which mode fit pinned. It must be the host's newest one, or fit must refuse."""
    status = answers.statuses.get(f"fit-{name}")
    pinned = re.search(r"<model[^>]*>(\w+)</model>", answers.files.get(f"fit-{name}", ""))
    if status == "0" and pinned and pinned[1] == newest:
        return newest, []
    if status in ("1", "4") and not pinned:
        return "cannot", []
    return "?", [f"fit ended with status {status} and pinned {pinned[1] if pinned else 'nothing'}, the newest mode is {newest}"]


def _fit_finds_nothing(answers: _Answers, host: str, newest: str) -> Decision:
    """fit pins nothing although KVM has modes. libvirt must then refuse the newest mode."""
    happened = answers.happened(newest) or Did("not started", "")
    trouble = [] if happened.what == REFUSED else [f"fit pins nothing, and {newest} {happened.what}"]
    reason = " ".join(answers.files.get("whole-fit.err", "").split())
    return Decision(host, "what fit made", "cannot", reason, "", happened.what, happened.words, "cannot", "DISAGREE" if trouble else "agree", "", trouble)


def _fit_goes_all_the_way(answers: _Answers, host: str, newest: str) -> Decision:
    """fit's result is validated, defined, read back and started by libvirt, until a program runs in the guest."""
    files, statuses = answers.files, answers.statuses
    if statuses.get("whole-fit") == "1":
        return _fit_finds_nothing(answers, host, newest)
    happened = answers.started("fit", "start-fit")
    kept = re.search(r"<cpu mode='host-model'[^>]*>\s*<model[^>]*>(\w+)</model>", files.get("dumpxml-fit", ""))
    promises = [
        (statuses.get("define-fit") == "0", f"virsh define --validate: {files.get('define-fit.err', '').strip()[:200]}"),
        (kept is not None and kept[1] == newest, f"virsh dumpxml keeps {kept[1] if kept else 'no mode'}"),
        (f"max-cpu-compat={newest}" in files.get("argv-fit", ""), "the emulator's command line has no such mode"),
        (happened.what == BOOTED and verdicts.processor(happened.words) == newest, f"it {happened.what}: {happened.words}"),
        ("@@nested up@@" in files.get("domain-fit", ""), "its guest started no program"),
    ]
    trouble = [text for held, text in promises if not held]
    return Decision(
        host, "what fit made", "compatible", "", answers.emulator("fit"), happened.what, happened.words + (", and ran a program" if not trouble else ""), newest, "DISAGREE" if trouble else "agree", "", trouble
    )


def read(host: Host, files: Files, cells: Sequence[Cell], data: measured.Data) -> Session:
    """The results of a job that extend() made, without the domains with which the host locked up.

    data is what guests did in earlier runs.
    """
    answers = _Answers(files, cells)
    if "libvirt-version" not in files.text or not any(name.startswith("argv-") for name in answers.statuses):
        said = f"{files.text.get('libvirt-version.err', '')} {files.text.get('libvirtd', '')}"
        raise LabError(f"libvirt in {host.name} decided nothing ({' '.join(said.split())[-300:]}).")
    supported = [mode["name"] for mode in json.loads(files.text["show"])["virt-host-compat"]["compat"]["modes"] or [] if mode["supported"]]
    newest = supported[-1] if supported else None
    decisions = []
    mute = guests.is_mute(files)
    for name in domains(host):
        if f"lost-{name}" in answers.statuses:
            continue
        if f"verdict-{name}" not in files.text:
            raise LabError(f"check was not asked in {host.name} about the domain {name}.")
        answer = answers.said(name)
        happened = answers.happened(name)
        fitted, trouble = _judge_fit(answers, name, newest)
        mode = answer["mode"] or "none"
        verdict = _judge(host, name, answer, happened, measured.with_check(data, host, mode), mute)
        if verdict.word == "DISAGREE":
            trouble.insert(0, f"it was called {answer['verdict']}: {verdict.why}")
        did = happened or Did("not started", "")
        word = "DISAGREE" if trouble else verdict.word
        decisions.append(Decision(host.name, name, answer["verdict"], answer["reason"], answers.emulator(name), did.what, did.words, fitted, word, verdict.why, trouble))
    if newest and "lost-fit" not in answers.statuses:
        decisions.append(_fit_goes_all_the_way(answers, host.name, newest))
    version = re.search(r"Running against daemon: (\S+)", files.text["libvirt-version"])
    cluster: dict[str, Any] = {}
    # If KVM judges a mode by the grant of another one, the tool's answer depends on its source.
    if not any(verdicts.judged_by_power11(host, mode) for mode in ORDER):
        cluster = {"capabilities": files.text.get("capabilities", ""), "booted": [cell.mode for cell in cells if cell.outcome == BOOTED and not verdicts.beyond(host, cell.did)]}
    return Session(host.name, version[1] if version else "?", decisions, cluster)


def _sets(hosts: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    """Each host, each pair, all hosts, and every set of hosts whose guests differ."""
    first: dict[frozenset[str], str] = {}
    for name, about in hosts.items():
        first.setdefault(frozenset(about["booted"]), name)
    sizes = [*((hosts, size) for size in (1, 2, len(hosts))), *((first.values(), size) for size in range(3, len(first) + 1))]
    return sorted({tuple(names) for of, size in sizes for names in itertools.combinations(of, size)})


def judge_baselines(hosts: dict[str, dict[str, Any]], tool: Path) -> Decision:
    """Whether the baseline of each set of hosts is the newest mode that booted on all of them.

    hosts: name -> capabilities (the document that the tool printed there) and booted (the modes of its guests).
    """
    trouble = []
    with tempfile.TemporaryDirectory() as folder:
        for name, about in hosts.items():
            Path(folder, f"{name}.xml").write_text(about["capabilities"])
        sets = _sets(hosts)
        for names in sets:
            done = subprocess.run([str(tool), "baseline", *(f"{folder}/{name}.xml" for name in names)], capture_output=True, text=True, check=False)
            mode = re.search(r"<model>(\w+)</model>", done.stdout)
            everywhere = set.intersection(*(set(hosts[name]["booted"]) for name in names)) & set(ORDER)
            newest = max(everywhere, key=ORDER.index, default=None)
            if (mode[1] if mode else None) != newest or done.returncode != (0 if newest else 1):
                trouble.append(
                    f"over {', '.join(names)} the baseline is {mode[1] if mode else done.stderr.strip()} (status {done.returncode}), "
                    f"and the newest mode that boots on all is {newest}"
                )
    what = f"{len(sets)} baselines over sets of these {len(hosts)} hosts"
    detail = "each is the newest mode that was seen to boot on all hosts of its set"
    return Decision(
        "all of them", what, "a mode", "", "", "DISAGREE" if trouble else "booted", detail, "-", "DISAGREE" if trouble else "agree", "", trouble
    )
