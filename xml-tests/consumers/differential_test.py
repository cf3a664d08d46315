#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Generated domains, given to a real libvirt and to check: what libvirt refuses is never called compatible, and what it takes
never incompatible.

The domains are emulated (type qemu), which libvirt starts on any machine, so that all refusals here are libvirt's own.
COUNT and SEED in the environment have other numbers than the thousand of a fresh seed, which is printed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import unittest
from collections import Counter

import libvirt

import module_setup
import newer_daemon
import private_daemon
from module_setup import ModuleTestCase
from powerlab.failures import LabError

PROGRAM = module_setup.built("VHC_PROGRAM")
COUNT = int(os.environ.get("COUNT", "1000"))
SEED = int(os.environ.get("SEED") or random.randrange(1 << 32))
# Of the machine and not of the domain: libvirt compares with this host's CPU, which is none of POWER's.
OF_THIS_MACHINE = ("unknown host CPU",)


class Shapes:
    """Domains of every shape that libvirt's parser knows of <cpu>, <os>, <vcpu> and <qemu:commandline>, valid and not."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def often(self, probability: float) -> bool:
        return self.random.random() < probability

    def attribute(self, name: str, values: list[str], probability: float) -> str:
        return f" {name}='{self.random.choice(values)}'" if self.often(probability) else ""

    def one_of(self, right: list[str], wrong: list[str]) -> list[str]:
        """Words of which about one in eight is wrong."""
        return right * (7 * max(1, len(wrong)) // max(1, len(right)) + 1) + wrong

    def cells(self) -> str:
        count = self.random.choice([1, 2])
        cells = []
        for index in range(count):
            cpus = self.random.choice([f"{index}", f"{index}", "0-1", "9", "x"]) if self.often(0.5) else str(index)
            cells.append(
                f"<cell{self.attribute('id', [str(index)] * 6 + ['7'], 0.5)} cpus='{cpus}'"
                f"{self.attribute('memory', ['262144'] * 9 + ['x'], 0.97)}{self.attribute('unit', ['KiB'] * 7 + ['furlong'], 0.2)}/>"
            )
        return "<numa>" + "".join(cells) + "</numa>"

    def topology(self) -> str:
        sockets, cores, threads = self.random.choice([(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 1), (1, 0, 1), (1, 2, 8)])
        return f"<topology sockets='{sockets}'{self.attribute('dies', ['1', '1', '0'], 0.2)} cores='{cores}' threads='{threads}'/>"

    def cpu(self) -> str:
        if self.often(0.1):
            return ""
        mode = self.random.choice([None, None, "custom", "custom", "custom", "host-model", "host-passthrough", "maximum", "nonsense"])
        head = (f" mode='{mode}'" if mode else "") + self.attribute("match", self.one_of(["exact", "minimum", "strict"], ["bogus"]), 0.2)
        head += self.attribute("check", self.one_of(["none", "full"], ["bogus"]), 0.2) + self.attribute("migratable", ["on", "off", "maybe"], 0.04)
        head += self.attribute("model", ["POWER9"], 0.03)
        inside = []
        if self.often(0.8):
            fallback = self.attribute("fallback", self.one_of(["allow", "forbid"], ["bogus"]), 0.3)
            vendor = self.attribute("vendor_id", ["123456789012", "short"], 0.05)
            model = self.random.choice(["POWER9"] * 4 + ["POWER10", "POWER8", "power9", "power10", "", "POWER8_v1.0", "bogus", "POWER9 "])
            inside.append(f"<model{fallback}{vendor}>{model}</model>")
        for probability, element in (
            (0.03, f"<vendor>{self.random.choice(['IBM', 'Intel', ''])}</vendor>"),
            (0.2, self.topology()),
            (0.05, f"<feature{self.attribute('policy', ['require', 'disable', 'optional', 'bogus'], 0.9)}{self.attribute('name', ['altivec', 'dfp'], 0.9)}/>"),
            (0.01, "<feature policy='require' name='altivec'/>" * 2),
            (0.03, f"<cache{self.attribute('level', ['1', '9', 'x'], 0.5)}{self.attribute('mode', ['emulate', 'disable', 'bogus'], 0.9)}/>"),
            (0.03, f"<maxphysaddr{self.attribute('mode', ['emulate', 'passthrough', 'x'], 0.9)}{self.attribute('bits', ['40', '0', 'x'], 0.5)}/>"),
            (0.12, self.cells()),
        ):
            if self.often(probability):
                inside.append(element)
        self.random.shuffle(inside)
        return f"<cpu{head}>{''.join(inside)}</cpu>"

    def device(self) -> str:
        kind = self.random.choice(["string", "signed", "unsigned", "bool", "remove", "bogus"])
        right = {"signed": ["-5", " +5"], "unsigned": ["5", "08"], "bool": ["true", "false"]}.get(kind, ["x", ""])
        value = "" if kind == "remove" else f" value='{self.random.choice(right)}'"
        if self.often(0.1):
            value = self.random.choice(["", " value='0x5'", " value='on'", " value='-5'"])
        name = self.attribute("name", self.one_of(["logical_block_size", "driver", ""], ["id"]), 0.97)
        inside = f"<qemu:property{name} type='{kind}'{value}/>"
        return f"<qemu:device{self.attribute('alias', ['ua-disk', 'vcpu0', ''], 0.95)}><qemu:frontend>{inside}</qemu:frontend></qemu:device>"

    def domain(self, index: int) -> str:
        space = command = ""
        if self.often(0.08):
            space = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
            command = self.random.choice(
                ["<qemu:arg value='-machine'/><qemu:arg value='pseries,max-cpu-compat=power9'/>", "<qemu:arg value='-cpu'/><qemu:arg value='power9'/>",
                 "<qemu:arg/>", "<qemu:env name='A' value='b'/>", "<qemu:env name='A'/>", "<qemu:env/>"]
            )
            command = f"<qemu:commandline>{command}</qemu:commandline>"
        if self.often(0.08):
            space = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
            command += f"<qemu:override>{self.device()}</qemu:override>"
        vcpu = self.random.choice(
            ["<vcpu>1</vcpu>"] * 6 + ["<vcpu>2</vcpu>"] * 4 + ["<vcpu>4</vcpu>", "<vcpu current='1'>2</vcpu>", "<vcpu current='3'>2</vcpu>", "<vcpu>0</vcpu>", "<vcpu>x</vcpu>", ""]
        )
        kind = self.random.choice(["qemu"] * 30 + ["QEMU", "bogus"])
        arch = self.random.choice(["ppc64le"] * 24 + ["ppc64", "ppc64el", "bogus"])
        machine = self.random.choice(["pseries"] * 10 + ["pseries-7.2", "powernv9"])
        return (
            f"<domain type='{kind}'{space}><name>d{index}</name><uuid>00000000-0000-4000-8000-{index:012}</uuid><memory>524288</memory>{vcpu}"
            f"<os><type arch='{arch}' machine='{machine}'>hvm</type></os>{self.cpu()}<devices/>{command}</domain>"
        )


def refusal(connection: libvirt.virConnect, document: str) -> str:
    """libvirt's words against a domain, when it is defined or would be started; empty where it takes it."""
    try:
        connection.defineXML(document).undefine()
        connection.domainXMLToNative("qemu-argv", document, 0)
    except libvirt.libvirtError as error:
        return str(error)
    return ""


