# SPDX-License-Identifier: LGPL-2.1-or-later
"""Breaks a host in one way after another, and checks what the tool reports each time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import boot, roots
from .failures import LabError
from .hosts import Host, find
from .job import Job

_SCRIPT = Path(__file__).resolve().parent.parent / "guest/faults"

# The correct exit statuses of each case according to the tool's documentation: 0 known, 4 unknown, 5 a system call
# failed. If two are listed, both are correct, because a limit may or may not be reached.
EXPECTED: dict[str, tuple[int, ...]] = {
    "plain": (0,),
    "no-device": (4,),
    "device-is-a-file": (4, 5),
    "device-not-permitted": (4,),
    "no-procfs": (0,),
    # If the host's own level is unknown, the modes are, too.
    "no-sysfs": (4,),
    "no-procfs-no-sysfs": (4,),
    "no-device-tree": (4,),
    "device-tree-of-rubbish": (4,),
    "memory-limit": (0, 5),
    "memory-limit-document": (5,),
    "memory-limit-fast-path": (0,),
    "memory-limit-no-room": (126, 137, 139),
    "descriptors-3": (4, 5),
    "descriptors-4": (0, 4, 5),
    "descriptors-5": (0,),
    "descriptors-6": (0,),
    "output-full": (5,),
    "output-closed": (5,),
    "error-closed": (0,),
    "input-closed": (0,),
    "file-size-0": (5, 153),
    "killed": (137,),
    "traced": (0,),
    "leaves-nothing": (0,),
    "hv-module-not-loaded": (4,),
    "no-module-at-all": (4,),
    "refused-module": (4,),
}
# If the kernel does not have the capability, the trial needs one more descriptor, for its vCPU.
WITHOUT_CAPABILITY: dict[str, tuple[int, ...]] = {"descriptors-5": (5,)}
# Statuses of a program that the kernel or the loader ended before it could print anything.
_SILENT = (0, 126, 127, 137, 139, 153)
# The files that `show` needs to open. Any other file in its trace is an error.
_NEEDED = re.compile(
    r"^(/dev/kvm|/proc/(cpuinfo|device-tree|sys/kernel/osrelease)|/sys/(firmware/devicetree|module/kvm))"
)


@dataclass
class Case:
    """One way of breaking a host: the tool's status and its message."""

    host: str
    name: str
    status: int
    message: str
    verdict: str


def _words(out: str, err: str) -> str:
    """The tool's message: its error line, or the reason in its record."""
    if err.strip():
        return " / ".join(err.strip().splitlines())[:300]
    try:
        compat = json.loads(out)["virt-host-compat"]["compat"]
    except (ValueError, KeyError):
        return out.strip().splitlines()[0] if out.strip() else ""
    supported = [mode["name"] for mode in compat.get("modes") or [] if mode.get("supported")]
    return compat.get("reason") or f"{compat.get('source')}: {', '.join(supported)}"


def opened_without_need(trace: str) -> list[str]:
    """Files that were opened according to a trace, although the tool does not need them."""
    paths = re.findall(r'\bopen(?:at)?\((?:[^,]*, )?"([^"]+)"', trace)
    return sorted({path for path in paths if not _NEEDED.match(path)})


def _judge(name: str, status: int, message: str, capability: bool = True) -> str:
    expected = EXPECTED if capability else EXPECTED | WITHOUT_CAPABILITY
    if status not in expected.get(name, ()):
        return "DISAGREE"
    # The message must be one sentence of the tool's own. The text of a library in it is an error.
    if status == 5 and (not message.startswith("virt-host-compat: ") or " / " in message):
        return "DISAGREE"
    return "agree" if message or status in _SILENT else "DISAGREE"


def _break(tool: Path, place: Host, capability: bool) -> list[Case]:
    """Break a host in every way. `capability` says whether its kernel has the capability."""
    files = {"/root/faults": _SCRIPT, "/usr/local/bin/virt-host-compat": tool}
    outcome = boot.run(place, Job(command=["sh", "/root/faults"], files=files, seconds=120, roots=[roots.get("strace")]))
    said = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    if "statuses" not in said:
        raise LabError(f"The failures in {place.name} gave no answer ({outcome.stderr.decode('utf-8', 'replace')[:300]}).")
    cases = []
    for line in said["statuses"].splitlines():
        name, status = line.split()[0], int(line.split()[1])
        message = _words(said.get(f"{name}.out", ""), said.get(f"{name}.err", ""))
        verdict = _judge(name, status, message, capability)
        if name == "traced":
            extra = opened_without_need(said.get("trace", ""))
            verdict = verdict if not extra else "DISAGREE"
            message = f"opens {', '.join(extra)} without need" if extra else "opens nothing that it does not need"
        cases.append(Case(place.name, name, status, message, verdict))
    return cases


def run(tool: Path) -> list[Case]:
    """Break a host with the capability and one where modes are tried, and boot one on which kvm-hv does not load."""
    cases = _break(tool, find("power10"), True) + _break(tool, find("power10-linux6.12"), False)
    refused = find("power10-no-nesting")
    outcome = boot.run(refused, Job(command=["/usr/local/bin/virt-host-compat", "show", "--json"], files={"/usr/local/bin/virt-host-compat": tool}))
    message = _words(outcome.stdout.decode(), outcome.stderr.decode())
    cases.append(Case(refused.name, "refused-module", outcome.status, message, _judge("refused-module", outcome.status, message)))
    return cases
