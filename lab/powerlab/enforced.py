# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs libvirtd with the module and the hook in a host whose kernel enforces Debian's SELinux policy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from . import boot, cachedir, daemons, guests, kernels, roots, selinux
from .failures import LabError
from .hosts import Host
from .job import Job

_APPEND = f"{boot.ARGUMENTS} security=selinux selinux=1 enforcing=0"
_PROGRAM = "/usr/bin/virt-host-compat"
# Only for the lab. Its own commands run in the kernel's domain. Debian's policy keeps libvirtd from raising the limit of
# locked memory, which guests on POWER need, and QEMU from reading the host's device tree and from mapping a kernel.
_LAB_RULES = """(typeattributeset cil_gen_require kernel_t)
(typepermissive kernel_t)
(typeattributeset cil_gen_require virtd_t)
(allow virtd_t self (capability (sys_resource)))
(typeattributeset cil_gen_require svirt_t)
(typeattributeset cil_gen_require sysfs_t)
(typeattributeset cil_gen_require virt_content_t)
(allow svirt_t sysfs_t (dir (getattr open read search)))
(allow svirt_t sysfs_t (file (getattr open read)))
(allow svirt_t sysfs_t (lnk_file (getattr read)))
(allow svirt_t virt_content_t (file (map)))
"""


@dataclass(frozen=True)
class Variant:
    """A policy, and what has to be seen with it."""

    without_unconfined: bool
    modules: tuple[str, ...]
    preloads: bool
    installs: bool


VARIANTS = {
    "installed": Variant(False, (), True, False),
    "installed-module": Variant(False, selinux.MODULES[:1], True, True),
    "confined": Variant(True, (), False, False),
    "confined-modules": Variant(True, selinux.MODULES, True, True),
}


@dataclass
class Session:
    """One boot: what was seen, and every difference from what is expected."""

    variant: str
    shown: str = ""
    enable: str = ""
    install: str = ""
    hooked: str = ""
    fitted: str = ""
    denials: int = 0
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


def denials(text: str) -> set[str]:
    """The denials of a kernel's log that were enforced, without what changes from run to run.

    Those of the guests' own domain are left out: nothing of this project runs in it.
    """
    found = set()
    for line in text.splitlines():
        match = re.search(r"denied\s+\{ ([^}]*) \}.* comm=(\"[^\"]*\"|\S+) .*scontext=\S+?:\S+?:(\w+)\S* tcontext=\S+?:\S+?:(\w+)\S* tclass=(\w+) permissive=0", line)
        if match and match[3] != "svirt_t":
            comm = match[2].strip('"')
            found.add(f"{match[3]} {match[4]}:{match[5]} {{ {match[1]} }} by {comm}")
    return found


def make_policy(variant: Variant, place: Path) -> selinux.Policy:
    """Debian's policy as the variant wants it."""
    policy = selinux.Policy(place / "root")
    rules = place / "lab.cil"
    rules.write_text(_LAB_RULES)
    policy.install(rules, *(selinux.compile_module(name, place) for name in variant.modules))
    if variant.without_unconfined:
        policy.disable("unconfined")
    policy.audit_everything()
    return policy


def _domain(host: Host) -> str:
    text = daemons.domain("power10", host)
    return text.replace("/nested/", "/var/lib/libvirt/images/").replace("/run/console-", "/var/lib/libvirt/qemu/console-")


