# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs libvirtd with the module and the start hook in a host: what clients see, and which guests start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from . import boot, cachedir, guests, kernels, roots
from .failures import LabError
from .hosts import Host
from .job import Job

_MANUAL = Path(__file__).resolve().parents[2] / "docs/libvirt.md"
MODULE = "/usr/lib/virt-host-compat/virt-host-compat-libvirt.so"
CONFIG = Path(__file__).resolve().parents[2] / "driver/libvirt/module/module.conf"
_COMPAT = re.compile(r"\n *<compat source='kvm'>(?:\n *<mode name='\w+' supported='(?:yes|no)'/>)+\n *</compat>")
_REFUSED_BY_KVM = re.compile(r"Unable to set CPU compatibility mode in KVM|Compatibility PVR \S+ not valid for CPU")
SENTENCE = (
    "cannot start the guest power10: power10 is newer than what this host supports (power9);"
    " use <cpu mode='host-model'><model>power9</model></cpu>"
)


@dataclass
class Session:
    """One daemon: what virsh printed, how the guests ended, and every difference from what is expected."""

    host: str
    root: str
    libvirt: str = ""
    qemu: str = ""
    shown: str = ""
    hooked: str = ""
    fitted: str = ""
    unhooked: str = ""
    compared: str = ""
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


def domain(mode: str, host: Host) -> str:
    """A guest as a user of libvirt on POWER defines it, but small enough for an emulated host. `none` pins no mode."""
    cpu = "" if mode == "none" else f"\n  <cpu mode='host-model'>\n    <model>{mode}</model>\n  </cpu>"
    return f"""<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{mode}</name>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='ppc64le' machine='pseries'>hvm</type>
    <kernel>/nested/vmlinux</kernel>
    <initrd>/nested/initrd</initrd>
    <cmdline>console=hvc0 quiet panic=-1</cmdline>
  </os>
  <features>{guests.features(host)}</features>{cpu}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-ppc64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='file'><source path='/run/console-{mode}'/></serial>
  </devices>
</domain>
"""


def compat_of(document: str) -> str:
    found = _COMPAT.search(document)
    return found[0] if found else ""


def compat_in_one_line(document: str) -> str:
    """The element without its indentation, as reports show it."""
    return "".join(line.strip() for line in compat_of(document).splitlines())


def outcome_of(files: dict[str, str], statuses: dict[str, str], name: str) -> str:
    """What happened to a guest that libvirt was asked to start, in a few words."""
    up = re.search(r"@@nested up@@ cpu\s*: (\S+[^,\r\n]*)", files.get(f"console-{name}", ""))
    if up:
        return f"boots: {up[1].strip()}"
    said = " ".join(files.get(f"start-{name}.err", "").split())
    if SENTENCE in said:
        return "refused by the hook"
    refused = _REFUSED_BY_KVM.search(said + files.get(f"qemu-{name}", ""))
    if refused:
        return f"refused by QEMU: {refused[0]}"
    if statuses.get(f"start-{name}") == "0":
        return "started and hung"
    return f"failed: {said[:300] or 'no answer'}"


def apparmor_line() -> str:
    """The AppArmor rule from the manual for a program in /usr/local/bin, where the lab installs it."""
    found = re.findall(r"^    (/usr/local/bin/virt-host-compat .*)$", _MANUAL.read_text(), re.MULTILINE)
    if len(found) != 1:
        raise LabError(f"{_MANUAL} does not name the one line that AppArmor's profile of libvirtd needs.")
    return found[0] + "\n"


