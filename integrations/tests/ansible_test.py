#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the role and the playbook with Ansible and ansible-lint, and the facts with Ansible and facter.

Usage: ansible_test.py PROGRAM FOLDER_WITH_UNITS [MODULE]
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path

from consumers import INTEGRATIONS, RECORDS, ROOT, Missing, need, need_modules, need_root, published, replaced, run, run_checks, told

PLACE = INTEGRATIONS / "ansible"
NODES = {"node1.example.org": "power10", "node2.example.org": "power10-as-power9"}
FIRST, SECOND = NODES
TIMER = "virt-host-compat-publish.timer"


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "ANSIBLE_HOME": str(folder), "HOME": str(folder), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0", **more}


def ansible_lint_is_content(folder: Path) -> list[str]:
    need("ansible-lint")
    copy = folder / "ansible"
    shutil.copytree(PLACE, copy)
    lint = partial(run, "ansible-lint", "--offline", "--nocolor", "--profile", "production", copy, cwd=folder, env=environment(folder))
    done = lint()
    problems = [told(done)] if done.returncode else []
    tasks = copy / "roles/virt_host_compat/tasks/main.yml"
    tasks.write_text(replaced(tasks.read_text(encoding="utf-8"), '    mode: "0644"\n', ""), encoding="utf-8")
    return problems + ([] if "risky-file-permissions" in lint().stdout else ["ansible-lint takes a file without a mode"])


def package(folder: Path, program: str, units: Path, module: str) -> Path:
    """A Debian package with the units and the built program, which reads a record instead of asking KVM."""
    content = folder / "package"
    for place in ("DEBIAN", "usr/bin", "lib/systemd/system"):
        (content / place).mkdir(parents=True)
    (content / "DEBIAN/control").write_text("Package: virt-host-compat\nVersion: 0\nArchitecture: all\nMaintainer: test <test@example.org>\nDescription: test\n", encoding="utf-8")
    command = content / "usr/bin/virt-host-compat"
    command.write_text(
        f'#!/bin/sh\ncase $1-$2 in\nshow-* | publish-run) exec {program} "$@" --probe /etc/recorded.json ;;\n'
        f'daemon-enable) exec {program} "$@" --module {module} ;;\n'
        f'hook-install) exec {program} "$@" --program /usr/bin/virt-host-compat ;;\n*) exec {program} "$@" ;;\nesac\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    shutil.copy(units / "virt-host-compat-publish.service", content / "lib/systemd/system")
    shutil.copy(ROOT / "packaging/systemd" / TIMER, content / "lib/systemd/system")
    made = folder / "virt-host-compat.deb"
    done = run("dpkg-deb", "--root-owner-group", "--build", content, made)
    if done.returncode:
        raise AssertionError(told(done))
    return made


def lay_out_hosts(folder: Path, made: Path) -> None:
    """The first host has an apt archive, the second one the package file and a unit of a libvirt daemon."""
    for node, record in NODES.items():
        (folder / node / "etc").mkdir(parents=True)
        shutil.copy(RECORDS / f"{record}.json", folder / node / "etc/recorded.json")
    archive = folder / FIRST / "srv/archive"
    archive.mkdir(parents=True)
    shutil.copy(made, archive)
    control = (folder / "package/DEBIAN/control").read_text(encoding="utf-8")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    (archive / "Packages").write_text(f"{control}Filename: ./{made.name}\nSize: {made.stat().st_size}\nSHA256: {digest}\n", encoding="utf-8")
    (folder / FIRST / "etc/apt/sources.list.d").mkdir(parents=True)
    (folder / FIRST / "etc/apt/sources.list.d/test.list").write_text("deb [trusted=yes] file:/srv/archive ./\n", encoding="utf-8")
    shutil.copy(made, folder / SECOND / "etc")
    unit = folder / SECOND / "lib/systemd/system/virtqemud.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/usr/bin/true\n", encoding="utf-8")


def lay_out_playbook(folder: Path) -> None:
    """Copies the shipped files, and adds settings of the second host to the example's inventory."""
    shutil.copytree(PLACE, folder / "play")
    (folder / "play/host_vars").mkdir()
    (folder / f"play/host_vars/{SECOND}.yml").write_text(
        "virt_host_compat_packages: [/etc/virt-host-compat.deb]\nvirt_host_compat_daemon: true\nvirt_host_compat_hook: true\n", encoding="utf-8"
    )