def judge(variant: Variant, files: dict[str, str], statuses: dict[str, str]) -> list[str]:
    """All differences between the files of a run and what is expected of the variant."""

    def words(name: str) -> str:
        return " ".join((files.get(name, "") + " " + files.get(f"{name}.err", "")).split())[:300]

    shown = daemons.compat_of(files.get("capabilities", ""))
    outcome = {name: daemons.outcome_of(files, statuses, name) for name in ("hooked", "fitted", "unhooked", "fitted-plain")}
    ours = denials(files.get("denied-with", "")) - denials(files.get("denied-without", ""))
    promises = [
        (files.get("enforce") == "1", f"SELinux is not enforcing: {words('enforce')!r}"),
        (":init_t:" in files.get("first", ""), f"the first process is {words('first')!r}"),
        (":virtd_t:" in files.get("context", ""), f"libvirtd is {words('context')!r}"),
        ((statuses.get("enable") == "0") == variant.preloads, f"daemon enable: status {statuses.get('enable')}, {words('enable')!r}"),
        (("supported='yes'" in shown) == variant.preloads, f"virsh shows {shown!r}"),
        (("runs with it" in files.get("status", "")) == variant.preloads, f"daemon status: {words('status')!r}"),
        ((statuses.get("hook-install") == "0") == variant.installs, f"hook install: status {statuses.get('hook-install')}, {words('hook-install')!r}"),
        (("by-hand" in files) != variant.installs, f"the hook {'is not' if variant.installs else 'is'} there after the command"),
        ((statuses.get("hook-status") == "0") == variant.installs, f"hook status: {words('hook-status')!r}"),
        ("<capabilities>" in files.get("plain", "") and not daemons.compat_of(files["plain"]), "without the module libvirt gives no document of its own"),
        (outcome["unhooked"].startswith("refused by QEMU"), f"the guest without the hook: {outcome['unhooked']}"),
        (outcome["fitted-plain"].upper().startswith("BOOTS: POWER9"), f"the fitted guest without the hook: {outcome['fitted-plain']}"),
    ]
    if variant.installs:
        promises += [
            (outcome["hooked"] == "refused by the hook", f"the guest with the hook: {outcome['hooked']}"),
            (outcome["fitted"].upper().startswith("BOOTS: POWER9"), f"the fitted guest: {outcome['fitted']}"),
            (not ours, f"denied only with the module and the hook: {sorted(ours)}"),
        ]
    else:
        # The hook was copied in spite of the command's refusal.
        promises += [("status 126" in files.get(f"start-{name}.err", ""), f"{name}: {words(f'start-{name}')!r} in place of status 126") for name in ("hooked", "fitted")]
        promises.append(("virtd_t" in words("hook-install") and "virt-host-compat" in words("hook-install"), f"hook install does not say why: {words('hook-install')!r}"))
    if not variant.preloads:
        promises.append(("noatsecure" in words("enable"), f"daemon enable does not say why: {words('enable')!r}"))
    return [text for held, text in promises if not held]


def run(host: Host, name: str, tool: Path, module: Path, place: Path) -> tuple[Session, dict[str, str]]:
    """Boot a host with a variant of the policy; `place` is an empty folder. Returns what was seen, and the run's files."""
    variant = VARIANTS[name]
    policy = make_policy(variant, place)
    settings = policy.root / "etc/selinux"
    work = Job(
        command=["sh", "/root/selinux", str(guests.SECONDS)],
        files={
            **{f"/etc/selinux/{path.relative_to(settings)}": path for path in settings.rglob("*") if path.is_file() and path.name != "semanage.conf"},
            **{f"/root/{one}": guests.GUEST / one for one in ("selinux", "selinux-enforced", "libvirt-up")},
            _PROGRAM: tool,
            daemons.MODULE: module,
            "/etc/virt-host-compat/module.conf": daemons.CONFIG,
            "/var/lib/libvirt/images/initrd": cachedir.item("nested.cpio.gz", guests.make_nested),
            "/var/lib/libvirt/images/vmlinux": kernels.get("7.3").image,
        },
        scripts={"/root/power10.xml": _domain(host)},
        seconds=900 + 3 * guests.SECONDS,
        roots=[roots.get("libvirt-debian12"), roots.get("selinux-debian12")],
        devices=("-append", _APPEND),
        memory="5G",
    )
    outcome = boot.run(host, work)
    files = {path: data.decode("utf-8", "replace") for path, data in outcome.files.items()}
    if "statuses" not in files:
        raise LabError(f"The system with SELinux in {host.name} did not get to libvirtd ({' '.join((files.get('said', '') + outcome.stderr.decode('utf-8', 'replace')).split())[-400:]}).")
    statuses = dict(line.split() for line in files["statuses"].splitlines())
    session = Session(
        name,
        daemons.compat_in_one_line(files.get("capabilities", "")),
        *(" ".join((files.get(one, "") + files.get(f"{one}.err", "")).split())[:300] for one in ("enable", "hook-install")),
        *(daemons.outcome_of(files, statuses, one) for one in ("hooked", "fitted")),
        len(denials(files.get("denied-with", ""))),
        judge(variant, files, statuses),
        outcome.seconds,
    )
    return session, files
