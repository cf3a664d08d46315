# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares libvirt's results for KVM domains of many shapes in a POWER10 in power9 mode with those of check.

The shapes are those of xml-tests/consumers. There they are emulated, so that every refusal comes from libvirt. Here
QEMU and KVM refuse some, too. Whether check may call a domain incompatible although libvirt accepts it follows from the
emulator's command line that libvirt writes, and from the modes in which guests were measured to boot on that host.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "xml-tests/consumers"))

import domain_shapes  # noqa: E402

COUNT = 200
# virsh prefixes its errors with a word, also the mark if it is among them.
_BLOCK = re.compile(r"^(?:error: )?@@d(\d+)$", re.M)
# What boots there (lab/measured.json, power10-as-power9): the processor's own CPU, without a mode or in power9 mode.
_CPUS = ("host", "POWER10")
_MODES = ("", "power9")


def documents(seed: int) -> list[str]:
    shapes = domain_shapes.Shapes(seed, "kvm", "POWER10")
    return [shapes.domain(index) for index in range(COUNT)]


def scripts(seed: int) -> dict[str, str]:
    """The files of a job: one for each domain, in the order of their names, and virsh's commands.

    virsh's output for each domain, also its errors, follows a mark.
    """
    files = {f"/root/shapes/d{index:03}.xml": text for index, text in enumerate(documents(seed))}
    commands = (
        f"echo @@d{index}; echo --err @@d{index}; define {file}; undefine d{index}; domxml-to-native qemu-argv {file}" for index, file in enumerate(files)
    )
    return files | {"/root/shapes/commands": "; ".join(commands)}


def _blocks(text: str) -> dict[int, str]:
    """The text after each mark."""
    pieces = _BLOCK.split(text)
    return {int(number): words for number, words in zip(pieces[1::2], pieces[2::2])}


def runs(command: str) -> bool:
    """Whether guests were measured to boot with such a command line. The last option of a kind counts."""
    cpu = re.findall(r"-cpu (\S+)", command)
    mode = re.findall(r"max-cpu-compat=(\w+)", command)
    return (cpu[-1] if cpu else "host") in _CPUS and (mode[-1] if mode else "") in _MODES and "-machine pseries" in command and "-accel kvm" in command


def compare(seed: int, files: dict[str, str]) -> tuple[str, list[str]]:
    """A sentence with the counts, and all disagreements."""
    refusals, commands = _blocks(files.get("shapes.err", "")), _blocks(files.get("shapes", ""))
    documented, asked = (json.loads(files.get(name) or "{}").get("virt-host-compat", {}).get("domains", []) for name in ("shapes-said", "shapes-here"))
    # If libvirt's document does not give the answer, as with the nested API, use the one on the host.
    answers = [here if said["verdict"] == "unknown" else said for said, here in zip(documented, asked)]
    if not len(refusals) == len(commands) == len(answers) == COUNT:
        return "", [f"of {COUNT} domains virsh was asked about {len(commands)} and check about {len(answers)}: {files.get('shapes-said.err', '')[:200]}"]
    counts: Counter[str] = Counter()
    different = []
    for index, document in enumerate(documents(seed)):
        words, said = " ".join(refusals[index].split()), answers[index]["verdict"]
        refused, no = "error:" in words, said in ("incompatible", "error")
        counts["refused by libvirt" if refused else "taken"] += 1
        counts[said] += 1
        if refused and not no and said != "unknown":
            different.append(f"{document}: called {said}, and libvirt says {words[:200]}")
        elif no and not refused and runs(commands[index]):
            different.append(f"{document}: called {said} ({answers[index]['reason']}), and libvirt starts {commands[index][:200]}")
    if min(counts["refused by libvirt"], counts["taken"]) < COUNT // 10:
        different.append(f"the domains show nothing: {dict(counts)}")
    told = ", ".join(f"{counts[word]} {word}" for word in sorted(counts))
    return f"seed {seed}, {COUNT} domains: {told}; {len(different)} disagree", different
