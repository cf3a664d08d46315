#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs, upgrades, removes and purges the Debian packages in a clean root, and looks for what is left.

Usage: deb_test.py FOLDER, with the packages that packaging/build-deb made for this machine. Needs root, mmdebstrap and
lintian; takes some minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402

PACKAGES = ("virt-host-compat", "libvirt-daemon-plugin-virt-host-compat", "libvirt-host-compat0", "libvirt-host-compat-dev")
# What apt, dpkg and systemd's helpers keep by themselves.
OTHERS = re.compile(r"^/(var/lib/(dpkg|apt|systemd|ucf)|var/cache|var/log|proc|sys|dev|run|tmp|packages)(/|$)|^/etc/(ld\.so\.cache|passwd-|group-|shadow-|gshadow-|\.pwd\.lock)")


class System:
    """A Debian 12 of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        done = subprocess.run(["mmdebstrap", "--variant=apt", "--mode=root", "bookworm", str(place)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap: {done.stderr[-500:]}")
        (place / "packages").mkdir()
        self.run("apt-get", "update")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        return subprocess.run(["chroot", str(self.place), *command], capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)

    def install(self, *files: Path) -> None:
        for file in files:
            shutil.copy(file, self.place / "packages")
        done = self.run("apt-get", "install", "-y", "--no-install-recommends", *(f"/packages/{file.name}" for file in files))
        if done.returncode:
            raise RuntimeError(f"apt-get install: {done.stdout[-1500:]}{done.stderr[-400:]}")

    def files(self) -> dict[str, str]:
        """Every file and link with its contents' length and time, without those of dependencies' caches."""
        found = {}
        for folder, names, files in os.walk(self.place):
            for name in names + files:
                path = Path(folder, name)
                inside = "/" + str(path.relative_to(self.place))
                if not OTHERS.search(inside):
                    status = path.lstat()
                    found[inside] = f"{status.st_mode:o}" if path.is_dir() and not path.is_symlink() else f"{status.st_mode:o} {status.st_size}"
        return found


def newer(file: Path, into: Path) -> Path:
    """The same package with a higher version."""
    tree = into / f"{file.stem}.tree"
    subprocess.run(["dpkg-deb", "-R", str(file), str(tree)], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text()
    version = re.search(r"^Version: (.*)$", text, re.M)[1]  # type: ignore[index]
    control.write_text(text.replace(version, f"{version}+upgrade1"))
    made = into / f"{file.name.split('_')[0]}_{version}+upgrade1_{file.name.split('_')[2]}"
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", str(tree), str(made)], check=True, capture_output=True)
    return made


def lintian(files: list[Path]) -> list[str]:
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags", "initial-upload-closes-no-bugs", *map(str, files)], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith(("E:", "W:"))] or ([done.stderr] if done.returncode else [])


def hardened(system: System) -> list[str]:
    problems = []
    patterns = ("usr/bin/virt-host-compat", "usr/lib/*/virt-host-compat/*.so", "usr/lib/*/libvirt-host-compat.so.0.*")
    for path in [path for pattern in patterns for path in system.place.glob(pattern)]:
        said = subprocess.run(["readelf", "-lWd", str(path)], capture_output=True, text=True, check=True).stdout
        problems += [f"{path} lacks {what}" for what, wanted in (("RELRO", r"GNU_RELRO"), ("BIND_NOW", r"\b(BIND_)?NOW\b")) if not re.search(wanted, said)]
        if re.search(r"GNU_STACK.*RWE", said):
            problems.append(f"{path} has a stack that can be executed")
    return problems


def it_works(system: System, version: str) -> list[str]:
    record = system.place / "root/record.json"
    shutil.copy(ROOT / "xml-tests/records/power10-as-power9.json", record)
    said = system.run("virt-host-compat", "--version").stdout.split()
    problems = [] if said == ["virt-host-compat", version] else [f"--version says {said}"]
    shown = system.run("virt-host-compat", "show", "--modes", "--probe", "/root/record.json")
    if shown.stdout != "power9\n":
        problems.append(f"show: {shown}")
    document = system.run("sh", "-c", "virt-host-compat capabilities --probe /root/record.json | virt-host-compat validate -")
    if document.returncode or "valid" not in document.stdout:
        problems.append(f"validate: {document}")
    record.unlink()
    return problems


def it_enables_nothing(system: System) -> list[str]:
    paths = ("etc/libvirt", "etc/systemd/system/libvirtd.service.d", "etc/virt-host-compat/publish.conf")
    return [f"/{path} is there" for path in paths if (system.place / path).exists()]


def enable(system: System) -> list[str]:
    """As an administrator would; the daemons are named, since none is installed here."""
    problems = []
    (system.place / "etc/libvirt/hooks").mkdir(parents=True)
    folder = system.place / "etc/ansible/facts.d"
    folder.mkdir(parents=True)
    module = next(system.place.glob("usr/lib/*/virt-host-compat/virt-host-compat-libvirt.so")).relative_to(system.place)
    for command in (("publish", "enable", "ansible"), ("publish", "run"), ("hook", "install"), ("daemon", "enable", "libvirtd", "--root", "/", "--module", f"/{module}")):
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


def upgrade(system: System, files: list[Path], folder: Path) -> list[str]:
    settings = system.place / "etc/virt-host-compat/module.conf"
    settings.write_text(settings.read_text() + "interval = 30\n")
    system.install(*(newer(file, folder) for file in files))
    lost = [f"the upgrade took /{path} away" for path in ENABLED if not (system.place / path).exists()]
    return lost + ([] if "interval = 30" in settings.read_text() else ["the upgrade took a setting away"])


def remove(system: System) -> list[str]:
    done = system.run("apt-get", "remove", "-y", *PACKAGES)
    problems = [f"apt-get remove: {done.stderr}"] if done.returncode else []
    return problems + [f"/{path} is still there" for path in ENABLED if path != "etc/virt-host-compat/publish.conf" and (system.place / path).exists()]


def purge(system: System, before: dict[str, str]) -> list[str]:
    done = system.run("dpkg", "--purge", *PACKAGES)
    system.run("apt-get", "autoremove", "--purge", "-y")
    after = system.files()
    # What the test itself made for others.
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


def main(folder: str) -> int:
    files = [found[0] for name in PACKAGES if (found := sorted(Path(folder).glob(f"{name}_*.deb")))]
    if len(files) != len(PACKAGES):
        print(f"Bail out! {folder} has {[file.name for file in files]}; run packaging/build-deb first")
        return 1
    version = files[0].name.split("_")[1].split("-")[0]
    with tempfile.TemporaryDirectory() as temporary:
        system = System(Path(temporary, "root"))
        before = system.files()
        checks = {"lintian": partial(lintian, files)}

        def install() -> list[str]:
            system.install(*files)
            return []

        checks["they install"] = install
        checks["nothing is enabled"] = partial(it_enables_nothing, system)
        checks["the command works"] = partial(it_works, system, version)
        checks["programs are hardened"] = partial(hardened, system)
        checks["everything can be enabled"] = partial(enable, system)
        checks["an upgrade keeps it"] = partial(upgrade, system, files, Path(temporary))
        checks["removing takes it back"] = partial(remove, system)
        checks["purging leaves nothing"] = partial(purge, system, before)
        checks["the comparison sees what is left"] = partial(the_comparison_sees, system, before)
        return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
