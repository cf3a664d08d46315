# SPDX-License-Identifier: LGPL-2.1-or-later
"""Steps that are done inside a host, over as many boots as it takes.

A guest may take its host along: the newer QEMU's emulation of nested KVM locks hosts up. So the host hands out what it
has after each step, and what is left is done in another boot.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from . import boot
from .failures import LabError
from .hosts import Host
from .job import Job

# How often a step may come first in a boot that locks up; under the newer QEMU's emulation nearly every second one did.
_ATTEMPTS = 4


@dataclass(frozen=True)
class Step:
    """Something to do in a host: the script of lab/guest that does it, its name there, and the list where its end stands."""

    script: str
    name: str

    # In the list of its script each step has a line `done-NAME`, and `late-NAME SECONDS` where it ran out of time.
    _LISTS = {"nest": "statuses", "decide": "decided"}

    @property
    def list(self) -> str:
        return self._LISTS[self.script]


class Files:
    """What the boots of one host left: texts by name, some of which are lists of lines `WORD VALUE`."""

    def __init__(self) -> None:
        self.text: dict[str, str] = {}
        self.seconds = 0.0

    def add(self, outcome: boot.Outcome) -> None:
        """Take in what another boot left; its lists follow those of the boots before it."""
        for name, data in outcome.files.items():
            text = data.decode("utf-8", "replace")
            self.text[name] = self.text.get(name, "") + text if name in ("statuses", "decided", "keys") else text
        self.seconds += outcome.seconds

    def words(self, name: str) -> dict[str, str]:
        """A list's values by their words."""
        return dict(line.split(" ", 1) for line in self.text.get(name, "").splitlines() if " " in line)

    def note(self, step: Step, word: str, value: str) -> None:
        self.text[step.list] = f"{self.text.get(step.list, '')}{word}-{step.name} {value}\n"

    def forget(self, step: Step) -> None:
        """Drop what the lists say of a step's end."""
        words = (f"done-{step.name} ", f"late-{step.name} ")
        self.text[step.list] = "".join(line for line in self.text.get(step.list, "").splitlines(keepends=True) if not line.startswith(words))

    def done(self, step: Step) -> bool:
        return f"done-{step.name}" in self.words(step.list)

    def late(self, step: Step) -> bool:
        return f"late-{step.name}" in self.words(step.list)


def script(steps: list[Step], seconds: int) -> str:
    """The shell script that does steps in their order."""
    lines = [f"sh /root/{kind} {seconds} {' '.join(step.name for step in group)}" for kind, group in itertools.groupby(steps, lambda step: step.script)]
    return "\n".join(["#!/bin/sh", *lines, "exit 0"]) + "\n"


def run(host: Host, make: Callable[[], Job], steps: list[Step], seconds: int) -> Files:
    """Boot a host as often as it takes to do all steps.

    make    a job with the files that the steps need; its command is set here
    seconds how long a step may take, as far as its script holds it to that
    Where the host locks up with a step that came first in its boot, `_ATTEMPTS` times, the step is given up with a line
    `lost-NAME WORDS`: the lab has no answer then, which says nothing about the guest.
    Raises LabError where the host itself does not come up.
    """
    files, left, failed = Files(), list(steps), dict.fromkeys(steps, 0)
    while left:
        job = make()
        job.command = ["sh", "/root/steps"]
        job.scripts["/root/steps"] = script(left, seconds)
        try:
            outcome = boot.run(host, job)
        except LabError as error:
            failed[left[0]] += 1
            if failed[left[0]] < _ATTEMPTS:
                continue
            if not files.text:
                raise
            files.note(left[0], "lost", str(error))
            left = left[1:]
            continue
        files.add(outcome)
        left = _left(files, left, failed, outcome)
    return files


def _left(files: Files, before: list[Step], failed: dict[Step, int], outcome: boot.Outcome) -> list[Step]:
    """What is left of the steps of a boot."""
    left = []
    for step in before:
        if files.done(step) and files.late(step) and step is not before[0]:
            # A guest before it may have left the host in disorder; in a host of its own the answer counts.
            files.forget(step)
            left.append(step)
        elif not files.done(step):
            left.append(step)
    if left[:1] == before[:1]:
        failed[left[0]] += 1
        if failed[left[0]] >= _ATTEMPTS:
            files.note(left[0], "lost", outcome.lost or f"the script of its host ended early: {' '.join(outcome.stderr.decode('utf-8', 'replace').split())[-200:]}")
            left = left[1:]
    return left
