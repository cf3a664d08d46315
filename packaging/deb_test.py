#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs, upgrades, removes and purges the Debian packages in a clean root, and searches for files that are left.

Usage: deb_test.py [--rebuild] [--suite SUITE] FOLDER, with the packages that packaging/build-deb made. Needs root,
mmdebstrap and lintian; takes some minutes. Packages for another architecture are unpacked, and run with QEMU's
user-mode emulation (qemu-user-static).

--rebuild builds them again in another folder and with other settings, and compares every byte.
--suite SUITE is for packages built with build-deb --suite: the root and lintian are that suite's.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402
from debian_systems import PACKAGES, Emulated, System  # noqa: E402

# The value of e_machine for each architecture for which packages are built here. All are 64-bit little-endian.
MACHINES = {"amd64": 62, "ppc64el": 21}
# The command, the module, and the library.
COMPILED = 3


def own_architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def newer(file: Path, into: Path, suffix: str = "+upgrade1") -> Path:
    """The same package with a higher version."""
    tree = into / f"{file.stem}{suffix}.tree"
    subprocess.run(["dpkg-deb", "-R", str(file), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text()
    version = re.search(r"^Version: (.*)$", text, re.M)[1]  # type: ignore[index]
    control.write_text(text.replace(version, f"{version}{suffix}"))
    made = into / f"{file.name.split('_')[0]}_{version}{suffix}_{file.name.split('_')[2]}"
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", str(tree), str(made)], check=True, capture_output=True)
    return made


def lintian(files: list[Path], system: System | None) -> list[str]:
    """The errors and warnings of this machine's lintian, or of that of a temporary system."""
    command = ["lintian", "--allow-root", "--fail-on", "error,warning"]
    if system is None:
        done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    else:
        for file in files:
            shutil.copy(file, system.place / "packages")
        done = system.run("apt-get", "install", "-y", "--no-install-recommends", "lintian")
        if done.returncode:
            return [f"apt-get install lintian: {done.stderr[-400:]}"]
        done = system.run(*command, *(f"/packages/{file.name}" for file in files))
    return [line for line in done.stdout.splitlines() if line.startswith(("E:", "W:"))] or ([done.stderr] if done.returncode else [])


def compiled_for(files: list[Path], machine: int) -> list[str]:
    """Checks that every compiled file of the packages is for this architecture."""
    found, problems = 0, []
    for package in files:
        with tempfile.TemporaryDirectory() as tree:
            subprocess.run(["dpkg-deb", "-x", str(package), tree], check=True)
            for path in sorted(path for path in Path(tree).rglob("*") if path.is_file() and not path.is_symlink()):
                head = path.read_bytes()[:20]
                if not head.startswith(b"\x7fELF"):
                    continue
                found += 1
                # EI_CLASS, EI_DATA and e_machine (elf(5)).
                said = (head[4], head[5], int.from_bytes(head[18:20], "little"))
                if said != (2, 1, machine):
                    problems.append(f"{package.name}: /{path.relative_to(tree)} is for the class, data and machine {said}")
    return problems + ([] if found == COMPILED else [f"there are {found} compiled files in place of {COMPILED}"])


def hardened(place: Path) -> list[str]:
    """Checks that the compiled files in a root are hardened."""
    patterns = ("usr/bin/virt-host-compat", "usr/lib*/**/virt-host-compat/*.so", "usr/lib*/**/libvirt-host-compat.so.0.*")
    paths = [path for pattern in patterns for path in place.glob(pattern)]
    problems = [] if len(paths) == COMPILED else [f"there are {[path.name for path in paths]}"]
    wanted = {"RELRO": r"GNU_RELRO", "BIND_NOW": r"\b(BIND_)?NOW\b", "position-independent code": r"^ *Type: +DYN"}
    wanted |= {"a guard of the stack": r"__stack_chk_fail", "fortified functions": r"__\w+_chk\b"}
    for path in paths:
        said = subprocess.run(["readelf", "-hlWd", "--dyn-syms", str(path)], capture_output=True, text=True, check=True).stdout
        problems += [f"{path} lacks {what}" for what, pattern in wanted.items() if not re.search(pattern, said, re.M)]
        if re.search(r"GNU_STACK.*RWE", said):
            problems.append(f"{path} has a stack that can be executed")
    return problems


def it_works(system: System | Emulated, version: str) -> list[str]:
    record = system.place / "root/record.json"
    shutil.copy(ROOT / "xml-tests/records/power10-as-power9.json", record)
    said = system.run("virt-host-compat", "--version").stdout.split()
    problems = [] if said == ["virt-host-compat", version] else [f"--version says {said}"]
    shown = system.run("virt-host-compat", "show", "--modes", "--probe", "/root/record.json")
    if shown.stdout != "power9\n":
        problems.append(f"show: {shown}")
    document = system.run("virt-host-compat", "validate", "-", given=system.run("virt-host-compat", "capabilities", "--probe", "/root/record.json").stdout)
    if document.returncode or "valid" not in document.stdout:
        problems.append(f"validate: {document}")
    record.unlink()
    return problems


def it_enables_nothing(system: System) -> list[str]:
    paths = ("etc/libvirt", "etc/systemd/system/libvirtd.service.d", "etc/virt-host-compat/publish.conf")
    return [f"/{path} is there" for path in paths if (system.place / path).exists()]


def module_of(system: System) -> str:
    """The path of the module in the root."""
    return "/" + str(next(system.place.glob("usr/lib*/**/virt-host-compat/virt-host-compat-libvirt.so")).relative_to(system.place))


def enable(system: System) -> list[str]:
    """Enables everything as an administrator would. The daemons are named, because none is installed here."""
    problems = []
    (system.place / "etc/libvirt/hooks").mkdir(parents=True, exist_ok=True)
    folder = system.place / "etc/ansible/facts.d"
    folder.mkdir(parents=True, exist_ok=True)
    for command in (("publish", "enable", "ansible"), ("publish", "run"), ("hook", "install"), ("daemon", "enable", "libvirtd", "--root", "/", "--module", module_of(system))):
        done = system.run("virt-host-compat", *command)
        if done.returncode not in (0, 4):
            problems.append(f"{' '.join(command)}: {done.returncode} {done.stdout}{done.stderr}")
    return problems + [f"/{path} is not there" for path in ENABLED if not (system.place / path).exists()]


ENABLED = (
    "etc/libvirt/hooks/qemu.d/virt-host-compat",
    "etc/systemd/system/libvirtd.service.d/virt-host-compat.conf",
    "etc/virt-host-compat/publish.conf",
    "etc/ansible/facts.d/virt_host_compat.fact",
)


def stand_in(system: System) -> tuple[Path, Path]:
    """A fake semodule that logs its arguments and fails to load modules; also returns the path of its log."""
    program, log = system.place / "usr/sbin/semodule", system.place / "tmp/semodule.log"
    program.write_text('#!/bin/sh\necho "$*" >>/tmp/semodule.log\ncase $1 in -l) echo virt-host-compat; echo virt-host-compat-preload ;; -i) exit 1 ;; esac\n')
    program.chmod(0o755)
    return program, log


def asked(log: Path, *wanted: str) -> list[str]:
    said = [line for line in log.read_text().splitlines() if line != "-l"] if log.exists() else []
    log.unlink(missing_ok=True)
    return [] if sorted(said) == sorted(wanted) else [f"semodule was asked for {said} in place of {list(wanted)}"]


def upgrade(system: System, files: list[Path], folder: Path) -> list[str]:
    settings = system.place / "etc/virt-host-compat/module.conf"
    settings.write_text(settings.read_text() + "interval = 30\n")
    _, log = stand_in(system)
    system.install(*(newer(file, folder) for file in files))
    # Without SELinux's tools nothing was loaded at first. A policy that cannot be loaded must not stop the
    # installation.
    problems = asked(log, "-i /usr/share/selinux/packages/virt-host-compat.pp")
    return problems + nothing_is_lost(system, "the upgrade")


def nothing_is_lost(system: System, when: str) -> list[str]:
    settings = system.place / "etc/virt-host-compat/module.conf"
    lost = [f"{when} took /{path} away" for path in ENABLED if not (system.place / path).exists()]
    return lost + ([] if "interval = 30" in settings.read_text() else [f"{when} took a setting away"])


def downgrade(system: System, files: list[Path], version: str) -> list[str]:
    system.install(*files, options=("--allow-downgrades",))
    installed = system.run("dpkg-query", "-W", "-f", "${Version}", PACKAGES[0]).stdout
    wrong = [] if "+upgrade1" not in installed else [f"{installed} is installed"]
    return wrong + nothing_is_lost(system, "the downgrade") + it_works(system, version)


def without_systemd_and_libvirt(system: System) -> list[str]:
    """This root has no systemd and no libvirt. Commands that need them say so, and the migration hook never fails."""
    there = [path for path in ("usr/bin/systemctl", "bin/systemctl", "usr/sbin/libvirtd") if (system.place / path).exists()]
    there += [str(path) for path in system.place.glob("usr/lib/*/libvirt.so.0")]
    problems = [f"{path} is there" for path in there]
    connected = system.run("virt-host-compat", "capabilities", "--connect", "qemu:///system")
    if connected.returncode != 5 or "libvirt.so.0" not in connected.stderr or "libvirt0" not in connected.stderr:
        problems.append(f"--connect: {connected}")
    daemon = system.run("virt-host-compat", "daemon", "enable")
    if daemon.returncode != 3 or "install libvirt" not in daemon.stderr:
        problems.append(f"daemon enable: {daemon}")
    if (hook := system.run("env", "PHASE=post", "/etc/drmgr.d/pmig/virt-host-compat")).returncode or hook.stdout + hook.stderr:
        problems.append(f"the migration's hook: {hook}")
    return problems


def with_a_read_only_usr(system: System, files: list[Path], folder: Path, version: str) -> list[str]:
    """With a read-only /usr, enabling works, an upgrade fails as a whole, and succeeds once /usr is writable."""
    problems = []
    next_ones = [newer(file, folder, "+usr1") for file in files]
    with system.read_only("usr"):
        for command, path in (
            (("hook", "remove"), None),
            (("hook", "install"), ENABLED[0]),
            (("daemon", "disable", "libvirtd"), None),
            (("daemon", "enable", "libvirtd", "--module", module_of(system)), ENABLED[1]),
            (("publish", "run"), ENABLED[3]),
        ):
            done = system.run("virt-host-compat", *command)
            if done.returncode not in (0, 4) or (path and not (system.place / path).exists()):
                problems.append(f"{' '.join(command)}: {done}")
        if system.try_install(*next_ones).returncode == 0:
            problems.append("the upgrade says that it went well")
        problems += nothing_is_lost(system, "the failed upgrade") + it_works(system, version)
    system.run("apt-get", "install", "-f", "-y")
    system.install(*next_ones)
    problems += nothing_is_lost(system, "the upgrade after it") + it_works(system, version)
    system.install(*files, options=("--allow-downgrades",))
    return problems


def half_removed(system: System, files: list[Path], version: str) -> list[str]:
    """If a removal stops midway because a file cannot be removed, installing again repairs it."""
    problems = []
    with system.read_only("usr/bin/virt-host-compat"):
        if system.run("dpkg", "--remove", *reversed(PACKAGES)).returncode == 0:
            problems.append("the removal says that it went well")
    if (state := system.state(PACKAGES[0])) != "half-installed":
        problems.append(f"dpkg calls the package {state}")
    system.install(*files, options=("--reinstall",))
    problems += [f"{name} is {state}" for name in PACKAGES if (state := system.state(name)) != "installed"]
    return problems + it_works(system, version) + enable(system)


def without_the_command(system: System, files: list[Path], version: str) -> list[str]:
    """If the command was deleted by hand, the packages can still be removed, and list what they could not undo."""
    (system.place / "usr/bin/virt-host-compat").unlink()
    done = system.run("apt-get", "remove", "-y", *PACKAGES)
    problems = [f"apt-get remove: {done}"] if done.returncode else []
    problems += [f"{name} is {state}" for name in PACKAGES if (state := system.state(name)) not in ("config-files", "not-installed", "")]
    # Only the command knows the files of a format.
    for path, said in zip(ENABLED, (f"/{ENABLED[0]}", f"/{ENABLED[1]}", "", "the files of ansible"), strict=True):
        if said and (system.place / path).exists() and said not in done.stdout + done.stderr:
            problems.append(f"/{path} is left, and nothing says so")
    system.install(*files)
    return problems + it_works(system, version) + enable(system)


def mapped(process: int) -> str:
    """The line in a process's memory map that names the module; empty if there is none or the process has ended."""
    maps = Path(f"/proc/{process}/maps")
    return next((line for line in maps.read_text().splitlines() if "virt-host-compat-libvirt.so" in line), "") if maps.exists() else ""


@contextmanager
def a_daemon(system: System, module: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs libvirtd in the root with the module."""
    start = 'mount -t proc proc "$1/proc" && exec chroot "$1" env "LD_PRELOAD=$2" libvirtd -f /root/libvirtd.conf'
    with (system.place / "root/libvirtd.output").open("w") as output:
        process = subprocess.Popen(["unshare", "--mount", "--net", "sh", "-c", start, "sh", str(system.place), module], stdout=output, stderr=output)
    try:
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end and not answer_of_the_daemon(system):
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def answer_of_the_daemon(system: System) -> str:
    return system.run("virsh", "-c", "test+unix:///default?socket=/root/libvirt-sock", "capabilities").stdout


def a_daemon_lives_through_it(system: System, files: list[Path], folder: Path) -> list[str]:
    """An upgrade and a removal replace and remove the module while a real libvirtd has mapped it."""
    system.install(*files)
    for_the_daemon = system.run("apt-get", "install", "-y", "--no-install-recommends", "libvirt-daemon", "libvirt-clients")
    if for_the_daemon.returncode:
        raise RuntimeError(f"apt-get install libvirt-daemon: {for_the_daemon.stderr[-400:]}")
    # Some drivers make the daemon exit if there is no firewall or /sys. The test driver is part of the library.
    for driver in system.place.glob("usr/lib/*/libvirt/connection-driver/*.so"):
        driver.unlink()
    shutil.copy(ROOT / "xml-tests/records/power10-as-power9.json", system.place / "root/record.json")
    with (system.place / "etc/virt-host-compat/module.conf").open("a") as settings:
        settings.write("probe = /root/record.json\ninterval = 1\n")
    (system.place / "root/libvirtd.conf").write_text('unix_sock_dir = "/root"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n')
    module = module_of(system)
    problems = []
    with a_daemon(system, module) as daemon:
        before = answer_of_the_daemon(system)
        if "<compat source='kvm'>" not in before or "deleted" in mapped(daemon.pid):
            said = (system.place / "root/libvirtd.output").read_text()
            return [f"the daemon (status {daemon.poll()}) does not run with the module: {said[:600]} {before[:400]} {mapped(daemon.pid)}"]
        for step, done in (("upgrade", lambda: system.install(*(newer(file, folder, "+daemon1") for file in files))), ("removal", lambda: system.run("apt-get", "remove", "-y", *PACKAGES))):
            done()
            time.sleep(1.1)
            if daemon.poll() is not None:
                return [*problems, f"the daemon ended at the {step} with status {daemon.returncode}"]
            if answer_of_the_daemon(system) != before:
                problems.append(f"after the {step} it answers otherwise: {answer_of_the_daemon(system)[:400]}")
            if "(deleted)" not in mapped(daemon.pid):
                problems.append(f"after the {step} it does not have the old module any more: {mapped(daemon.pid)}")
    system.install(*files, options=("--allow-downgrades",))
    with a_daemon(system, module) as daemon:
        if answer_of_the_daemon(system) != before or "(deleted)" in mapped(daemon.pid):
            problems.append(f"started again, it answers {answer_of_the_daemon(system)[:400]} with {mapped(daemon.pid)}")
    return problems


def remove(system: System) -> list[str]:
    program, log = stand_in(system)
    # Upgrades and removals before this one have asked too.
    log.unlink(missing_ok=True)
    done = system.run("apt-get", "remove", "-y", *PACKAGES)
    program.unlink()
    problems = [f"apt-get remove: {done.stderr}"] if done.returncode else []
    problems += asked(log, "-r virt-host-compat", "-r virt-host-compat-preload")
    return problems + [f"/{path} is still there" for path in ENABLED if path != "etc/virt-host-compat/publish.conf" and (system.place / path).exists()]


def purge(system: System, before: dict[str, str]) -> list[str]:
    done = system.run("dpkg", "--purge", *PACKAGES)
    system.run("apt-get", "autoremove", "--purge", "-y")
    after = system.files()
    # Files and folders that the test itself created for other programs.
    made = {"/etc/libvirt", "/etc/libvirt/hooks", "/etc/ansible", "/etc/ansible/facts.d"}
    left = sorted(path for path in after.keys() - before.keys() if path not in made and not path.startswith("/usr/share/doc/"))
    gone = sorted(before.keys() - after.keys())
    problems = [f"left: {path}" for path in left] + [f"gone: {path}" for path in gone]
    return problems + ([f"dpkg --purge: {done.stderr}"] if done.returncode else [])


def the_comparison_sees(system: System, before: dict[str, str]) -> list[str]:
    extra = system.place / "etc/left-by-hand"
    extra.write_text("x")
    seen = "/etc/left-by-hand" in system.files().keys() - before.keys()
    extra.unlink()
    return [] if seen else ["a file that is left is not seen"]


def differing(ours: Path, theirs: Path) -> list[str]:
    """The differences between two builds, except for the files that describe the build machine."""
    made = [{path.name for path in folder.iterdir() if path.suffix in (".deb", ".dsc", ".gz", ".xz")} for folder in (ours, theirs)]
    problems = [f"only one has {name}" for name in sorted(made[0] ^ made[1])]
    return problems + [f"{name} differs" for name in sorted(made[0] & made[1]) if (ours / name).read_bytes() != (theirs / name).read_bytes()]


def rebuild(folder: Path, elsewhere: Path, options: list[str]) -> list[str]:
    into = elsewhere / "a-folder-with-a-longer-name"
    # Do not use results of an earlier build.
    other = os.environ | {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "CCACHE_DISABLE": "1", "DEB_BUILD_OPTIONS": "nocheck parallel=1"}
    done = subprocess.run([ROOT / "packaging/build-deb", *options, into], capture_output=True, text=True, check=False, env=other, umask=0o027)
    return differing(folder, into) if done.returncode == 0 else [f"packaging/build-deb: {done.stdout[-500:]}{done.stderr[-500:]}"]


def the_bytes_are_seen(folder: Path, elsewhere: Path) -> list[str]:
    copy = elsewhere / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("work"))
    package = next(copy.glob("*.deb"))
    package.write_bytes(package.read_bytes()[:-1] + b"x")
    return [] if differing(folder, copy) == [f"{package.name} differs"] else ["a byte that differs is not seen"]


def here(system: System, temporary: Path, files: list[Path], version: str) -> dict[str, Callable[[], list[str]]]:
    """The tests of packages that can be installed."""
    another = system.copy(temporary / "another")
    before = system.files()

    def install() -> list[str]:
        begin = time.monotonic()
        system.install(*files)
        problems = it_works(system, version)
        print(f"# {time.monotonic() - begin:.1f} s from 'apt-get install' to the first answers")
        return problems

    return {
        "they install": install,
        "nothing is enabled": partial(it_enables_nothing, system),
        "the command works": partial(it_works, system, version),
        "programs are hardened": partial(hardened, system.place),
        "without systemd and libvirt": partial(without_systemd_and_libvirt, system),
        "everything can be enabled": partial(enable, system),
        "an upgrade keeps it": partial(upgrade, system, files, temporary),
        "a downgrade keeps it": partial(downgrade, system, files, version),
        "a read-only /usr": partial(with_a_read_only_usr, system, files, temporary, version),
        "a removal that stops midway is mended": partial(half_removed, system, files, version),
        "removing without the command": partial(without_the_command, system, files, version),
        "removing takes it back": partial(remove, system),
        "purging leaves nothing": partial(purge, system, before),
        "the comparison sees what is left": partial(the_comparison_sees, system, before),
        "a daemon lives through an upgrade and a removal": partial(a_daemon_lives_through_it, another, files, temporary),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Test the Debian packages of a folder.")
    parser.add_argument("--rebuild", action="store_true", help="build them again and compare every byte")
    parser.add_argument("--suite", help="the suite that they were built in (default: bookworm, with this machine's lintian)")
    parser.add_argument("folder", type=Path, help="where packaging/build-deb put them")
    options = parser.parse_args(arguments)
    files = [found[0] for name in PACKAGES if (found := sorted(options.folder.glob(f"{name}_*.deb")))]
    if len(files) != len(PACKAGES):
        print(f"Bail out! {options.folder} has {[file.name for file in files]}; run packaging/build-deb first")
        return 1
    version, architecture = files[0].stem.split("_")[1].split("-")[0], files[0].stem.split("_")[2]
    own, suite = own_architecture(), options.suite or "bookworm"
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        if options.rebuild:
            how = (["--suite", suite] if options.suite else []) + ([] if architecture == own else ["--arch", architecture])
            return tap.run(
                {
                    "the comparison sees another byte": partial(the_bytes_are_seen, options.folder, place),
                    "a rebuild has the same bytes": partial(rebuild, options.folder, place, how),
                }
            )
        system = System(place / "root", suite) if options.suite or architecture == own else None
        checks: dict[str, Callable[[], list[str]]] = {
            "lintian": partial(lintian, files, system.copy(place / "lintian") if system and options.suite else None),
            f"everything compiled is for {architecture}": partial(compiled_for, files, MACHINES[architecture]),
        }
        if system and architecture == own:
            checks |= here(system, place, files, version)
        else:
            emulated = Emulated(place / "emulated", suite, architecture, files)
            checks |= {
                "programs are hardened": partial(hardened, emulated.place),
                "the command works": partial(it_works, emulated, version),
            }
        return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
