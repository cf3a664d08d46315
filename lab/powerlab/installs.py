# SPDX-License-Identifier: LGPL-2.1-or-later
"""The project's Debian packages on a POWER host with systemd and libvirt: installed, used, removed, and what is left of them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from . import boot, cachedir, daemons, guests, kernels, roots
from .apt import last_line
from .crossbuild import SOURCE
from .failures import STATUS_USAGE, LabError
from .hosts import Host
from .job import Job

ARCHITECTURE = "ppc64el"
PACKAGES = ("virt-host-compat", "libvirt-daemon-plugin-virt-host-compat", "libvirt-host-compat0", "libvirt-host-compat-dev")
# The files that the program writes for others, in the order of lab/guest/packages.
WRITTEN = (
    "/etc/libvirt/hooks/qemu.d/virt-host-compat",
    "/etc/systemd/system/libvirtd.service.d/virt-host-compat.conf",
    "/etc/ansible/facts.d/virt_host_compat.fact",
    "/run/virt-host-compat/modes",
)
# The commands that must exit with status 0, and those that must exit with status 1.
_SUCCEED = (
    *("start", "before", "install", "show", "package-states", "audit", "after-install", "timer", "timer-enabled", "modes", "record", "completed", "strict"),
    *("connected", "enable", "reload", "restart", "hook-install", "publish", "published", "capabilities", "status", "fit", "start-fitted", "again"),
    *("capabilities-again", "remove", "restart-removed", "after-remove", "purge"),
)
_REFUSE = ("check", "start-hooked", "start-without")


@dataclass
class Session:
    """One host: the times of the installation, what virsh showed, what happened to the guests, and every unexpected result."""

    host: str
    root: str
    version: str = ""
    installed: str = ""
    shown: str = ""
    hooked: str = ""
    fitted: str = ""
    left: str = ""
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


def folder() -> Path:
    """The packages of the current commit. They are built if the cache does not have them."""
    commit = subprocess.run(["git", "-C", str(SOURCE), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if commit.returncode != 0:
        raise LabError("The packages are built from the current commit, and there is none here; name their folder with --packages.", STATUS_USAGE)

    def build(part: Path) -> None:
        done = subprocess.run([str(SOURCE / "packaging/build-deb"), "--arch", ARCHITECTURE, str(part)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"packaging/build-deb --arch {ARCHITECTURE} failed: {last_line(done.stderr or done.stdout)}")

    return cachedir.item(f"packages/{commit.stdout.strip()}", build)


def find(place: Path) -> list[Path]:
    """The project's packages for POWER in a folder, one of each name."""
    found = [sorted(place.glob(f"{name}_*_{ARCHITECTURE}.deb")) for name in PACKAGES]
    wrong = [name for name, files in zip(PACKAGES, found, strict=True) if len(files) != 1]
    if wrong:
        raise LabError(f"{place} does not have one package {wrong[0]} for {ARCHITECTURE}; 'packaging/build-deb --arch {ARCHITECTURE} FOLDER' makes them.", STATUS_USAGE)
    return [files[0] for files in found]


def left(files: dict[str, str]) -> list[str]:
    """The files that exist only after the purge, and those that existed only before the installation."""
    before, after = (set(files.get(name, "").splitlines()) for name in ("files-before", "files-after"))
    return [f"left: {path[1:]}" for path in sorted(after - before)] + [f"gone: {path[1:]}" for path in sorted(before - after)]


def spent(files: dict[str, str]) -> tuple[float, float] | None:
    """Seconds of `apt-get install`, and from its start to the first answer."""
    times = [float(word) for word in files.get("times", "").split()]
    return (times[1] - times[0], times[2] - times[0]) if len(times) == 3 else None


