#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Passes every hostile document to the library, each in its own process with little memory.

A document must get its expected verdict, in one line, within the memory limit and long before the time limit. Nothing
may connect to the port or open the pipe that the documents name. With another grammar than the built-in one, only
refused documents are tested.

With --domain-capabilities PROGRAM the documents are domain capabilities. The program then also completes each one, with
as little memory. The result must be the expected bytes, and a valid document must stay valid. If the program refuses a
document, it must print nothing but one line with the error.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hostile import documents, domain_capabilities  # noqa: E402

# The tree of the largest document that is parsed takes about 1.3 GiB.
MEMORY = 2 << 30
# Only a limit for runs that never end: on a busy machine the slowest document takes some seconds.
WATCHDOG_SECONDS = 120
# Processor time for completing a document. The slowest takes some seconds in a build without optimization.
MOST_PROCESSOR_SECONDS = 60
LEAST_DOCUMENTS = 200
# A message quotes only a small part of a document.
LONGEST_MESSAGE = 2000
# Characters that control a terminal, or change the writing direction.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
RECORD = Path(__file__).resolve().parent / "records/power10-as-power9.json"


@dataclass
class Outcome:
    name: str
    seconds: float
    mebibytes: float
    problem: str


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_completion() -> None:
    limit_memory()
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_PROCESSOR_SECONDS, MOST_PROCESSOR_SECONDS))


def judged(judge: list[str], path: Path, document: documents.Document) -> Outcome:
    started = time.monotonic()
    process = subprocess.Popen(
        [*judge, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit_memory
    )
    finished, _, _ = select.select([process.stdout], [], [], WATCHDOG_SECONDS)
    if not finished:
        process.kill()
    output, errors = process.communicate()
    seconds = time.monotonic() - started
    problem = ""
    if not finished:
        problem = f"no verdict after {WATCHDOG_SECONDS} seconds"
    elif process.returncode != 0:
        problem = f"ended with {process.returncode}: {errors[-200:]!r}"
    elif errors:
        problem = f"wrote {errors[:200]!r} on standard error"
    elif output.decode() not in [f"{word} {path}\n" for word in allowed(judge, document)]:
        problem = f"expected {document.expected}, got {output[:200]!r}"
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Outcome(document.name, seconds, peak, problem)


def allowed(judge: list[str], document: documents.Document) -> list[str]:
    if "--built-in" in judge or document.expected == "refused":
        return [document.expected]
    return ["valid", "invalid", "refused"]


def completed(program: str, path: Path, document: domain_capabilities.Completed) -> Outcome:
    """The program's result of completing the document."""
    answer = path.with_name("completed.xml")
    started = time.monotonic()
    with open(answer, "wb") as output:
        done = subprocess.run(
            [program, "domcapabilities", "--probe", RECORD, path], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, preexec_fn=limit_completion, check=False
        )
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Outcome(document.name, seconds, peak, wrong_in(answer, done.returncode, done.stderr.decode(errors="replace"), document))


def wrong_in(answer: Path, status: int, said: str, document: domain_capabilities.Completed) -> str:
    """What is wrong with a completed document, or with the way in which one was refused."""
    if len(said) > LONGEST_MESSAGE or said.count("\n") > 1 or UNSAFE.search(said.rstrip("\n")):
        return f"it said {said[:300]!r} in {len(said)} characters"
    if document.completed is None:
        told = status == 3 and said.startswith("virt-host-compat: ") and answer.stat().st_size == 0
        return "" if told else f"it should be refused, and ended with {status}: {said[:200]!r}"
    if status != 0:
        return f"it could not be completed: {status}: {said[:200]!r}"
    found, expected = answer.read_bytes(), document.completed()
    if isinstance(document, domain_capabilities.Never):
        found = found.replace(b"usable='no'", b"usable='unknown'")
        expected = expected.replace(b"></mode><mode name='custom'", f">{domain_capabilities.MODES}</mode><mode name='custom'".encode())
    if isinstance(document, domain_capabilities.Grown):
        rest = found.replace(domain_capabilities.MODES.encode(), b"", 1)
        return "" if len(found) < len(expected) + 1000 and rest.split() == expected.split() else f"it grew to {len(found)} bytes"
    if found == expected:
        return ""
    at = next((index for index, (one, other) in enumerate(zip(found, expected)) if one != other), min(len(found), len(expected)))
    return f"of {len(found)} bytes, where {len(expected)} were expected, the one at {at} differs: {found[at - 30 : at + 60]!r}"


def asked(judge: list[str], program: str, path: Path, document: documents.Document) -> Outcome:
    """The verdict, and with a program also the completed document."""
    outcome = judged(judge, path, document)
    if outcome.problem or not isinstance(document, domain_capabilities.Completed):
        return outcome
    second = completed(program, path, document)
    outcome = Outcome(document.name, max(outcome.seconds, second.seconds), max(outcome.mebibytes, second.mebibytes), second.problem)
    answer = path.with_name("completed.xml")
    if outcome.problem or document.expected != "valid" or document.completed is None or answer.stat().st_size == path.stat().st_size:
        return outcome
    again = judged(judge, answer, document)
    outcome.problem = again.problem and f"completed: {again.problem}"
    return outcome


def knocked(listener: socket.socket) -> bool:
    return bool(select.select([listener], [], [], 0)[0])


def pipe_opened(pipe: str) -> bool:
    """Whether a process has opened the pipe for reading: only then can it be opened for writing without waiting."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def run(judge: list[str], program: str, folder: Path, only: str) -> list[Outcome]:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    secret = folder / "secret"
    secret.write_text("ppc64le")
    outcomes = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        canaries = documents.Canaries(listener.getsockname()[1], str(pipe), str(secret))
        for document in (domain_capabilities if program else documents).every(canaries):
            if not document.name.startswith(only):
                continue
            path = folder / "document.xml"
            path.write_bytes(document.make())
            outcome = asked(judge, program, path, document)
            if not outcome.problem and (knocked(listener) or pipe_opened(str(pipe))):
                outcome.problem = "reached out for something that it names"
            if outcome.problem:
                print(f"{outcome.name}: {outcome.problem}", flush=True)
            outcomes.append(outcome)
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("judge", help="the test program that asks the library")
    parser.add_argument("--strict", metavar="FOLDER", help="use libvirt's grammars in this folder")
    parser.add_argument("--domain-capabilities", default="", metavar="PROGRAM", help="the program that completes them")
    parser.add_argument("--only", default="", metavar="PREFIX", help="only documents whose names begin so")
    options = parser.parse_args()
    judge = [options.judge, *(["--strict", options.strict] if options.strict else ["--built-in", "-"])]
    only = options.only
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(judge, options.domain_capabilities, Path(folder), only)
    failed = [outcome for outcome in outcomes if outcome.problem]
    slowest = sorted(outcomes, key=lambda outcome: outcome.seconds)[-5:]
    print(f"{len(outcomes)} documents, {len(failed)} failed; peak {max(o.mebibytes for o in outcomes):.0f} MiB")
    print("slowest: " + ", ".join(f"{o.name} {o.seconds:.2f} s" for o in reversed(slowest)))
    if not only and len(outcomes) < LEAST_DOCUMENTS:
        print(f"there are {len(outcomes)} documents only")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
