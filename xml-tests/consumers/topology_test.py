#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the topology that capabilities reports with that of a real libvirtd on the same sysfs."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path

import module_setup
import private_daemon
from module_setup import ModuleTestCase, virsh

PROGRAM = module_setup.built("VHC_PROGRAM")

# Mounts two folders over the kernel's, in a mount namespace.
BIND = 'mount --bind "$1" /sys/devices/system/cpu; mount --bind "$2" /sys/devices/system/node; shift 2; exec "$@"'


@dataclass
class Cpu:
    package: int
    core: int
    siblings: str
    online: bool = True


def threads(first: int, count: int, package: int, core: int) -> list[Cpu]:
    return [Cpu(package, core, f"{first}-{first + count - 1}") for _ in range(count)]


# The CPUs of each node, numbered consecutively.
HOSTS = {
    "one core": [[Cpu(0, 0, "0")]],
    "two nodes without package ids": [threads(0, 2, -1, 0) + threads(2, 2, -1, 8), threads(4, 2, -1, 16) + threads(6, 2, -1, 24)],
    "two nodes of a socket each": [threads(0, 2, 0, 0), threads(2, 2, 1, 8)],
    "two sockets in a node": [[Cpu(0, 0, "0"), Cpu(0, 1, "1"), Cpu(4, 0, "2"), Cpu(4, 1, "3")]],
    "a node with memory alone": [threads(0, 4, -1, 0), []],
    "nodes of different sizes": [threads(0, 2, -1, 0), threads(2, 2, -1, 8) + threads(4, 2, -1, 16)],
    "threads offline": [[Cpu(0, 0, "0"), *[Cpu(0, 0, "", online=False)] * 3, Cpu(0, 8, "4"), *[Cpu(0, 8, "", online=False)] * 3]],
    "a core offline": [threads(0, 2, -1, 0) + [Cpu(-1, 8, "", online=False)] * 2],
    "cores of unequal threads": [[Cpu(0, 0, "0-1"), Cpu(0, 0, "0-1"), Cpu(0, 8, "2")]],
}


def listed(numbers: list[int]) -> str:
    return ",".join(map(str, numbers)) + "\n"


def make(folder: Path, nodes: list[list[Cpu]]) -> None:
    cpus = [cpu for node in nodes for cpu in node]
    for name in ("present", "possible"):
        write(folder / "cpu" / name, listed(list(range(len(cpus)))))
    write(folder / "cpu/online", listed([number for number, cpu in enumerate(cpus) if cpu.online]))
    for number, cpu in enumerate(cpus):
        place = folder / f"cpu/cpu{number}"
        write(place / "online", f"{int(cpu.online)}\n")
        if cpu.online:
            for name, value in {"physical_package_id": cpu.package, "core_id": cpu.core, "die_id": -1, "thread_siblings_list": cpu.siblings}.items():
                write(place / "topology" / name, f"{value}\n")
    write(folder / "node/online", listed(list(range(len(nodes)))))
    write(folder / "node/possible", listed(list(range(len(nodes)))))
    number = 0
    for index, node in enumerate(nodes):
        place = folder / f"node/node{index}"
        write(place / "meminfo", f"Node {index} MemTotal:  1048576 kB\nNode {index} MemFree:  524288 kB\n")
        write(place / "distance", " ".join("10" if other == index else "20" for other in range(len(nodes))) + "\n")
        write(place / "cpulist", listed([number + at for at, cpu in enumerate(node) if cpu.online]))
        write(place / "cpumap", f"{sum(1 << (number + at) for at, cpu in enumerate(node) if cpu.online):08x}\n")
        for at in range(len(node)):
            (place / f"cpu{number + at}").mkdir()
        number += len(node)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def topology(document: str) -> str:
    found = re.search(r"<topology sockets=.*?/>", document)
    return found[0] if found else document


class Topology(ModuleTestCase):
    def test_it_is_libvirts(self) -> None:
        for number, (name, nodes) in enumerate(HOSTS.items()):
            with self.subTest(name):
                folder = self.folder / f"host{number}"
                make(folder, nodes)
                bind = ["sh", "-ec", BIND, "sh", str(folder / "cpu"), str(folder / "node")]
                with self.daemon(f"daemon{number}", wrapper=bind) as daemon:
                    theirs = topology(virsh(daemon.uri(), "capabilities"))
                ours = subprocess.run(
                    ["unshare", "--mount", "--map-root-user", *bind, str(PROGRAM), "capabilities"],
                    capture_output=True, text=True, timeout=60,
                )
                self.assertEqual(topology(ours.stdout), theirs, ours.stderr)
                print(f"{name}: {theirs}", file=sys.stderr)


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
