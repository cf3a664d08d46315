# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes domains of many shapes from a seed, for comparing a real libvirt with check."""

from __future__ import annotations

import random


class Shapes:
    """Valid and invalid domains with everything that libvirt parses in <cpu>, <os>, <vcpu> and <qemu:commandline>."""

    def __init__(self, seed: int, kind: str = "qemu", own: str = "POWER9") -> None:
        """kind: the type of most domains, qemu or kvm; own: the CPU model that most of them use."""
        self.random = random.Random(seed)
        self.kind = kind
        self.own = own

    def often(self, probability: float) -> bool:
        return self.random.random() < probability

    def attribute(self, name: str, values: list[str], probability: float) -> str:
        return f" {name}='{self.random.choice(values)}'" if self.often(probability) else ""

    def one_of(self, right: list[str], wrong: list[str]) -> list[str]:
        """A list of values, of which about one in eight is wrong."""
        return right * (7 * max(1, len(wrong)) // max(1, len(right)) + 1) + wrong

    def cells(self) -> str:
        count = self.random.choice([1, 2])
        cells = []
        for index in range(count):
            cpus = self.random.choice([f"{index}", f"{index}", "0-1", "9", "x"]) if self.often(0.5) else str(index)
            cells.append(
                f"<cell{self.attribute('id', [str(index)] * 6 + ['7'], 0.5)} cpus='{cpus}'"
                f"{self.attribute('memory', ['262144'] * 9 + ['x'], 0.97)}{self.attribute('unit', ['KiB'] * 7 + ['furlong'], 0.2)}>"
                f"{self.distances(index, count) if self.often(0.4) else ''}{self.cache() if self.often(0.3) else ''}</cell>"
            )
        return "<numa>" + "".join(cells) + (self.interconnects() if self.often(0.3) else "") + "</numa>"

    def distances(self, own: int, count: int) -> str:
        """Right ones alone: libvirt 9.0 ends with a signal some time after it has refused one."""
        siblings = [f"<sibling id='{to}' value='{10 if to == own else self.random.choice([11, 20, 255])}'/>" for to in range(count)]
        return f"<distances>{''.join(siblings)}</distances>"

    def cache(self) -> str:
        attributes = self.attribute("level", ["1", "2", "3"] * 4 + ["0", "4", "x"], 0.97) + self.attribute("associativity", ["direct", "full", "none"] * 4 + ["x"], 0.97)
        attributes += self.attribute("policy", ["writeback", "none", "writethrough"] * 4 + ["x"], 0.97)
        size = f"<size{self.attribute('value', ['8'] * 9 + ['x', '-1'], 0.97)}{self.attribute('unit', ['KiB', 'q'], 0.8)}/>" if self.often(0.97) else ""
        line = f"<line{self.attribute('value', ['5'] * 9 + ['x'], 0.97)} unit='B'/>" if self.often(0.97) else ""
        return f"<cache{attributes}>{size}{line}</cache>" * self.random.choice([1] * 9 + [2])

    def interconnects(self) -> str:
        inside = []
        for _ in range(self.random.choice([1, 1, 2])):
            name = self.random.choice(["latency", "bandwidth"])
            attributes = "".join(
                self.attribute(attribute, words, probability)
                for attribute, words, probability in (
                    ("initiator", ["0"] * 9 + ["1", "9"], 0.97), ("target", ["0"] * 9 + ["1", "x"], 0.97), ("cache", ["0", "1", "x"], 0.2),
                    ("type", ["access", "read", "write"] * 4 + ["none"], 0.97), ("value", ["5"] * 9 + ["x", "-5"], 0.97), ("unit", ["KiB"] * 7 + ["q"], 0.4),
                )
            )  # fmt: skip
            inside.append(f"<{name}{attributes}/>")
        return f"<interconnects>{''.join(inside)}</interconnects>"

    def topology(self) -> str:
        sockets, cores, threads = self.random.choice([(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 1), (1, 0, 1), (1, 2, 8)])
        return f"<topology sockets='{sockets}'{self.attribute('dies', ['1', '1', '0'], 0.2)} cores='{cores}' threads='{threads}'/>"

    def cpu(self) -> str:
        if self.often(0.1):
            return ""
        # Only KVM guests use the host's modes.
        modes = ["host-model"] * 4 if self.kind == "kvm" else []
        mode = self.random.choice([None, None, "custom", "custom", "custom", "host-model", "host-passthrough", "maximum", "nonsense", *modes])
        head = (f" mode='{mode}'" if mode else "") + self.attribute("match", self.one_of(["exact", "minimum", "strict"], ["bogus"]), 0.2)
        head += self.attribute("check", self.one_of(["none", "full"], ["bogus"]), 0.2) + self.attribute("migratable", ["on", "off", "maybe"], 0.04)
        head += self.attribute("model", ["POWER9"], 0.03)
        inside = []
        if self.often(0.8):
            fallback = self.attribute("fallback", self.one_of(["allow", "forbid"], ["bogus"]), 0.3)
            vendor = self.attribute("vendor_id", ["123456789012", "short"], 0.05)
            pinned = ["power9"] * 8 if mode == "host-model" and self.kind == "kvm" else []
            model = self.random.choice([self.own] * 4 + ["POWER10", "POWER8", "power9", "power10", "", "POWER8_v1.0", "bogus", f"{self.own} ", *pinned])
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
        kind = self.random.choice([self.kind] * 30 + [self.kind.upper(), "bogus"])
        arch = self.random.choice(["ppc64le"] * 24 + ["ppc64", "ppc64el", "bogus"])
        machine = self.random.choice(["pseries"] * 10 + ["pseries-7.2", "powernv9"])
        return (
            f"<domain type='{kind}'{space}><name>d{index}</name><uuid>00000000-0000-4000-8000-{index:012}</uuid><memory>524288</memory>{vcpu}"
            f"<os><type arch='{arch}' machine='{machine}'>hvm</type></os>{self.cpu()}<devices/>{command}</domain>"
        )
