#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the command-line cases of a TOML file against the program and compares status, output and messages.

A case is a table [case.NAME]:
  args      the arguments; @TMP@ is a new folder, paths are relative to xml-tests/
  status    the exit status, or a list of those that are accepted (if it depends on the machine)
  stdin     the name of a file for standard input, or stdin_text with the text itself (default: empty)
  stdout    "golden" (the default): as golden/NAME.stdout; "any"; or "full": a device that is always full
  stderr    "golden" (the default): as golden/NAME.stderr; "any"; or "full"
  files     files to make in @TMP@: name = text, or { hex = "..." }, { size = BYTES }, { mode = 0, text = "" },
            or a recorded host with other values: { record = FILE, set = { "host.model" = "...", "checks.0.hint" = "..." } }
  env       further environment variables; @TMP@ is replaced, too
An output that is empty has no golden file. REGENERATE=1 rewrites the golden files and still fails.

In every case, a line for people must not contain a character that controls a terminal or breaks the line.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tap  # noqa: E402

XML_TESTS = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).resolve().parent / "golden"
# meson.build defines the version; golden files contain @VERSION@ instead.
VERSION = re.search(rb"^    version: '([0-9.]+)',$", (XML_TESTS.parent / "meson.build").read_bytes(), re.M)[1]  # type: ignore[index]
REGENERATE = os.environ.get("REGENERATE") == "1"


@dataclass
class Outcome:
    status: int
    stdout: bytes
    stderr: bytes


def make_files(files: dict, folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="")
            continue
        if "hex" in content:
            path.write_bytes(bytes.fromhex(content["hex"]))
        elif "size" in content:
            with path.open("wb") as file:
                file.truncate(content["size"])
        elif "record" in content:
            record = json.loads(Path(content["record"]).read_text(encoding="utf-8"))
            for place, value in content["set"].items():
                *steps, last = (int(step) if step.isdigit() else step for step in place.split("."))
                target = record["virt-host-compat"]
                for step in steps:
                    target = target[step]
                if last not in target if isinstance(target, dict) else last >= len(target):
                    raise KeyError(place)
                target[last] = value
            path.write_text(json.dumps(record), encoding="utf-8")
        elif "repeat" in content:
            lead, unit, count, tail = content["repeat"]
            path.write_text(lead + unit * count + tail, encoding="utf-8", newline="")
        else:
            path.write_text(content.get("text", ""), encoding="utf-8", newline="")
        if "mode" in content:
            path.chmod(content["mode"])