class Differential(ModuleTestCase):
    def compare(self, uri: str) -> None:
        libvirt.registerErrorHandler(lambda *_: None, None)
        shapes = Shapes(SEED)
        documents = [shapes.domain(index) for index in range(COUNT)]
        connection = libvirt.open(uri)
        version = connection.getLibVersion()
        refusals = [refusal(connection, document) for document in documents]
        connection.close()
        inputs = self.folder / "all.xml"
        inputs.write_text("\n".join(documents), encoding="utf-8")
        done = subprocess.run(
            [str(PROGRAM), "check", "--json", "--probe", str(module_setup.SOURCE_ROOT / "xml-tests/records/power10.json"), str(inputs)],
            capture_output=True, text=True, timeout=600,
        )
        verdicts = json.loads(done.stdout)["virt-host-compat"]["domains"]
        self.assertEqual(len(verdicts), COUNT)
        problems, counts = [], Counter()
        for document, words, verdict in zip(documents, refusals, verdicts):
            refused = verdict["verdict"] in ("incompatible", "error")
            counts[(bool(words), refused)] += 1
            if bool(words) != refused and not any(word in words for word in OF_THIS_MACHINE):
                problems.append(f"{document}\n  libvirt: {words or 'takes it'}\n  check: {verdict['verdict']}: {verdict['reason']}")
        print(f"libvirt {version}, seed {SEED}: of {COUNT} domains both refuse {counts[True, True]} and take {counts[False, False]}", file=sys.stderr)
        self.assertGreater(min(counts[True, True], counts[False, False]), COUNT // 10, "the shapes show nothing")
        self.assertEqual(problems[:5], [], f"{len(problems)} disagree")

    def test_this_libvirt(self) -> None:
        with self.daemon() as daemon:
            self.compare(daemon.uri())

    def compare_newer(self, suite: str) -> None:
        folder = self.folder / "daemon"
        folder.mkdir()
        try:
            daemon = newer_daemon.NewerDaemon(suite, folder)
        except LabError as error:
            self.lacking(str(error))
        with daemon:
            self.compare(daemon.uri())

    def test_debian_13(self) -> None:
        self.compare_newer("trixie")

    def test_unstable(self) -> None:
        self.compare_newer("sid")


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
