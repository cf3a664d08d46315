# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool's decisions about domains and clusters, beside what libvirt, QEMU and KVM really do with them.

Everything happens in the boot that the guest matrix needs anyway. A domain whose emulator, by libvirt's own word,
would be started as one of those guests was is not started again; every other one is started by libvirt.
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

from .failures import LabError
from .guests import FEATURES, GUEST, PROCESSOR, Cell
from .hosts import Host
from .job import Job

# The modes of the tool's table; QEMU's older ones are outside of it.
_MODES = ("power9", "power10", "power11")

# What the lab's emulated hosts need beside the CPU: a nested guest of theirs, booted from files, that
# speaks into a file.
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
    **{mode: f"  <cpu mode='host-model'>\n    <model>{mode}</model>\n  </cpu>\n" for mode in ("power8", *_MODES, "power42")},
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


# The same libvirt and QEMU run everywhere: on bare metal and older kernels only what KVM grants is left to see.
_BOUND_BY_KVM = ("power8", *_MODES, "host-model", "custom-unchecked")


def domains(host: Host) -> dict[str, str]:
    """Each way to write a CPU, as a whole domain; elsewhere than in a new partition those that depend on KVM."""
    every = _all_domains()
    return every if host.kernel == "7.3" and not host.powernv else {name: every[name] for name in _BOUND_BY_KVM}


def _all_domains() -> dict[str, str]:
    plain = {name: _DOMAIN.format(type="kvm", machine="pseries", features=FEATURES, cpu=cpu) for name, cpu in _CPUS.items()}
    plain["emulated-host-model"] = _DOMAIN.format(type="qemu", machine="pseries", features="", cpu=_CPUS["power9"])
    plain["powernv"] = _DOMAIN.format(type="kvm", machine="powernv9", features="", cpu="")
    return plain


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
    trouble: list[str] = field(default_factory=list)


@dataclass
class Session:
    """One host's decisions, what fit's result became, and what baselines over hosts need."""

    host: str
    libvirt: str
    decisions: list[Decision]
    cluster: dict[str, Any]


def extend(job: Job, host: Host, seconds: int) -> None:
    """Have a job of the guest matrix decide about the host's domains too."""
    job.files |= {"/root/decide": GUEST / "decide", "/root/libvirt-up": GUEST / "libvirt-up"}
    job.scripts |= {f"/root/domains/{name}.xml": text for name, text in domains(host).items()}
    job.scripts["/root/both"] = f"#!/bin/sh\n{' '.join(job.command)}\nsh /root/decide {seconds}\n"
    job.command = ["sh", "/root/both"]
    job.seconds += 600 + 4 * seconds
    job.memory = "3G"


class _Answers:
    """What one host's boot left behind."""

    def __init__(self, files: dict[str, str], cells: Sequence[Cell]) -> None:
        self.files = files
        self.statuses = dict(line.split(" ", 1) for line in files.get("decided", "").splitlines())
        self.cells = {cell.mode: cell for cell in cells}

    def emulator(self, name: str) -> str:
        """What of libvirt's command line decides: the CPU, and the mode if there is one."""
        line = self.files.get(f"argv-{name}", "")
        if self.statuses.get(f"argv-{name}") != "0":
            return ""
        cpu = re.search(r"-cpu (\S+)", line)
        mode = re.search(r"max-cpu-compat=(\w+)", line)
        return (f"-cpu {cpu[1]}" if cpu else "no -cpu") + (f", max-cpu-compat={mode[1]}" if mode else "")

    def _words(self, name: str) -> str:
        lines = [line.removeprefix("error: ") for line in self.files.get(f"{name}.err", "").splitlines()]
        return " ".join(" ".join(line for line in lines if not line.startswith("Failed to create domain")).split())[:200]

    def happened(self, name: str) -> tuple[str, str]:
        """What became of a domain (booted, refused or hung), and in which words."""
        if f"create-{name}" in self.statuses:
            return self.started(name, f"create-{name}")
        if self.statuses.get(f"argv-{name}") != "0":
            return "not started", "libvirt has no command line for it and was not asked to start it"
        if same := self.statuses.get(f"same-{name}"):
            return self.happened(same)
        line = self.files[f"argv-{name}"]
        mode = re.search(r"max-cpu-compat=(\w+)", line)
        cell = self.cells.get(mode[1] if mode else "none")
        if cell is not None and re.search(r"-machine pseries\S* -accel kvm -cpu host ", line):
            return ("refused" if cell.outcome == "not possible" else cell.outcome), cell.detail
        return "not started", "its emulator is none of the guests' and libvirt was not asked to start it"

    def started(self, name: str, command: str) -> tuple[str, str]:
        """What became of a domain that libvirt started."""
        console = self.files.get(f"console-{name}", "")
        if up := PROCESSOR.search(console):
            return "booted", up[1]
        if f"late-{name}" in self.statuses:
            return "hung", (console.strip().splitlines() or ["no output"])[-1][:160]
        log = [line for line in self.files.get(f"log-{name}", "").splitlines() if "qemu-system-ppc64:" in line and "warning" not in line]
        return "refused", (log[-1].split("qemu-system-ppc64: ", 1)[1] if log else f"libvirt: {self._words(command)}")[:200]


