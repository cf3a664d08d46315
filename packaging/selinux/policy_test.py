#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles the SELinux modules, links them with Debian's policy, and checks the resulting policy.

Usage: policy_test.py. Needs no root rights and changes no policy of this machine: Debian's packages are unpacked into
the lab's cache, and semodule works in a folder of its own. Takes some minutes.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lab"), str(ROOT / "xml-tests")]

import tap  # noqa: E402
from powerlab import selinux  # noqa: E402

HOOK = "/etc/libvirt/hooks/qemu.d/virt-host-compat"
EXECUTION = {"getattr", "open", "read", "execute", "execute_no_trans"}
DEVICE = {"getattr", "open", "read", "write", "ioctl"}
# The types that the module needs in a policy with the modular daemons. Debian's policy does not have them.
MODULAR = """
module modular-daemon 1.0;
require { attribute domain; type init_t; }
type virtqemud_t;
typeattribute virtqemud_t domain;
"""


def labels(policy: selinux.Policy, wanted: str) -> list[str]:
    found = policy.label(HOOK).split(":")[2]
    others = {path: policy.label(path).split(":")[2] for path in (f"{HOOK}.old", "/etc/libvirt/hooks/qemu.d/other", "/etc/libvirt/hooks/qemu")}
    return [f"{HOOK} is {found}"] * (found != wanted) + [f"{path} is {label}" for path, label in others.items() if label == "bin_t"]


def executes(policy: selinux.Policy, domain: str, label: str, wanted: bool) -> list[str]:
    lacking = EXECUTION - policy.allowed(domain, label, "file")
    if not wanted:
        return [] if {"execute", "execute_no_trans"} <= lacking else [f"{domain} may execute {label}"]
    lacking |= DEVICE - policy.allowed(domain, "kvm_device_t", "chr_file")
    return [f"{domain} lacks {', '.join(sorted(lacking))} of {label} or /dev/kvm"] if lacking else []


def preloads(policy: selinux.Policy, domain: str, wanted: bool) -> list[str]:
    found = "noatsecure" in policy.allowed("init_t", domain, "process")
    return [] if found == wanted else [f"noatsecure from init_t to {domain} is {'allowed' if found else 'denied'}"]


def main() -> int:
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        policy = selinux.Policy(place / "root")
        hook, preload = (selinux.compile_module(name, place) for name in selinux.MODULES)
        (place / "modular-daemon.te").write_text(MODULAR)
        modular = selinux.compile_module("modular-daemon", place / "modular", place)

        def with_module() -> list[str]:
            policy.install(hook)
            return labels(policy, "bin_t") + executes(policy, "virtd_t", "bin_t", True)

        def confined() -> list[str]:
            policy.disable("unconfined")
            return preloads(policy, "virtd_t", False) + labels(policy, "bin_t")

        def with_preload() -> list[str]:
            policy.install(preload)
            return preloads(policy, "virtd_t", True)

        def no_modular() -> list[str]:
            return ["Debian's policy has virtqemud_t now: try the modules with it"] if policy.has_type("virtqemud_t") else []

        def with_modular() -> list[str]:
            policy.remove(*selinux.MODULES)
            policy.install(modular)
            before = preloads(policy, "virtqemud_t", False) + executes(policy, "virtqemud_t", "bin_t", False)
            policy.install(hook, preload)
            return before + preloads(policy, "virtqemud_t", True) + executes(policy, "virtqemud_t", "bin_t", True)

        def removed() -> list[str]:
            policy.remove(*selinux.MODULES)
            return labels(policy, "virt_etc_rw_t") + preloads(policy, "virtd_t", False)

        return tap.run(
            {
                "Debian's policy labels the hook as settings": partial(labels, policy, "virt_etc_rw_t"),
                "which libvirtd may not execute": partial(executes, policy, "virtd_t", "virt_etc_rw_t", False),
                "and allows the preload": partial(preloads, policy, "virtd_t", True),
                "the module labels the hook as what libvirtd may execute": with_module,
                "without unconfined domains the preload is not allowed": confined,
                "with the second module it is": with_preload,
                "the blocks for the modular daemon were left out": no_modular,
                "with the modular daemon they are there": with_modular,
                "without the modules all is as before": removed,
            }
        )


if __name__ == "__main__":
    sys.exit(main())
