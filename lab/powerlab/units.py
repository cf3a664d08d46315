# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs systemd and udev of a Debian release in a host: whether, and how soon, each published format is updated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from . import boot, roots
from .failures import LabError
from .hosts import Host
from .job import Job

_PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
_SERVICE = "virt-host-compat-publish.service"
_TIMER = "virt-host-compat-publish.timer"
FORMATS = ("nfd", "prometheus", "ansible", "facter", "nova", "vdsm", "modes")
# Each event, and whether guests are possible after it.
EVENTS = {"boot": True, "unloaded": False, "loaded": True, "migrated": True, "hour": True}
# What each format must contain about power9 on a host in power9 mode, according to the format's definition.
_SAYS = {
    "nfd": r"power-compat\.power9=true",
    "prometheus": r'virt_host_compat_mode_supported\{mode="power9"\} 1',
    "ansible": r'"power9": ?true',
    "facter": r'"power9": ?true',
    "nova": r"CUSTOM_POWER_COMPAT_POWER9\b",
    "vdsm": r"(?i)power9",
    "modes": r"(?m)^power9$",
}
# The content of a format if nothing is known. The other formats have no file then.
_UNKNOWN = {"nfd": r"known=false", "prometheus": r"virt_host_compat_known 0", "ansible": r'"status": ?"unknown"', "facter": r'"status": ?"unknown"'}
_LEAST_CONFINED = 2.0
# How long the outputs may take after an event. On an emulated host they need some seconds.
_SECONDS = 90


@dataclass
class Session:
    """One boot: the seconds that the formats took after each event, and every difference from what is expected."""

    host: str
    root: str
    systemd: str = ""
    boot: str = ""
    unloaded: str = ""
    loaded: str = ""
    migrated: str = ""
    hour: str = ""
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


def waited(files: dict[str, str]) -> dict[tuple[str, str], float | None]:
    """Seconds from an event until a format's file was right, by event and format; None if it never was."""
    found: dict[tuple[str, str], float | None] = {}
    for line in files.get("times", "").splitlines():
        event, name, when, since = line.split()
        found[event, name] = None if when == "never" else float(when) - float(since)
    return found


def span(times: dict[tuple[str, str], float | None], event: str) -> str:
    """The shortest and the longest time after an event, as text."""
    seconds = [taken for (when, _), taken in times.items() if when == event and taken is not None]
    return f"{min(seconds):.1f} to {max(seconds):.1f} s" if seconds else "never"


def judge(files: dict[str, str]) -> list[str]:
    """All differences between a run's files and what is expected. `files` is what lab/guest/units wrote, by name."""
    times = waited(files)
    wrong = [f"{event}, {name}: its file never became what the program prints" for event in EVENTS for name in FORMATS if times.get((event, name)) is None]
    for event, possible in EVENTS.items():
        for name in FORMATS:
            text = files.get(f"{event}-{name}.file")
            says = text is not None and re.search(_SAYS[name], text) is not None
            if says != possible:
                wrong.append(f"{event}, {name}: {'no' if possible else 'still a'} power9 in {(text or 'no file')[:120]!r}")
            if not possible and (re.search(_UNKNOWN[name], text or "") is None if name in _UNKNOWN else text is not None):
                wrong.append(f"{event}, {name}: unknown is {(text or 'no file')[:120]!r}")
    level = re.search(r"Overall exposure level[^:]*: ([0-9.]+)", files.get("security", ""))
    promises = [
        (files.get("running", "").strip() in ("running", "degraded"), f"systemd says {files.get('running', '')!r}"),
        ("Result=success" in files.get("service", ""), f"the service ended with {' '.join(files.get('service', '').split())}"),
        (level is not None and float(level[1]) <= _LEAST_CONFINED, f"systemd-analyze security says {files.get('security', '')[-80:]!r}"),
        (_TIMER in files.get("timers", ""), f"list-timers says {files.get('timers', '')!r}"),
        (files.get("hook-statuses", "").split() == ["check", "0", "pre", "0", "post", "0"], f"the migration hook: {files.get('hook-statuses', '').split()}, {files.get('hook', '')!r}"),
        (not files.get("errors", "").strip(), f"on the way: {files.get('errors', '').strip()[:300]}"),
    ]
    return wrong + [text for held, text in promises if not held]


def _unit(name: str) -> str:
    text = (_PACKAGING / "systemd" / name).read_text(encoding="utf-8")
    return text.replace("@PROGRAM@", "/usr/local/bin/virt-host-compat").replace("@SYSTEMCTL@", "/bin/systemctl")


def run(host: Host, root: str, tool: Path) -> Session:
    """Boot a host with systemd and the units, and cause each event."""
    work = Job(
        ["sh", "/root/units", str(_SECONDS)],
        files={"/root/units": Path(__file__).resolve().parents[1] / "guest/units", "/usr/local/bin/virt-host-compat": tool, "/etc/drmgr.d/pmig/virt-host-compat": _PACKAGING / "drmgr/virt-host-compat"},
        scripts={
            f"/lib/systemd/system/{_SERVICE}": _unit(f"{_SERVICE}.in"),
            f"/lib/systemd/system/{_TIMER}": _unit(_TIMER),
            "/lib/udev/rules.d/90-virt-host-compat.rules": _unit("90-virt-host-compat.rules.in"),
        },
        seconds=8 * _SECONDS,
        roots=[roots.get(root)],
        memory="2G",
    )
    outcome = boot.run(host, work)
    files = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    if "times" not in files:
        raise LabError(f"systemd in {host.name} published nothing ({' '.join((files.get('systemd-log', '') + outcome.stderr.decode('utf-8', 'replace')).split())[-400:]}).")
    times = waited(files)
    return Session(
        host.name,
        root,
        roots.version(root, "systemd"),
        *(span(times, event) for event in EVENTS),
        differences=judge(files),
        seconds=outcome.seconds,
    )
