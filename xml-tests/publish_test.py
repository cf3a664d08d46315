#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishes recorded hosts in a temporary root, one after another, and checks the files after each step.

Usage: publish_test.py PROGRAM
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import tap

RECORDS = Path(__file__).resolve().parent / "records"
POWER10 = RECORDS / "power10.json"
AS_POWER9 = RECORDS / "power10-as-power9.json"
UNKNOWN = RECORDS / "power10-no-nesting.json"
FORMATS = ["nfd", "prometheus", "ansible", "facter", "nova", "vdsm", "modes"]
CONFIG = "etc/virt-host-compat/publish.conf"
NFD = "etc/kubernetes/node-feature-discovery/features.d/virt-host-compat"
PROMETHEUS = "var/lib/prometheus/node-exporter/virt-host-compat.prom"
NOVA = "etc/nova/provider_config/virt-host-compat.yaml"
VDSM = "usr/libexec/vdsm/hooks/after_get_caps/50_virt_host_compat"
MODES = "run/virt-host-compat/modes"


class Root:
    def __init__(self, program: str, folder: str) -> None:
        self.program = program
        self.folder = Path(folder)
        self.problems: list[str] = []

    def publish(self, status: int, *arguments: str | Path) -> str:
        """Runs the command and returns all its output. An unexpected status is reported as a problem."""
        where = [] if arguments[0] == "print" else ["--root", str(self.folder)]
        done = subprocess.run([self.program, "publish", *map(str, arguments), *where], capture_output=True, text=True, check=False)
        if done.returncode != status:
            self.problems.append(f"{' '.join(map(str, arguments))}: status {done.returncode} in place of {status}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def run(self, status: int, record: Path) -> str:
        return self.publish(status, "run", "--probe", record)

    def state(self, status: int, record: Path) -> str:
        return self.publish(status, "status", "--probe", record)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file() and path.name != "publish.lock")

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def expect(self, holds: bool, text: str) -> None:
        if not holds:
            self.problems.append(text)


def everything_is_written_and_removed(root: Root) -> None:
    root.publish(0, "enable", *FORMATS)
    root.state(1, POWER10)
    root.run(0, POWER10)
    root.expect(len(root.files()) == len(FORMATS) + 1, f"after run: {root.files()}")
    root.state(0, POWER10)
    for name in FORMATS:
        printed = root.publish(0, "print", name, "--probe", POWER10)
        root.expect(any(root.text(file) == printed for file in root.files()), f"no file is what print {name} prints")
    root.publish(0, "disable", "nova", "modes")
    root.expect(NOVA not in root.files() and MODES not in root.files(), f"after disable: {root.files()}")
    root.publish(0, "disable")
    root.expect(root.files() == [], f"left: {root.files()}")


def only_what_changed_is_written(root: Root) -> None:
    root.publish(0, "enable", *FORMATS)
    root.run(0, POWER10)
    before = {name: (root.folder / name).stat() for name in root.files()}
    os.utime(root.folder / PROMETHEUS, (1000, 1000))
    root.run(0, POWER10)
    for name, stat in before.items():
        now = (root.folder / name).stat()
        root.expect(now.st_ino == stat.st_ino, f"{name} was written again")
    root.expect((root.folder / PROMETHEUS).stat().st_mtime > 1000, "the metrics were not touched")


def a_lost_mode_is_told(root: Root) -> None:
    root.publish(0, "enable", *FORMATS)
    root.run(0, POWER10)
    root.state(1, AS_POWER9)
    said = root.run(0, AS_POWER9)
    root.expect("lost CUSTOM_POWER_COMPAT_POWER10" in said and "openstack resource provider trait" in said, f"run says: {said}")
    root.expect("POWER10" not in root.text(NOVA), "nova still has POWER10")
    root.expect(root.text(MODES) == "power9\n", f"modes: {root.text(MODES)}")
    root.expect('GUESTS = "model_POWER9"' in root.text(VDSM), "VDSM's hook has another model")
    root.state(0, AS_POWER9)


def an_unknown_host_takes_back_every_yes(root: Root) -> None:
    root.publish(0, "enable", *FORMATS)
    root.run(0, POWER10)
    root.run(4, UNKNOWN)
    root.expect(not {NOVA, VDSM, MODES} & set(root.files()), f"left: {root.files()}")
    root.expect("known=false" in root.text(NFD) and "power9" not in root.text(NFD), "NFD's file has modes")
    root.expect("virt_host_compat_known 0" in root.text(PROMETHEUS) and "mode_supported" not in root.text(PROMETHEUS), "metrics have modes")
    root.expect(json.loads(root.text("etc/ansible/facts.d/virt_host_compat.fact"))["compat"]["modes"] == {}, "the fact has modes")
    root.state(4, UNKNOWN)


