# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tool has to say, worked out from raw calls alone.

Input is the JSON of lab/raw_probe.c. This is the second opinion of the lab: it is written from the
kernel's interface (Documentation/virt/kvm/api.rst, section 4.145) and PAPR's logical PVRs, and shares
nothing with driver/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Mode, its capability bit, its logical PVR, and the processors that are of its generation.
_POWER9, _POWER10, _POWER11 = "power9", "power10", "power11"
_BIT = {_POWER9: 1 << 62, _POWER10: 1 << 61, _POWER11: 1 << 60}
_LOGICAL = {0x0F000005: _POWER9, 0x0F000006: _POWER10, 0x0F000007: _POWER11}
_PROCESSOR = {0x004E: _POWER9, 0x0080: _POWER10, 0x0082: _POWER11}
_MODEL = {0x004E: "POWER9", 0x0080: "POWER10", 0x0082: "Power11"}
ORDER = (_POWER9, _POWER10, _POWER11)


@dataclass(frozen=True)
class Expectation:
    """The answer that follows from the raw calls: how it is known, and which modes are supported."""

    source: str | None
    modes: dict[str, bool] | None
    capabilities: int | None
    platform: str
    pvr: int
    effective: str | None
    kernel: str
    row: str


def up_to(newest: str | None) -> dict[str, bool] | None:
    """Every mode not newer than the given one; nothing where no mode is given."""
    if newest is None:
        return None
    return {mode: ORDER.index(mode) <= ORDER.index(newest) for mode in ORDER}


def _platform(compatible: str) -> str:
    if "ibm,powernv" in compatible.split("\0"):
        return "powernv"
    return "pseries" if "pseries" in compatible else "other"


def expect(raw: dict[str, Any]) -> Expectation:
    """What a true tool says on the host of these raw answers."""
    platform = _platform(raw["compatible"])
    pvr = int(raw["pvr"], 16)
    levels = {int(node["cpu_version"], 16) for node in raw["cpu_nodes"] if "cpu_version" in node}
    level = levels.pop() if len(levels) == 1 else 0
    effective = _LOGICAL.get(level)
    kvm = raw["kvm"]
    asked = kvm.get("calls", {}).get("size_24", {})
    has_vm = kvm.get("create_vm_errno") == 0
    source: str | None = None
    modes: dict[str, bool] | None = None
    capabilities: int | None = None
    if kvm.get("extensions", {}).get("250") == 1 and asked.get("result") == 0:
        source, capabilities = "kvm", int(asked["capabilities"], 16)
        modes = {mode: bool(capabilities & bit) for mode, bit in _BIT.items()}
        row = f"the kernel answers {capabilities:#x}"
    elif has_vm and platform == "pseries" and (modes := up_to(effective)):
        source, row = "device-tree", f"the device tree says {effective}"
    elif has_vm and platform == "powernv" and (modes := up_to(_PROCESSOR.get(pvr >> 16))):
        source, row = "pvr", f"the processor is a {_MODEL[pvr >> 16]}"
    else:
        row = f"unknown (KVM_CREATE_VM: errno {kvm.get('create_vm_errno')})" if "create_vm_errno" in kvm else "unknown (no /dev/kvm)"
    if platform == "powernv":
        effective = _PROCESSOR.get(pvr >> 16)
    return Expectation(source, modes, capabilities, platform, pvr, effective, raw["kernel"], row)


def compare(said: dict[str, Any], raw: dict[str, Any]) -> list[str]:
    """Every way in which the tool's JSON record differs from what the raw calls say."""
    want = expect(raw)
    record = said.get("virt-host-compat", {})
    host, compat = record.get("host", {}), record.get("compat", {})
    pairs: list[tuple[str, object, object]] = [
        ("schema_version", record.get("schema_version"), 1),
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
        pairs.append(("modes", {mode.get("name"): mode.get("supported") for mode in modes}, want.modes))
        pairs.append(("order of modes", [mode.get("name") for mode in modes], list(ORDER)))
    else:
        pairs.append(("supported modes", [mode.get("name") for mode in modes if mode.get("supported") is not None], []))
    if want.capabilities is not None:
        unknown = want.capabilities & ~sum(_BIT.values())
        pairs.append(("unknown_bits", _number(compat.get("unknown_bits")), unknown))
    if want.effective == "power8":
        pairs = [pair for pair in pairs if pair[0] != "effective_mode"]
    return [f"{name}: the tool says {got!r}, the raw calls say {true!r}" for name, got, true in pairs if got != true]


def compare_document(document: str, raw: dict[str, Any]) -> list[str]:
    """Whether the <compat> of a capabilities document says what the raw calls say; read without an XML library's help."""
    want = expect(raw)
    found = re.search(r"<compat source='([^']*)'>(.*?)</compat>", document, re.S)
    if want.modes is None:
        return ["the document has a <compat> though nothing is known"] if found else []
    if found is None:
        return ["the document has no <compat>"]
    differences = []
    if found[1] != want.source:
        differences.append(f"the document says source {found[1]}, the raw calls say {want.source}")
    listed = re.findall(r"<mode name='([^']*)' supported='(yes|no)'/>", found[2])
    true = [(mode, "yes" if on else "no") for mode, on in want.modes.items()]
    if listed != true:
        differences.append(f"the document lists {listed}, the raw calls say {true}")
    return differences


def _number(value: object) -> int | None:
    return int(value, 16) if isinstance(value, str) else None
