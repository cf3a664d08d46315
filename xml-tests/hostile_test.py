#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives every hostile document to the library, each in a process of its own with little memory.

A document has to get the verdict that stands beside it, in one line, within the memory and long
before the watchdog; nobody may knock at the port or read from the pipe that the documents name.
With another grammar than the built-in one, only what is refused has to be refused, too.
"""

from __future__ import annotations

import argparse
import os
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

from hostile import documents  # noqa: E402

# A tree of the largest document that is parsed takes about 1.3 GiB.
MEMORY = 2 << 30
# Only against documents without end: on a busy machine the slowest takes some seconds.
WATCHDOG_SECONDS = 120
LEAST_DOCUMENTS = 200


@dataclass
class Outcome:
    name: str
    seconds: float
    mebibytes: float
    problem: str


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


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


def knocked(listener: socket.socket) -> bool:
    return bool(select.select([listener], [], [], 0)[0])


def pipe_opened(pipe: str) -> bool:
    """Whether a reader waits at the pipe: only then can it be opened for writing at once."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def run(judge: list[str], folder: Path, only: str) -> list[Outcome]:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    secret = folder / "secret"
    secret.write_text("ppc64le")
    outcomes = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        canaries = documents.Canaries(listener.getsockname()[1], str(pipe), str(secret))
        for document in documents.every(canaries):
            if not document.name.startswith(only):
                continue
            path = folder / "document.xml"
            path.write_bytes(document.make())
            outcome = judged(judge, path, document)
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
    parser.add_argument("--only", default="", metavar="PREFIX", help="only documents whose names begin so")
    options = parser.parse_args()
    judge = [options.judge, *(["--strict", options.strict] if options.strict else ["--built-in", "-"])]
    only = options.only
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(judge, Path(folder), only)
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