def _judge(said: str, mode: str | None, happened: str, detail: str) -> list[str]:
    """Where a verdict and what happened do not go together."""
    trouble = []
    if said == "compatible" and happened != "booted":
        trouble.append(f"it was called compatible and {happened}")
    if said == "incompatible" and happened != "refused":
        trouble.append(f"it was called incompatible and {happened}")
    if happened == "booted" and mode and not detail.upper().startswith(mode.upper()):
        trouble.append(f"pinned to {mode}, it runs as {detail}")
    return trouble


def _judge_fit(answers: _Answers, name: str, newest: str | None) -> tuple[str, list[str]]:
    """Which mode fit pinned; it must be the host's newest, or there must be a refusal."""
    status = answers.statuses.get(f"fit-{name}")
    pinned = re.search(r"<model[^>]*>(\w+)</model>", answers.files.get(f"fit-{name}", ""))
    if status == "0" and pinned and pinned[1] == newest:
        return newest, []
    if status in ("1", "4") and not pinned:
        return "cannot", []
    return "?", [f"fit ended with status {status} and pinned {pinned[1] if pinned else 'nothing'}, the newest mode is {newest}"]


def _fit_goes_all_the_way(answers: _Answers, host: str, newest: str) -> Decision:
    """fit's result, validated, defined, read back and started by libvirt, up to a program in the guest."""
    happened, detail = answers.started("fit", "start-fit")
    files, statuses = answers.files, answers.statuses
    kept = re.search(r"<cpu mode='host-model'[^>]*>\s*<model[^>]*>(\w+)</model>", files.get("dumpxml-fit", ""))
    promises = [
        (statuses.get("define-fit") == "0", f"virsh define --validate: {files.get('define-fit.err', '').strip()[:200]}"),
        (kept is not None and kept[1] == newest, f"virsh dumpxml keeps {kept[1] if kept else 'no mode'}"),
        (f"max-cpu-compat={newest}" in files.get("argv-fit", ""), "the emulator's command line has no such mode"),
        (happened == "booted" and detail.upper().startswith(newest.upper()), f"it {happened}: {detail}"),
        ("@@nested up@@" in files.get("console-fit", ""), "its guest started no program"),
    ]
    trouble = [text for held, text in promises if not held]
    return Decision(
        host, "what fit made", "compatible", "", answers.emulator("fit"), happened, f"{detail}, and ran a program", newest, "DISAGREE" if trouble else "agree", trouble
    )


def read(host: Host, files: dict[str, str], cells: Sequence[Cell]) -> Session:
    """What came of a job that extend() made."""
    answers = _Answers(files, cells)
    if "libvirt-version" not in files or not any(name.startswith("argv-") for name in answers.statuses):
        said = f"{files.get('libvirt-version.err', '')} {files.get('libvirtd', '')}"
        raise LabError(f"libvirt in {host.name} decided nothing ({' '.join(said.split())[-300:]}).")
    supported = [mode["name"] for mode in json.loads(files["show"])["virt-host-compat"]["compat"]["modes"] or [] if mode["supported"]]
    newest = supported[-1] if supported else None
    decisions = []
    for name in domains(host):
        answer = json.loads(files[f"verdict-{name}"])["virt-host-compat"]["domains"][0]
        happened, detail = answers.happened(name)
        fitted, wrong = _judge_fit(answers, name, newest)
        trouble = _judge(answer["verdict"], answer["mode"], happened, detail) + wrong
        silent = answer["verdict"] in ("unknown", "not-applicable")
        verdict = "DISAGREE" if trouble else "no statement" if silent else "agree"
        decisions.append(Decision(host.name, name, answer["verdict"], answer["reason"], answers.emulator(name), happened, detail, fitted, verdict, trouble))
    if newest:
        decisions.append(_fit_goes_all_the_way(answers, host.name, newest))
    version = re.search(r"Running against daemon: (\S+)", files["libvirt-version"])
    cluster = {"capabilities": files.get("capabilities", ""), "booted": [cell.mode for cell in cells if cell.outcome == "booted"]}
    return Session(host.name, version[1] if version else "?", decisions, cluster)


def judge_baselines(hosts: dict[str, dict[str, Any]], tool: Path) -> Decision:
    """Whether the baseline over each set of hosts is the newest mode that booted on all of them.

    hosts: name -> capabilities (the document that the tool built there) and booted (the modes of its guests).
    """
    trouble = []
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, about in hosts.items():
            Path(folder, f"{name}.xml").write_text(about["capabilities"])
        for size in range(1, len(hosts) + 1):
            for names in itertools.combinations(hosts, size):
                count += 1
                done = subprocess.run([str(tool), "baseline", *(f"{folder}/{name}.xml" for name in names)], capture_output=True, text=True, check=False)
                mode = re.search(r"<model>(\w+)</model>", done.stdout)
                everywhere = set.intersection(*(set(hosts[name]["booted"]) for name in names)) & set(_MODES)
                newest = max(everywhere, key=_MODES.index, default=None)
                if (mode[1] if mode else None) != newest or done.returncode != (0 if newest else 1):
                    trouble.append(
                        f"over {', '.join(names)} the baseline is {mode[1] if mode else done.stderr.strip()} (status {done.returncode}), "
                        f"and the newest mode that boots on all is {newest}"
                    )
    what = f"{count} baselines, one over each set of these {len(hosts)} hosts"
    detail = "each is the newest mode that was seen to boot on all hosts of its set"
    return Decision(
        "all of them", what, "a mode", "", "", "DISAGREE" if trouble else "booted", detail, "-", "DISAGREE" if trouble else "agree", trouble
    )