def one_bad_place_costs_one_format(root: Root) -> None:
    root.publish(0, "enable", "nfd", "ansible", "modes")
    (root.folder / NFD).parent.mkdir(parents=True)
    (root.folder / NFD).write_text("vendor.example/feature=true\n", encoding="utf-8")
    (root.folder / NFD).chmod(0o644)
    said = root.run(3, POWER10)
    root.expect("this program did not write it" in said, f"run says: {said}")
    root.expect(MODES in root.files() and root.text(NFD) == "vendor.example/feature=true\n", f"after run: {root.files()}")
    root.state(1, POWER10)
    # The units treat status 4, an unknown host, as success.
    root.run(3, UNKNOWN)
    root.run(3, POWER10)
    root.publish(3, "disable")
    root.expect(root.files() == sorted([CONFIG, NFD]), f"after disable: {root.files()}")


def another_place_can_be_named(root: Root) -> None:
    root.publish(0, "enable", "prometheus")
    root.run(0, POWER10)
    root.publish(0, "enable", "prometheus=/srv/metrics/compat.prom")
    root.run(0, POWER10)
    root.expect(root.files() == [CONFIG, "srv/metrics/compat.prom"], f"files: {root.files()}")
    root.publish(2, "enable", "prometheus=relative")
    listed = root.text(CONFIG)
    said = root.publish(2, "enable", "facter=/srv/metrics/compat.prom")
    root.expect("would write the same file" in said, f"enable says: {said}")
    root.publish(2, "enable", "facter=/srv/a\nb")
    root.publish(2, "enable", "facter=/srv/a ")
    root.expect(root.text(CONFIG) == listed, f"the list is: {root.text(CONFIG)}")
    root.publish(2, "print", "nfd", "modes", "--probe", POWER10)
    said = root.publish(2, "enable", "nagios")
    root.expect("the formats are nfd, prometheus" in said, f"enable says: {said}")
    root.publish(0, "disable")
    root.expect(root.files() == [], f"left: {root.files()}")


def what_killed_runs_left_is_removed(root: Root) -> None:
    root.publish(0, "enable", "prometheus")
    root.run(0, POWER10)
    stale = (root.folder / PROMETHEUS).parent / ".virt-host-compat.prom.aBcDeF"
    stale.write_text("half", encoding="utf-8")
    root.run(0, POWER10)
    root.expect(not stale.exists(), "the temporary file is still there")


def runs_at_once_agree(root: Root) -> None:
    root.publish(0, "enable", *FORMATS)
    command = [root.program, "publish", "run", "--root", str(root.folder), "--probe"]
    running = [subprocess.Popen([*command, str(record)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for record in [POWER10, AS_POWER9] * 6]
    for process in running:
        said = process.communicate()[1].decode()
        root.expect(process.returncode == 0, f"a run ended with {process.returncode}: {said}")
    root.expect(len(root.files()) == len(FORMATS) + 1, f"files: {root.files()}")
    states = [subprocess.run([root.program, "publish", "status", "--root", str(root.folder), "--probe", str(record)], capture_output=True, check=False).returncode
              for record in (POWER10, AS_POWER9)]
    root.expect(sorted(states) == [0, 1], f"the files are of no single run: {states}")


def the_hook_of_vdsm_never_fails(root: Root) -> None:
    root.publish(0, "enable", "vdsm")
    root.run(0, AS_POWER9)
    capabilities = root.folder / "caps.json"
    for text in ('{"cpuFlags": "powernv,altivec,model_POWER10", "kvmEnabled": "true"}', '{"cpuModel": "POWER10"}', "no JSON", None):
        capabilities.unlink(missing_ok=True)
        if text is not None:
            capabilities.write_text(text, encoding="utf-8")
        done = subprocess.run([root.folder / VDSM], env={"_hook_json": str(capabilities), "PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
        root.expect(done.returncode == 0 and not done.stderr, f"{text}: status {done.returncode}: {done.stderr.decode()}")
        if text is None:
            continue
        left = capabilities.read_text(encoding="utf-8")
        if "cpuFlags" in text:
            root.expect(json.loads(left) == {"cpuFlags": "powernv,altivec,model_POWER9", "kvmEnabled": "true"}, f"left: {left}")
        else:
            root.expect(left == text, f"changed: {left}")


def in_a_root(program: str, check: Callable[[Root], None]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        root = Root(program, folder)
        check(root)
        return root.problems


def main(program: str) -> int:
    checks = [everything_is_written_and_removed, only_what_changed_is_written, a_lost_mode_is_told, an_unknown_host_takes_back_every_yes,
              one_bad_place_costs_one_format, another_place_can_be_named, what_killed_runs_left_is_removed, runs_at_once_agree,
              the_hook_of_vdsm_never_fails]
    return tap.run({check.__name__.replace("_", " "): partial(in_a_root, str(Path(program).resolve()), check) for check in checks})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
