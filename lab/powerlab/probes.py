# SPDX-License-Identifier: LGPL-2.1-or-later
"""The probe matrix: compares the tool's answers on each host with those of raw calls."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import boot, cachedir, expectation, measured
from .apt import last_line
from .failures import LabError, require_program
from .hosts import Host
from .job import Job
from .records import FOLDER

_SOURCE = Path(__file__).resolve().parent.parent / "raw_probe.c"
_SCRIPT = Path(__file__).resolve().parent.parent / "guest/ask"


@dataclass
class Answer:
    """One host: the answers of the tool and of the raw calls, and where they differ."""

    host: str
    row: str = ""
    said: str = ""
    kernel: str = ""
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0
    record: str = ""
    raw: str = ""


def raw_probe() -> Path:
    """The independent probe, built for ppc64le, again whenever its source changes."""
    compiler = require_program("powerpc64le-linux-gnu-gcc", "g++-powerpc64le-linux-gnu")
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:12]

    def make(part: Path) -> None:
        command = [compiler, "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O1", "-static", "-o", str(part), str(_SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"Cannot build {_SOURCE}: {last_line(done.stderr)}")

    return cachedir.item(f"raw_probe-{digest}", make)


def _json(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise LabError(f"{what} printed no JSON: {text[:200]!r} ({error}).") from error
    if not isinstance(value, dict):
        raise LabError(f"{what} printed JSON that is no object.")
    return value


def _expected_statuses(known: bool) -> dict[str, int]:
    """The expected exit statuses of the tool: 0 if the modes are known, 4 if not; see docs and --help."""
    return {
        "show": 0 if known else 4,
        "capabilities": 0,
        "validate": 0,
        "require": 0 if known else 4,
        "replay": 0 if known else 4,
    }


def ask(host: Host, tool: Path, data: measured.Data) -> Answer:
    """Boot a host, run the tool and the raw calls, and compare their output. `data` is what guests did."""
    job = Job(
        command=["sh", "/root/ask"],
        files={"/root/ask": _SCRIPT, "/usr/local/bin/virt-host-compat": tool, "/usr/local/bin/raw_probe": raw_probe()},
        seconds=60,
    )
    outcome = boot.run(host, job)
    files = outcome.files
    raw = _json(files["raw"], f"The raw probe in {host.name}")
    said = _json(files["show"], f"virt-host-compat show --json in {host.name} ({files['show.err'][:200]!r})")
    want = expectation.expect(raw, host, data)
    differences = expectation.compare(said, want)
    document = files["capabilities"].decode("utf-8", "replace")
    differences += expectation.compare_document(document, want)
    statuses = {line.split()[0]: int(line.split()[1]) for line in files["statuses"].decode().splitlines()}
    for name, status in _expected_statuses(want.source is not None).items():
        if statuses.get(name) != status:
            errors = files.get(name + ".err", b"").decode("utf-8", "replace").strip()
            differences.append(f"{name} ended with status {statuses.get(name)} instead of {status} ({errors[:200]})")
    if files["replay"] != files["show"]:
        differences.append("show --json --probe RECORD prints another record than it was given")
    compat = said.get("virt-host-compat", {}).get("compat", {})
    supported = [mode["name"] for mode in compat.get("modes") or [] if mode.get("supported")]
    return Answer(
        host=host.name,
        row=want.row,
        said=f"{compat.get('source')}: {', '.join(supported) or 'none'}" if want.source else "unknown",
        kernel=want.kernel,
        differences=differences,
        seconds=outcome.seconds,
        record=files["show"].decode(),
        raw=files["raw"].decode(),
    )


def store(answer: Answer) -> None:
    """Store the tool's record and the raw answers of a host for the tests that replay them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{answer.host}.json").write_text(answer.record)
    (FOLDER / f"{answer.host}.raw.json").write_text(json.dumps(json.loads(answer.raw), indent=1) + "\n")


def changed(answer: Answer) -> list[str]:
    """How the answer differs from the recorded one, except for the kernel release. Other schemas are ignored."""
    path = FOLDER / f"{answer.host}.json"
    if not path.exists():
        return []
    old, new = (json.loads(text)["virt-host-compat"] for text in (path.read_text(), answer.record))
    if old["schema_version"] != new["schema_version"]:
        return []
    before, now = old["compat"], new["compat"]
    return [
        f"recorded {key} is {before.get(key)!r}, now it is {now.get(key)!r}"
        for key in ("status", "source", "modes", "capabilities", "abi")
        if before.get(key) != now.get(key)
    ]
