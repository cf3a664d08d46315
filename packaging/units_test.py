#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the units, the udev rule and the hook with the programs that read them, and by what they run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "xml-tests"))

import tap  # noqa: E402

SERVICE = "virt-host-compat-publish.service"
# The scale of systemd-analyze security, from 0 (not exposed) to 10.
MOST_EXPOSURE = 2.0


def analyze(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        raise tap.Skipped("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False, env=os.environ | more)


def units(build: Path, program: str, folder: Path) -> list[Path]:
    """The units with the built program instead of the installed one, and without the manual, which is not installed."""
    service = re.sub(r"^ExecStart=\S+", f"ExecStart={program}", (build / SERVICE).read_text(encoding="utf-8"), flags=re.MULTILINE)
    paths = []
    for name, text in ((SERVICE, service), (SERVICE.replace(".service", ".timer"), (HERE / "systemd/virt-host-compat-publish.timer").read_text(encoding="utf-8"))):
        path = folder / name
        path.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
        paths.append(path)
    return paths


def systemd_takes_the_units(build: Path, program: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        paths = units(build, program, Path(folder))
        done = analyze("verify", "--man=no", *map(str, paths), SYSTEMD_UNIT_PATH=f"{folder}:")
        problems = [line for line in done.stderr.splitlines() if "virt-host-compat" in line]
        paths[0].write_text(paths[0].read_text(encoding="utf-8").replace("Type=oneshot", "Type=sometimes"), encoding="utf-8")
        broken = analyze("verify", "--man=no", str(paths[0]), SYSTEMD_UNIT_PATH=f"{folder}:")
        return problems + ([] if "sometimes" in broken.stderr else ["verify takes a broken unit too"])


def the_service_is_confined(build: Path, program: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = units(build, program, Path(folder))[0]
        done = analyze("security", "--offline=true", f"--threshold={int(MOST_EXPOSURE * 10)}", str(path))
        level = re.search(r"Overall exposure level[^:]*: ([0-9.]+)", done.stdout)
        if level is None:
            return [f"systemd-analyze tells no level: {done.stdout[-200:]}{done.stderr[-200:]}"]
        return [] if done.returncode == 0 and float(level.group(1)) <= MOST_EXPOSURE else [f"the exposure is {level.group(1)}"]


def the_service_runs_what_the_program_offers(build: Path, program: str) -> list[str]:
    lines = re.findall(r"^ExecStart=\S+ (.*)$", (build / SERVICE).read_text(encoding="utf-8"), re.MULTILINE)
    if lines != ["publish run"]:
        return [f"it runs {lines}"]
    return [] if subprocess.run([program, *lines[0].split(), "--help"], capture_output=True, check=False).returncode == 0 else ["the program has no such command"]


def written_paths(program: str) -> list[str]:
    """The file of each format, and that in the example of publish.conf(5)."""
    with tempfile.TemporaryDirectory() as root:
        names = re.findall(r"^(\w+): not enabled$", subprocess.run([program, "publish", "status", "--root", root], capture_output=True, text=True, check=False).stdout, re.MULTILINE)
        subprocess.run([program, "publish", "enable", *names, "--root", root], capture_output=True, check=True)
        status = subprocess.run([program, "publish", "status", "--root", root], capture_output=True, text=True, check=False).stdout
        paths = re.findall(rf"^\w+: .*?, {re.escape(root)}(/\S+)", status, re.MULTILINE)
    manual = (HERE.parent / "docs/publish.conf.rst").read_text(encoding="utf-8")
    return paths + re.findall(r"^    \w+ = (/\S+)$", manual, re.MULTILINE)


def the_service_may_write_every_file(build: Path, program: str) -> list[str]:
    text = (build / SERVICE).read_text(encoding="utf-8")
    settings = dict(re.findall(r"^(ProtectSystem|ReadWritePaths)=(.*)$", text, re.MULTILINE))
    # systemd.exec(5). Of two rules for one path systemd uses the stricter one: "full" keeps /etc read-only despite
    # ReadWritePaths= (src/core/namespace.c of systemd 252: mount_path_compare(), drop_duplicates()).
    closed = {"true": ("/usr", "/boot", "/efi"), "full": ("/usr", "/boot", "/efi", "/etc"), "strict": ("/",)}[settings["ProtectSystem"]]
    opened = [path for path in (word.lstrip("-") for word in settings["ReadWritePaths"].split()) if path not in closed]
    paths = written_paths(program)
    problems = [] if len(paths) > 7 else [f"only {paths} are written"]
    for path in paths:
        if any(Path(path).is_relative_to(folder) for folder in closed) and not any(Path(path).is_relative_to(folder) for folder in opened):
            problems.append(f"the service must not write {path}")
    return problems


def the_timer_fires_again_and_again(folder: Path) -> list[str]:
    """The timer must also fire after an hour in which the service did nothing, so it must not depend on that."""
    text = (folder / "systemd/virt-host-compat-publish.timer").read_text(encoding="utf-8")
    settings = re.findall(r"^(On\w+)=(.*)$", text, re.MULTILINE)
    if [name for name, _ in settings] != ["OnCalendar"]:
        return [f"it is set by {settings}"]
    done = analyze("calendar", "--iterations=2", settings[0][1])
    return [] if done.returncode == 0 and "Iter" in done.stdout else [done.stdout + done.stderr]


def the_rule_starts_the_service(build: Path) -> list[str]:
    lines = [line for line in (build / "90-virt-host-compat.rules").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    wanted = {'ACTION=="add"', 'ACTION=="remove"'}
    problems = [f"a line without the module: {line}" for line in lines if 'SUBSYSTEM=="module"' not in line or 'KERNEL=="kvm_hv"' not in line or SERVICE not in line]
    if {line.split(",")[0] for line in lines} != wanted:
        problems.append(f"the actions are not {wanted}")
    if shutil.which("udevadm"):
        done = subprocess.run(["udevadm", "verify", str(build / "90-virt-host-compat.rules")], capture_output=True, text=True, check=False)
        # Older versions do not have the command "verify".
        if done.returncode != 0 and "Unknown command" not in done.stderr:
            problems.append(done.stdout + done.stderr)
    return problems


def hook(phase: str | None, systemctl: str) -> tuple[int, str, str]:
    """Runs the hook as drmgr does. Returns its status, its output, and the arguments of systemctl."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        program = Path(folder) / "systemctl"
        program.write_text(f'#!/bin/sh\necho "$@" >{said}\n{systemctl}\n', encoding="utf-8")
        program.chmod(0o755)
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "DRC_TYPE": "pmig"} | ({"PHASE": phase} if phase else {})
        done = subprocess.run([str(HERE / "drmgr/virt-host-compat")], env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr, said.read_text(encoding="utf-8").strip() if said.exists() else ""


def the_migration_hook_starts_the_service_at_the_end_and_stops_nothing() -> list[str]:
    problems = []
    for phase in ("check", "undocheck", "pre", "post", None):
        for systemctl in ("exit 0", "echo no; exit 1"):
            status, output, started = hook(phase, systemctl)
            if status != 0 or output:
                problems.append(f"{phase}: status {status}, {output!r}")
            if started != (f"start --no-block {SERVICE}" if phase == "post" else ""):
                problems.append(f"{phase}: started {started!r}")
    return problems


def main(build: str, program: str) -> int:
    folder = Path(build)
    program = str(Path(program).resolve())
    return tap.run(
        {
            "systemd takes the units": partial(systemd_takes_the_units, folder, program),
            "the service is confined": partial(the_service_is_confined, folder, program),
            "the service runs what the program offers": partial(the_service_runs_what_the_program_offers, folder, program),
            "the service may write every file": partial(the_service_may_write_every_file, folder, program),
            "the timer fires again and again": partial(the_timer_fires_again_and_again, HERE),
            "the rule starts the service": partial(the_rule_starts_the_service, folder),
            "the migration hook": the_migration_hook_starts_the_service_at_the_end_and_stops_nothing,
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
