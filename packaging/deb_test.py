#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs, upgrades, removes and purges the Debian packages in a clean root, and looks for what is left.

Usage: deb_test.py [--rebuild] FOLDER, with the packages that packaging/build-deb made. Needs root, mmdebstrap and lintian;
takes some minutes. Packages for another architecture are unpacked, and run with QEMU's emulation of a process
(qemu-user-static).

--rebuild builds them once more, elsewhere and with other settings, and compares every byte.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "xml-tests"))

import tap  # noqa: E402

PACKAGES = ("virt-host-compat", "libvirt-daemon-plugin-virt-host-compat", "libvirt-host-compat0", "libvirt-host-compat-dev")
# What readelf calls the machines that packages are built for here.
MACHINES = {"amd64": "Advanced Micro Devices X86-64", "ppc64el": "PowerPC64"}
# What apt, dpkg and systemd's helpers keep by themselves.
OTHERS = re.compile(r"^/(var/lib/(dpkg|apt|systemd|ucf)|var/cache|var/log|proc|sys|dev|run|tmp|packages)(/|$)|^/etc/(ld\.so\.cache|passwd-|group-|shadow-|gshadow-|\.pwd\.lock)")


def own_architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


class System:
    """A Debian 12 of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        done = subprocess.run(["mmdebstrap", "--variant=apt", "--mode=root", "bookworm", str(place)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap: {done.stderr[-500:]}")
        (place / "packages").mkdir()
        self.run("apt-get", "update")

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        return subprocess.run(["chroot", str(self.place), *command], capture_output=True, text=True, check=False, env=environment, input=given)

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


class Emulated:
    """The packages and what they depend on, unpacked but not set up, with programs run by QEMU."""

    def __init__(self, place: Path, architecture: str, files: list[Path]) -> None:
        self.place = place
        depends = {re.sub(r"[ (:].*", "", name) for file in files for name in subprocess.run(["dpkg-deb", "-f", str(file), "Depends"], capture_output=True, text=True, check=True).stdout.strip().split(", ")}
        needed = sorted(depends - {"", *PACKAGES})
        done = subprocess.run(["mmdebstrap", "--variant=extract", "--mode=root", f"--architectures={architecture}", f"--include={','.join(needed)}", "bookworm", str(place), "http://deb.debian.org/debian"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"mmdebstrap: {done.stderr[-500:]}")
        for file in files:
            subprocess.run(["dpkg-deb", "-x", str(file), str(place)], check=True)
        emulator = shutil.which({"ppc64el": "qemu-ppc64le-static"}[architecture])
        if emulator is None:
            raise RuntimeError("there is no qemu-ppc64le-static (qemu-user-static)")
        shutil.copy(emulator, place / "emulator")
        (place / "root").mkdir(exist_ok=True)

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        path = f"/usr/bin/{command[0]}"
        return subprocess.run(["chroot", str(self.place), "/emulator", path, *command[1:]], capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin"}, input=given)


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


def hardened(place: Path, machine: str) -> list[str]:
    """What is compiled, in a root: for the right machine, and with what makes misuse of memory harder."""
    patterns = ("usr/bin/virt-host-compat", "usr/lib*/**/virt-host-compat/*.so", "usr/lib*/**/libvirt-host-compat.so.0.*")
    paths = [path for pattern in patterns for path in place.glob(pattern)]
    problems = [] if len(paths) == 4 else [f"there are {[path.name for path in paths]}"]
    wanted = {"RELRO": r"GNU_RELRO", "BIND_NOW": r"\b(BIND_)?NOW\b", "position-independent code": r"^ *Type: +DYN", machine: rf"^ *Machine: +{machine}"}
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


def enable(system: System) -> list[str]:
    """As an administrator would; the daemons are named, since none is installed here."""
    problems = []
    (system.place / "etc/libvirt/hooks").mkdir(parents=True)
    folder = system.place / "etc/ansible/facts.d"
    folder.mkdir(parents=True)
    module = next(system.place.glob("usr/lib*/**/virt-host-compat/virt-host-compat-libvirt.so")).relative_to(system.place)
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


def differing(ours: Path, theirs: Path) -> list[str]:
    """What two builds made, but for the notes on the machine that each was made on."""
    made = [{path.name for path in folder.iterdir() if path.suffix in (".deb", ".dsc", ".gz", ".xz")} for folder in (ours, theirs)]
    problems = [f"only one has {name}" for name in sorted(made[0] ^ made[1])]
    return problems + [f"{name} differs" for name in sorted(made[0] & made[1]) if (ours / name).read_bytes() != (theirs / name).read_bytes()]


def rebuild(folder: Path, elsewhere: Path, options: list[str]) -> list[str]:
    into = elsewhere / "a-folder-with-a-longer-name"
    # Nothing that was compiled before is taken.
    other = os.environ | {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "CCACHE_DISABLE": "1", "DEB_BUILD_OPTIONS": "nocheck parallel=1"}
    done = subprocess.run([ROOT / "packaging/build-deb", *options, into], capture_output=True, text=True, check=False, env=other, umask=0o027)
    return differing(folder, into) if done.returncode == 0 else [f"packaging/build-deb: {done.stdout[-500:]}{done.stderr[-500:]}"]


def the_bytes_are_seen(folder: Path, elsewhere: Path) -> list[str]:
    copy = elsewhere / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("work"))
    package = next(copy.glob("*.deb"))
    package.write_bytes(package.read_bytes()[:-1] + b"x")
    return [] if differing(folder, copy) == [f"{package.name} differs"] else ["a byte that differs is not seen"]


def here(temporary: Path, files: list[Path], version: str, machine: str) -> dict[str, Callable[[], list[str]]]:
    """What is looked at where the packages can be installed."""
    system = System(temporary / "root")
    before = system.files()

    def install() -> list[str]:
        system.install(*files)
        return []

    return {
        "lintian": partial(lintian, files),
        "they install": install,
        "nothing is enabled": partial(it_enables_nothing, system),
        "the command works": partial(it_works, system, version),
        "programs are hardened": partial(hardened, system.place, machine),
        "everything can be enabled": partial(enable, system),
        "an upgrade keeps it": partial(upgrade, system, files, temporary),
        "removing takes it back": partial(remove, system),
        "purging leaves nothing": partial(purge, system, before),
        "the comparison sees what is left": partial(the_comparison_sees, system, before),
    }


def main(*arguments: str) -> int:
    again, folder = arguments[0] == "--rebuild", arguments[-1]
    files = [found[0] for name in PACKAGES if (found := sorted(Path(folder).glob(f"{name}_*.deb")))]
    if len(files) != len(PACKAGES):
        print(f"Bail out! {folder} has {[file.name for file in files]}; run packaging/build-deb first")
        return 1
    version, architecture = files[0].stem.split("_")[1].split("-")[0], files[0].stem.split("_")[2]
    own = own_architecture()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        if again:
            checks = {
                "the comparison sees another byte": partial(the_bytes_are_seen, Path(folder), place),
                "a rebuild has the same bytes": partial(rebuild, Path(folder), place, [] if architecture == own else ["--arch", architecture]),
            }
        elif architecture == own:
            checks = here(place, files, version, MACHINES[architecture])
        else:
            system = Emulated(place / "root", architecture, files)
            checks = {
                "lintian": partial(lintian, files),
                "programs are hardened": partial(hardened, system.place, MACHINES[architecture]),
                "the command works": partial(it_works, system, version),
            }
        return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
