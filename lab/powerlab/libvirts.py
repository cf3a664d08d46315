# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a real libvirt in a host: the tool extends virsh's documents, and libvirt's schemas validate the result."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from . import boot, roots, shapes
from .failures import LabError
from .hosts import Host
from .job import Job

_GUEST = Path(__file__).resolve().parent.parent / "guest"
# What may change when domain capabilities are completed: the value of usable, and the added modes.
_USABLE = re.compile(r" usable='(?:yes|no|unknown)'")
_MODES = re.compile(r"\n *<enum name='compat'>(?:\n *<value>(\w+)</value>)+\n *</enum>")
_INSERTED = re.compile(r"\s*(<compat source='[a-z-]+'>|<mode name='\w+' supported='(yes|no)'/>|</compat>)\s*")


@dataclass
class Session:
    """One libvirt: its version, the model that it reports, what the tool added, and every unexpected difference."""

    host: str
    root: str
    version: str = ""
    model: str = ""
    inserted: str = ""
    shapes: str = ""
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


def _judge_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The added lines, and everything else that changed."""
    added, other = [], []
    for line in difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        if line.startswith("+ "):
            (added if _INSERTED.fullmatch(line[2:]) else other).append(line[2:].rstrip("\n"))
        elif line.startswith("- "):
            other.append(line.rstrip("\n"))
    return added, other


def run(host: Host, root: str, tool: Path, seed: int) -> Session:
    """Start libvirtd in a host and check what the tool does with libvirt's documents.

    seed: selects the domains that are given to libvirt and check.
    """
    work = Job(
        command=["sh", "/root/libvirt"],
        files={"/root/libvirt": _GUEST / "libvirt", "/root/libvirt-up": _GUEST / "libvirt-up", "/usr/local/bin/virt-host-compat": tool},
        seconds=1200,
        scripts=shapes.scripts(seed),
        roots=[roots.get(root)],
        memory="3G",
    )
    outcome = boot.run(host, work)
    files = {name: data.decode("utf-8", "replace") for name, data in outcome.files.items()}
    before, after = files.get("capabilities", ""), files.get("extended", "")
    if "<capabilities>" not in before:
        said = files.get("capabilities.err", "") + files.get("libvirtd", "") + outcome.stderr.decode("utf-8", "replace")
        raise LabError(f"libvirt in {host.name} gave no capabilities ({' '.join(said.split())[-400:]}).")
    statuses = dict(line.split() for line in files["statuses"].splitlines())
    added, other = _judge_lines(before, after)
    model = re.search(r"<model>([^<]*)</model>", before)
    version = re.search(r"Running against daemon: (\S+)", files.get("libvirt-version", ""))
    session = Session(
        host.name,
        root,
        version[1] if version else roots.version(root, "libvirt-clients"),
        model[1] if model else "none",
        "".join(line.strip() for line in added),
        seconds=outcome.seconds,
    )
    supported = json.loads(files["show"])["virt-host-compat"]["compat"]["modes"]
    rendered = "".join(f"<mode name='{mode['name']}' supported='{'yes' if mode['supported'] else 'no'}'/>" for mode in supported)
    domains, completed = files.get("domain-capabilities", ""), files.get("domain-extended", "")
    modes = _MODES.search(completed)
    listed = re.findall(r"<value>(\w+)</value>", modes[0]) if modes else []
    usable = {name: word for word, name in re.findall(r"<model usable='(\w+)'[^>]*>(\w+)</model>", completed)}
    promises = [
        ("<domainCapabilities>" in domains and modes is not None, f"domain capabilities get no modes: {files.get('domain-extended.err', '')[:200]}"),
        (_USABLE.sub("", domains) == _USABLE.sub("", _MODES.sub("", completed, 1)), "more than usable and the modes changes in domain capabilities"),
        (listed == [mode["name"] for mode in supported if mode["supported"]], f"domain capabilities list {listed}"),
        (model is not None and set(usable.items()) >= {(model[1], "yes")} and list(usable.values()).count("yes") == 1, f"domain capabilities call usable {usable}"),
        (files.get("domain-again") == completed, "completing domain capabilities twice gives another document than once"),
        (not other, f"lines beyond the inserted ones changed: {other[:3]}"),
        (rendered in session.inserted, f"the inserted lines are {session.inserted!r}"),
        (files.get("again") == after, "extending twice gives another document than once"),
        *((statuses.get(name) == "0", f"{name} ended with status {statuses.get(name)} ({files.get(name + '.err', '').strip()[:200]} {files.get(name, '')[:200]})") for name in ("extended", "open", "strict")),
        (statuses.get("strict-broken") == "1", f"the strict grammar let a broken <compat> pass (status {statuses.get('strict-broken')})"),
    ]
    session.differences = [text for held, text in promises if not held]
    session.shapes, different = shapes.compare(seed, files)
    session.differences += different
    return session