def judge(files: dict[str, str], statuses: dict[str, str]) -> list[str]:
    """The differences between the files of a run and what the module and the hook must do.

    files    the files that lab/guest/daemon wrote, by name
    statuses the exit status of each of its commands, by name
    """
    document, plain = files.get("capabilities", ""), files.get("plain", "")
    compat = compat_of(document)
    log = [line for line in files.get("log-broken", "").splitlines() if "passed on unchanged" in line]
    said = {name: outcome_of(files, statuses, name) for name in ("hooked", "fitted", "unhooked")}

    def words(name: str) -> str:
        return " ".join((files.get(name, "") + " " + files.get(f"{name}.err", "")).split())[:300]

    def compared(name: str, mode: str, answer: str) -> tuple[bool, str]:
        held = re.search(rf"{answer}", files.get(f"{name}-{mode}", "")) is not None
        return held, f"{name}, {mode}: {words(f'{name}-{mode}')!r} in place of {answer!r}"

    fits = "(is identical to|superset)"
    promises = [
        (statuses.get("status-before") == "1", f"daemon status before: {words('status-before')}"),
        *((statuses.get(name) == "0", f"{name} ended with status {statuses.get(name)}: {words(name)}") for name in ("enable", "hook-install", "status", "capabilities", "fit", "hook-remove", "disable")),
        (re.search(r"process \d+ runs with it", files.get("status", "")) is not None, f"daemon status says {words('status')!r}"),
        ("<mode name='power9' supported='yes'/>" in compat and "<mode name='power10' supported='no'/>" in compat, f"virsh shows {compat!r}"),
        (files.get("capabilities-readonly") == document, "a read-only client sees another document"),
        ("<capabilities>" in plain and document.replace(compat, "", 1) == plain, "more than the element differs from libvirt's own document"),
        ("<enum name='compat'>" in files.get("domain-capabilities", "") and files.get("domain-capabilities") == files.get("domain-completed"), f"virsh domcapabilities differs from what the command completes: {words('domain-capabilities')!r}"),
        ("<enum name='compat'>" not in files.get("domain-plain", "x<enum name='compat'>"), "libvirt's own domain capabilities have the modes"),
        compared("compare-off", "power9", fits),
        compared("compare-off", "power10", fits),
        compared("compare-on", "power9", fits),
        compared("compare-on", "power10", "is incompatible with"),
        (statuses.get("compare-error") == "1" and "KVM of this host does not support the compatibility mode power10" in files.get("compare-error.err", ""), f"cpu-compare --error says {words('compare-error')!r}"),
        (files.get("broken") == plain and files.get("broken-again") == plain, "with a broken configuration the document is not libvirt's own"),
        ("virt-host-compat" not in files.get("log-before", ""), f"the log says {words('log-before')!r} before anything was wrong"),
        (len(log) == 1 and "interval is 'soon'" in log[0], f"the log has {len(log)} lines about the broken configuration: {log[:2]}"),
        (statuses.get("check") == "1", f"check ended with status {statuses.get('check')}"),
        (said["hooked"] == "refused by the hook" and statuses.get("start-hooked") == "1", f"the guest with the hook: {said['hooked']}"),
        (said["fitted"].upper().startswith("BOOTS: POWER9"), f"the fitted guest: {said['fitted']}"),
        (said["unhooked"].startswith("refused by QEMU"), f"the guest without the hook: {said['unhooked']}"),
        (files.get("confined", "").strip() == "libvirtd (enforce)", f"AppArmor: {words('confined')!r}, {words('apparmor')!r}, of {words('lsm')!r}"),
        # libvirtd itself may exit with 1 if one of its worker threads was late. A signal would give 128 or more.
        (statuses.get("stopped") in ("0", "1"), f"libvirtd with the module ended with status {statuses.get('stopped')}"),
    ]
    return [text for held, text in promises if not held]


def run(host: Host, root: str, tool: Path, module: Path) -> Session:
    """Start libvirtd in a host with the module and the hook as an administrator would, and check both."""
    work = Job(
        command=["sh", "/root/daemon", str(guests.SECONDS)],
        files={
            "/root/daemon": guests.GUEST / "daemon",
            "/root/libvirt-up": guests.GUEST / "libvirt-up",
            "/usr/local/bin/virt-host-compat": tool,
            MODULE: module,
            "/etc/virt-host-compat/module.conf": CONFIG,
            "/nested/initrd": cachedir.item("nested.cpio.gz", guests.make_nested),
            "/nested/vmlinux": kernels.get("7.3").image,
        },
        scripts={"/root/power10.xml": domain("power10", host), "/etc/apparmor.d/local/usr.sbin.libvirtd": apparmor_line()},
        seconds=300 + 3 * guests.SECONDS,
        roots=[roots.get(root), roots.get(root.replace("libvirt", "apparmor"))],
        memory="4G",
    )
    outcome = boot.run(host, work)
    files = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    if "statuses" not in files or "<capabilities>" not in files.get("capabilities", ""):
        said = files.get("enable.err", "") + files.get("capabilities.err", "") + files.get("libvirtd", "") + outcome.stderr.decode("utf-8", "replace")
        raise LabError(f"libvirtd with the module in {host.name} gave no capabilities ({' '.join(said.split())[:400]}).")
    statuses = dict(line.split() for line in files["statuses"].splitlines())
    return Session(
        host.name,
        root,
        *(versions[1] if (versions := re.search(pattern, files.get("libvirt-version", ""))) else "?" for pattern in (r"daemon: (\S+)", r"hypervisor: QEMU (\S+)")),
        compat_in_one_line(files["capabilities"]),
        *(outcome_of(files, statuses, name) for name in ("hooked", "fitted", "unhooked")),
        files.get("compare-on-power10", "").strip().replace("/root/", ""),
        differences=judge(files, statuses),
        seconds=outcome.seconds,
    )
