# SPDX-License-Identifier: LGPL-2.1-or-later
"""Derives what the tool must report about a host from raw calls and from guests.

The input is the JSON of lab/raw_probe.c, and what guests were measured to do (lab/measured.json). This is an
independent implementation: it is written from the kernel's interface (Documentation/virt/kvm/api.rst, section 4.145)
and PAPR's logical PVRs, and shares no code with driver/. It has no rules for what the kernel does not report. If a vCPU
accepts a mode, a guest on that host has shown whether it boots in it. If it boots on a processor that the lab did not
grant to the host (hosts.toml), it boots beyond the grant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from . import measured, verdicts
from .hosts import Host

# Each mode, its capability bit, its logical PVR, and the processors of its generation.
_POWER8, _POWER9, _POWER10, _POWER11 = ORDER = verdicts.ORDER
_BIT = {_POWER9: 1 << 62, _POWER10: 1 << 61, _POWER11: 1 << 60}
_LOGICAL = {0x0F000004: _POWER8, 0x0F000005: _POWER9, 0x0F000006: _POWER10, 0x0F000007: _POWER11}
_PROCESSOR = {0x004E: _POWER9, 0x0080: _POWER10, 0x0082: _POWER11}
_MODEL = {0x004E: "POWER9", 0x0080: "POWER10", 0x0082: "Power11"}


@dataclass(frozen=True)
class Expectation:
    """The answer that follows from the raw calls and from guests.

    modes  whether each is supported, None if that is unknown; a mode is missing if no guest has shown it yet
    """

    source: str | None
    modes: dict[str, bool] | None
    capabilities: int | None
    platform: str
    nested_api: str | None
    pvr: int
    effective: str | None
    kernel: str
    row: str


def _platform(compatible: str) -> str:
    if "ibm,powernv" in compatible.split("\0"):
        return "powernv"
    return "pseries" if "pseries" in compatible else "other"


def taken(raw: dict[str, Any]) -> dict[str, bool] | None:
    """Which modes a vCPU accepted; None if there was no vCPU, or one accepted the level that no processor has."""
    tried = raw["kvm"].get("trial", {})
    levels = {name: steps["set_errno"] for name, steps in tried.items() if "set_errno" in steps}
    if set(levels) != {*ORDER, "raw", "control"} or levels["control"] == 0 or set(levels.values()) - {0, 22}:
        return None
    return {mode: levels[mode] == 0 for mode in ORDER}


def refuses_all(raw: dict[str, Any]) -> bool:
    """Whether a vCPU refused every level, even 0, which it has at first. Its refusals then say nothing."""
    tried = raw["kvm"].get("trial", {})
    return bool(tried) and all(steps.get("set_errno") for steps in tried.values())


def _supported(host: Host, mode: str, tried: bool, bits: int | None, data: measured.Data) -> bool | None:
    """Whether a guest can have a mode, by the kernel's refusal or by a guest; None if no guest has shown it."""
    if not tried or (bits is not None and mode in _BIT and not bits & _BIT[mode]):
        return False
    if verdicts.judged_by_power11(host, mode):
        # The documented limit of the trial: KVM accepts the mode, and without a bitmap nothing contradicts it.
        return True
    guest = measured.evidence(data, host, mode)
    if guest is None or verdicts.limit(guest) or guest.what == verdicts.SILENT:
        return None
    return guest.what == verdicts.BOOTED and not verdicts.beyond(host, guest)