def steers(character: str) -> bool:
    """Whether a character is a control, ends a line, or changes the writing direction, according to Unicode."""
    return character != "\n" and (unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in "\u061c\u200e\u200f"
                                  or unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def harmful(stream: str, text: bytes) -> list[str]:
    """Return what must not be sent to a terminal. XML and JSON on standard output are for programs."""
    if stream == "stdout" and text.lstrip().startswith((b"<", b"{")):
        return []
    try:
        found = {f"U+{ord(character):04X}" for character in text.decode() if steers(character)}
    except UnicodeDecodeError as error:
        return [f"{stream} is not UTF-8: {error}"]
    longest = max((len(line) for line in text.splitlines()), default=0)
    return [f"{stream} has {name}" for name in sorted(found)] + ([f"{stream} has a line of {longest} bytes"] if longest > 40000 else [])


def run(program: str, case: dict, folder: Path) -> Outcome:
    arguments = [argument.replace("@TMP@", str(folder)) for argument in case["args"]]
    environment = {"LC_ALL": "C", "PATH": os.environ["PATH"]}
    environment |= {name: value.replace("@TMP@", str(folder)) for name, value in case.get("env", {}).items()}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    for name in os.environ:
        if name.endswith("SAN_OPTIONS"):
            environment[name] = os.environ[name]
    stdin = case.get("stdin_text", "").encode()
    if "stdin" in case:
        stdin = Path(case["stdin"].replace("@TMP@", str(folder))).read_bytes()
    with Path("/dev/full").open("wb") as full:
        stdout, stderr = (full if case.get(stream) == "full" else subprocess.PIPE for stream in ("stdout", "stderr"))
        done = subprocess.run([program, *arguments], input=stdin, stdout=stdout, stderr=stderr,
                              env=environment, timeout=100, check=False)
    def clean(text: bytes | None) -> bytes:
        return (text or b"").replace(str(folder).encode(), b"@TMP@").replace(VERSION, b"@VERSION@")

    return Outcome(done.returncode, clean(done.stdout), clean(done.stderr))


# The exit status for each word in an answer. If an input cannot be read, the status is one of ERRORS.
WORDS = {"known": 0, "common": 0, "compatible": 0, "not-applicable": 0, "equal": 0, "superset": 0, "passed": 0, "failed": 1, "valid": 0,
         "none": 1, "incompatible": 1, "subset": 1, "incomparable": 1, "invalid": 1, "unknown": 4}
ERRORS = (2, 3, 5)


def contradicts(outcome: Outcome) -> list[str]:
    """Compare the words of a JSON answer with the exit status."""
    if not outcome.stdout.startswith(b"{"):
        return []
    body = json.loads(outcome.stdout)
    if "virt-host-compat" not in body:
        # The format is defined by another program.
        return []
    body = body["virt-host-compat"]
    if "kinds" in body:
        # A survey answers about many guests, and its status does not depend on them.
        return []
    entries = body.get("domains", body.get("documents", [body]))
    words = [entry[key] for entry in entries for key in ("status", "verdict", "comparison") if key in entry]
    words += [body["compat"]["status"]] if "compat" in body else []
    worst = max((WORDS[word] for word in words if word != "error"), default=0)
    failed = "error" in words or body.get("failed", 0) and "unknown" not in words
    expected = {max(worst, error) for error in ERRORS} if failed else {worst}
    return [] if words and outcome.status in expected else [f"the answer says {sorted(set(words))}, and the status is {outcome.status}"]


def compare(name: str, stream: str, actual: bytes) -> list[str]:
    golden = GOLDEN / f"{name}.{stream}"
    expected = golden.read_bytes() if golden.exists() else b""
    if actual == expected:
        return []
    if REGENERATE:
        if actual:
            golden.write_bytes(actual)
        else:
            golden.unlink()
        return [f"{golden.name} was rewritten"]
    return [f"{stream} differs from {golden.name}", *(f"  expected {line}" for line in expected.decode(errors="replace").splitlines()[:12]),
            *(f"  actual   {line}" for line in actual.decode(errors="replace").splitlines()[:12])]


def check(program: str, name: str, case: dict) -> list[str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_files(case.get("files", {}), folder)
        try:
            outcome = run(program, case, folder)
        except subprocess.TimeoutExpired:
            return ["it did not end"]
    problems = harmful("stdout", outcome.stdout) + harmful("stderr", outcome.stderr)
    problems += contradicts(outcome)
    expected = case["status"] if isinstance(case["status"], list) else [case["status"]]
    if outcome.status not in expected:
        problems.append(f"status {outcome.status} instead of {case['status']}")
        problems += [f"  {line}" for line in outcome.stderr.decode(errors="replace").splitlines()[:5]]
    if case.get("stdout", "golden") == "golden":
        problems += compare(name, "stdout", outcome.stdout)
    if case.get("stderr", "golden") == "golden":
        problems += compare(name, "stderr", outcome.stderr)
    return problems


def main(program: str, cases_file: str) -> int:
    program = str(Path(program).resolve())
    cases = tomllib.loads(Path(cases_file).read_text(encoding="utf-8"))["case"]
    os.chdir(XML_TESTS)
    prefix = Path(cases_file).stem
    return tap.run({name: partial(check, program, f"{prefix}-{name}", case) for name, case in cases.items()})


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