# One run in the namespace with the hosts: the playbook runs before and after the first host becomes unknown; then
# Ansible reads a broken fact of the second host.
STEPS = f"""
chroot {{hosts}}/{FIRST} apt-get -q -o Dir::Etc::sourcelist=sources.list.d/test.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update
play() {{{{ ansible-playbook -i inventory.yml -e virt_host_compat_collect={{folder}}/collected baseline.yml; echo "status $?"; }}}}
echo "== first"; play
echo "== files"; cd {{hosts}}; find {FIRST}/etc/systemd/system {SECOND}/etc/systemd/system {SECOND}/etc/libvirt/hooks -name 'virt-host-compat*'; cd {{folder}}/play
cp {RECORDS}/power10-no-nesting.json {{hosts}}/{FIRST}/etc/recorded.json
echo "== second"; play
echo "== broken"; echo nonsense >{{hosts}}/{SECOND}/etc/ansible/facts.d/virt_host_compat.fact
ansible -i inventory.yml {SECOND} -m setup -a 'filter=ansible_local gather_subset=min'
chroot {{hosts}}/{SECOND} /usr/bin/virt-host-compat publish run; echo "status $?"
"""


def the_role_sets_up_hosts(program: str, units: Path, module: str, folder: Path) -> list[str]:
    need("ansible-playbook", "unshare", "dpkg-deb", "apt-get", "systemctl")
    need_modules("apt")
    need_root()
    if not Path(module).is_file():
        raise Missing("built without the module of libvirt's daemons")
    lay_out_hosts(folder, package(folder, program, units, module))
    lay_out_playbook(folder)
    build = Path(program).parents[1]
    done = run(
        "unshare", "--mount", INTEGRATIONS / "tests/targets.sh", folder, build, *NODES, "--", "sh", "-c", STEPS.format(hosts=folder / "hosts", folder=folder),
        cwd=folder / "play", env=environment(folder, ANSIBLE_PIPELINING="1", PATH=f"{Path(program).parent}:{os.environ['PATH']}"),
    )
    parts = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", done.stdout, re.MULTILINE | re.DOTALL))
    wanted = {
        "first": (f"{FIRST}: power9, power10\"", f"{SECOND}: power9\"", "common to all: power9", "status 0"),
        "files": (
            f"{FIRST}/etc/systemd/system/timers.target.wants/{TIMER}", f"{SECOND}/etc/systemd/system/virtqemud.service.d/virt-host-compat.conf",
            f"{SECOND}/etc/libvirt/hooks/qemu.d/virt-host-compat",
        ),
        "second": (f"{FIRST}: unknown", "common to all: unknown", "status 0"),
        "broken": ("error loading fact", "status 3"),
    }
    problems = [f"{step}: {words!r} is missing" for step, all_words in wanted.items() for words in all_words if words not in parts.get(step, "")]
    # Only the first host's answer changed.
    changes = dict(re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", parts.get("second", ""), re.MULTILINE))
    if changes != {FIRST: "1", SECOND: "0", "localhost": "0"}:
        problems.append(f"the second run changed {changes}")
    return problems + ([done.stdout[-12000:], done.stderr[-2000:]] if problems else [])


def facter_reads_the_fact(program: str, folder: Path) -> list[str]:
    need("facter")
    fact = folder / "virt_host_compat.json"

    def answer(mode: str) -> str:
        return run("facter", "--external-dir", folder, f"virt_host_compat.compat.modes.{mode}").stdout.strip()

    fact.write_text(published(program, "facter", "power10-as-power9"), encoding="utf-8")
    answers = {mode: answer(mode) for mode in ("power9", "power10")}
    problems = [] if answers == {"power9": "true", "power10": "false"} else [f"facter says {answers}"]
    fact.write_text("{", encoding="utf-8")
    return problems + ([] if answer("power9") != "true" else ["facter reads a broken file"])


def main(program: str, units: str, module: str = "") -> int:
    program = str(Path(program).resolve())
    return run_checks(
        {
            "ansible-lint is content": ansible_lint_is_content,
            "the role sets up two hosts and finds their baseline": partial(the_role_sets_up_hosts, program, Path(units).resolve(), str(Path(module).resolve())),
            "facter reads the fact": partial(facter_reads_the_fact, program),
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