def judge(files: dict[str, str], statuses: dict[str, str], version: str) -> list[str]:
    """The differences between the files of a run and what the packages must do.

    files    the files that lab/guest/packages wrote, by name
    statuses the exit status of each of its commands, by name
    """
    said = {name: daemons.outcome_of(files, statuses, name) for name in ("without", "hooked", "fitted")}
    own, compat = files.get("before", ""), daemons.compat_of(files.get("capabilities", ""))

    def words(name: str) -> str:
        return " ".join((files.get(name, "") + " " + files.get(f"{name}.err", "")).split())[-300:]

    def written(when: str, wanted: tuple[str, ...]) -> tuple[bool, str]:
        there = tuple(files.get(f"written-{when}", "-").split())
        return there == wanted, f"{when}: {there} is there in place of {wanted}"

    promises = [
        *((statuses.get(name) == wanted, f"{name} ended with status {statuses.get(name)}: {words(name)}") for names, wanted in ((_SUCCEED, "0"), (_REFUSE, "1")) for name in names),
        (files.get("package-states", "").split("\n")[:-1] == [f"{name} installed {version}" for name in sorted(PACKAGES)], f"dpkg has {words('package-states')!r}"),
        (files.get("running", "").strip() in ("running", "degraded"), f"systemd says {words('running')!r}"),
        (not files.get("failed", "-").strip(), f"units failed: {words('failed')!r}"),
        (not words("audit").strip(), f"dpkg --audit says {words('audit')!r}"),
        ("<capabilities>" in own and "<compat" not in own, f"libvirt's own document is {own[:200]!r}"),
        (files.get("after-install") == own, "installing alone changes what virsh shows"),
        written("installed", ()),
        (files.get("modes", "") == "power9\n", f"show --modes prints {words('modes')!r}"),
        ("<mode name='power9' supported='yes'/>" in compat and "<mode name='power10' supported='no'/>" in compat, f"virsh shows {compat!r}"),
        (bool(compat) and files.get("capabilities", "").replace(compat, "", 1) == own, "more than the element differs from libvirt's own document"),
        (files.get("completed") == files.get("capabilities") and files.get("connected", "").rstrip() == files.get("capabilities", "").rstrip(), "the module, the command and --connect do not print the same"),
        (re.search(r"process \d+ runs with it", files.get("status", "")) is not None, f"daemon status says {words('status')!r}"),
        written("enabled", WRITTEN),
        (files.get("confined", "").strip() == "libvirtd (enforce)", f"AppArmor: {words('confined')!r}, {words('apparmor')!r}"),
        (said["without"].startswith("refused by QEMU"), f"the guest before: {said['without']}"),
        (said["hooked"] == "refused by the hook", f"the guest with the hook: {said['hooked']}"),
        (said["fitted"].upper().startswith("BOOTS: POWER9"), f"the fitted guest: {said['fitted']}"),
        written("again", WRITTEN),
        (files.get("capabilities-again") == files.get("capabilities"), "installing again changes what virsh shows"),
        written("removed", ()),
        (files.get("after-remove") == own, "after the removal the document is not libvirt's own"),
        ("cannot be preloaded" not in files.get("journal", "cannot be preloaded"), f"after the removal: {words('journal')!r}"),
        (not files.get("left-states", "-").strip(), f"after the purge dpkg has {words('left-states')!r}"),
        (not files.get("units", "-").strip(), f"after the purge systemd has {words('units')!r}"),
        ("files-before" in files and "files-after" in files and not left(files), f"after the purge: {left(files)[:8]}"),
        (spent(files) is not None, "there is no time of the installation"),
    ]
    return [text for held, text in promises if not held]


def run(host: Host, root: str, packages: list[Path]) -> Session:
    """Install the packages in a host with systemd and libvirt, use them, and remove them."""
    work = Job(
        command=["/bin/sh", "/root/packages", str(guests.SECONDS)],
        files={
            "/root/packages": guests.GUEST / "packages",
            "/root/libvirt-up": guests.GUEST / "libvirt-up",
            "/nested/initrd": cachedir.item("nested.cpio.gz", guests.make_nested),
            "/nested/vmlinux": kernels.get("7.3").image,
            **{f"/packages/{file.name}": file for file in packages},
        },
        scripts={"/root/power10.xml": daemons.domain("power10", host)},
        seconds=900 + 3 * guests.SECONDS,
        roots=[roots.get(root)],
        memory="5G",
    )
    outcome = boot.run(host, work)
    files = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    statuses = dict(line.split() for line in files.get("statuses", "").splitlines())
    if statuses.get("start") is None or statuses.get("install") is None:
        raise LabError(f"Nothing was installed in {host.name} ({' '.join((files.get('systemd-log', '') + outcome.stderr.decode('utf-8', 'replace')).split())[-400:]}).")
    version = packages[0].name.split("_")[1]
    times = spent(files)
    return Session(
        host.name,
        root,
        version,
        f"{times[0]:.0f} s, {times[1] - times[0]:.1f} s to the answer" if times else "no answer",
        daemons.compat_in_one_line(files.get("capabilities", "")),
        *(daemons.outcome_of(files, statuses, name) for name in ("hooked", "fitted")),
        ", ".join(left(files)[:8]) or "nothing",
        differences=judge(files, statuses, version),
        seconds=outcome.seconds,
    )