def expect(raw: dict[str, Any], host: Host, data: measured.Data) -> Expectation:
    """What a correct tool reports on the host with these raw answers, if guests do what the data say."""
    platform = _platform(raw["compatible"])
    pvr = int(raw["pvr"], 16)
    levels = {int(node["cpu_version"], 16) for node in raw["cpu_nodes"] if "cpu_version" in node}
    level = levels.pop() if len(levels) == 1 else 0
    effective = _PROCESSOR.get(pvr >> 16) if platform == "powernv" else _LOGICAL.get(level)
    kvm = raw["kvm"]
    asked = kvm.get("calls", {}).get("size_24", {})
    tried = taken(raw)
    source: str | None = None
    capabilities: int | None = None
    if kvm.get("extensions", {}).get("250") == 1 and asked.get("result") == 0:
        source, capabilities = "kvm", int(asked["capabilities"], 16)
        row = f"the kernel answers {capabilities:#x}"
    elif refuses_all(raw):
        row = "unknown (its vCPUs take no level, not even 0)"
    elif tried is not None and effective is not None:
        source = "trial"
        row = f"its vCPUs take {', '.join(mode for mode, on in tried.items() if on) or 'no mode'}"
    else:
        row = f"unknown (KVM_CREATE_VM: errno {kvm.get('create_vm_errno')})" if "create_vm_errno" in kvm else "unknown (no /dev/kvm)"
    modes: dict[str, bool] | None = None
    if source is not None and tried is not None:
        shown = {mode: _supported(host, mode, tried[mode], capabilities, data) for mode in ORDER}
        modes = {mode: on for mode, on in shown.items() if on is not None}
    nested_api = host.nested if source is not None and platform == "pseries" else None
    return Expectation(source, modes, capabilities, platform, nested_api, pvr, effective, raw["kernel"], row)


def compare(said: dict[str, Any], want: Expectation) -> list[str]:
    """All differences between the tool's JSON record and what is expected."""
    record = said.get("virt-host-compat", {})
    host, compat = record.get("host", {}), record.get("compat", {})
    pairs: list[tuple[str, object, object]] = [
        ("schema_version", record.get("schema_version"), 2),
        ("kernel", host.get("kernel"), want.kernel),
        ("platform", host.get("platform"), want.platform),
        ("pvr", _number(host.get("pvr")), want.pvr),
        ("model", str(host.get("model")).upper(), str(_MODEL.get(want.pvr >> 16)).upper()),
        ("effective_mode", host.get("effective_mode"), want.effective),
        ("status", compat.get("status"), "known" if want.source else "unknown"),
        ("source", compat.get("source"), want.source),
        ("capabilities", _number(compat.get("capabilities")), want.capabilities),
        ("abi", compat.get("abi"), "merged" if want.source == "kvm" else None),
        ("a reason", bool(compat.get("reason")), want.source is None),
    ]
    modes = compat.get("modes") or []
    if want.modes is not None:
        said_of = {mode.get("name"): mode.get("supported") for mode in modes}
        pairs += [(mode, said_of.get(mode), on) for mode, on in want.modes.items()]
        pairs.append(("order of modes", [mode.get("name") for mode in modes], list(ORDER)))
    else:
        pairs.append(("supported modes", [mode.get("name") for mode in modes if mode.get("supported") is not None], []))
    if want.capabilities is not None:
        unknown = want.capabilities & ~sum(_BIT.values())
        pairs.append(("unknown_bits", _number(compat.get("unknown_bits")), unknown))
    return [f"{name}: the tool says {got!r}, the lab says {true!r}" for name, got, true in pairs if got != true]


def unseen(want: Expectation) -> list[str]:
    """The modes that a vCPU accepts but with which no guest was measured. Nothing is expected of them."""
    return [mode for mode in ORDER if want.modes is not None and mode not in want.modes]


def compare_document(document: str, want: Expectation) -> list[str]:
    """Whether the <compat> of a capabilities document is as expected. It is read without an XML library."""
    found = re.search(r"<compat source='([^']*)'>(.*?)</compat>", document, re.S)
    if want.modes is None:
        return ["the document has a <compat> though nothing is known"] if found else []
    if found is None:
        return ["the document has no <compat>"]
    differences = []
    if found[1] != want.source:
        differences.append(f"the document says source {found[1]}, the lab says {want.source}")
    listed = re.findall(r"<mode name='([^']*)' supported='(yes|no)'/>", found[2])
    if [mode for mode, _ in listed] != list(ORDER):
        differences.append(f"the document lists {', '.join(mode for mode, _ in listed)} in place of {', '.join(ORDER)}")
    wrong = [f"{mode} {word}" for mode, word in listed if mode in want.modes and (word == "yes") != want.modes[mode]]
    if wrong:
        differences.append(f"the document says {', '.join(wrong)}, the lab says the opposite")
    return differences


def _number(value: object) -> int | None:
    return int(value, 16) if isinstance(value, str) else None
