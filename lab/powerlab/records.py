# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records hosts: the kernel's files as plain files, and the tool's JSON record."""

from __future__ import annotations

from pathlib import Path

from . import boot, cachedir
from .failures import LabError
from .hosts import Host
from .job import Job

FOLDER = Path(__file__).resolve().parents[2] / "xml-tests/records"
_SCRIPT = Path(__file__).resolve().parent.parent / "guest/record-tree"


def record_tree(host: Host) -> int:
    """Boot a host and store its files below xml-tests/records/HOST/root. Returns the number of files."""
    job = Job(command=["sh", "/root/record-tree"], files={"/root/record-tree": _SCRIPT})
    outcome = boot.run(host, job)
    files = {name: data for name, data in outcome.files.items() if name.startswith("root/")}
    if outcome.status != 0 or not files:
        raise LabError(f"Recording {host.name} gave no files (status {outcome.status}).")
    target = FOLDER / host.name / "root"
    part = target.with_name("root.part")
    if part.exists():
        cachedir.remove_tree(part)
    for name, data in files.items():
        path = part / name.removeprefix("root/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if target.exists():
        cachedir.remove_tree(target)
    part.rename(target)
    return len(files)
