# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the list of hosts (lab/hosts.toml), and what each entry means for QEMU."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import grant, kernels
from .failures import STATUS_USAGE, LabError

LIST = Path(__file__).resolve().parent.parent / "hosts.toml"

# TCG has none of the mitigations that pseries enables by default, so they are switched off.
_PSERIES = "cap-ccf-assist=off,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken"
_NESTED = {"v1": ",cap-nested-hv=on", "v2": ",cap-nested-papr=on", "none": ""}
_MODES = ("power8", "power9", "power10", "power11")


@dataclass(frozen=True)
class Host:
    """One host: a machine, a CPU, a limit of its compatibility level, a kernel and an emulator."""

    name: str
    cpu: str
    machine: str = "pseries"
    nested: str = "none"
    compat: str | None = None
    grant: tuple[str, ...] = ()
    kvm_hv: str = ""
    kernel: str = "7.3"
    qemu: int = 7
    memory: str = "1G"
    smp: str = "1"
    extra: tuple[str, ...] = ()
    quick: bool = False
    guests: bool = False
    decisions: bool = False
    note: str = ""

    @property
    def powernv(self) -> bool:
        return self.machine.startswith("powernv")

    def machine_argument(self) -> str:
        """The value of QEMU's -machine."""
        if self.powernv:
            return f"{self.machine},accel=tcg"
        limit = f",max-cpu-compat={self.compat}" if self.compat else ""
        return f"{self.machine},accel=tcg,{_PSERIES}{_NESTED[self.nested]}{limit}"

    def describe(self) -> str:
        """The host's description, for tables."""
        parts = [self.machine, self.cpu]
        if not self.powernv:
            parts.append("no nesting" if self.nested == "none" else f"nested API {self.nested}")
            if self.compat:
                parts.append(f"in {self.compat} mode")
            if self.grant:
                parts.append(f"granted {' and '.join(self.grant)}")
        if self.kvm_hv:
            parts.append(f"kvm_hv {self.kvm_hv}")
        return ", ".join([*parts, f"Linux {self.kernel}"])


def _check(name: str, entry: dict[str, object]) -> Host:
    """Build a host from its entry. The message of an error in the list names the entry."""
    fields = Host.__dataclass_fields__
    unknown = [key for key in entry if key not in fields or key == "name"]
    if unknown:
        raise LabError(f"{LIST}: host {name}: the key {unknown[0]} means nothing; see lab/README.md.", STATUS_USAGE)
    if "cpu" not in entry:
        raise LabError(f"{LIST}: host {name}: the key cpu is missing.", STATUS_USAGE)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    host = Host(name=name, **values)  # type: ignore[arg-type]
    for key, value, allowed in (
        ("nested", host.nested, tuple(_NESTED)),
        ("kernel", host.kernel, tuple(kernels.series_names())),
        ("qemu", host.qemu, (7, 10)),
        ("compat", host.compat, (None, *_MODES)),
    ):
        if value not in allowed:
            choices = ", ".join(str(one) for one in allowed if one is not None)
            raise LabError(f"{LIST}: host {name}: {key} is {value!r}, but only {choices} are known.", STATUS_USAGE)
    wrong = [mode for mode in host.grant if mode not in grant.MODES]
    if wrong:
        raise LabError(f"{LIST}: host {name}: grant has {wrong[0]!r}, but only {', '.join(grant.MODES)} are known.", STATUS_USAGE)
    if host.grant and (host.powernv or host.nested != "v2"):
        raise LabError(f"{LIST}: host {name}: a grant needs nested = 'v2'; no other hypervisor of the lab makes one.", STATUS_USAGE)
    return host


@cache
def everyone() -> dict[str, Host]:
    """All hosts by name, in the order of the list."""
    try:
        entries = tomllib.loads(LIST.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{LIST}: the list of hosts is not valid TOML: {error}.", STATUS_USAGE) from error
    return {name: _check(name, entry) for name, entry in entries.items()}


def find(name: str) -> Host:
    """The host of this name. The error for an unknown one suggests similar names."""
    hosts = everyone()
    if name in hosts:
        return hosts[name]
    near = difflib.get_close_matches(name, hosts, 3)
    hint = f"did you mean {', '.join(near)}?" if near else "see lab/run --list."
    raise LabError(f"There is no host {name} in {LIST.name}; {hint}", STATUS_USAGE)
