# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs steps in a host, with as many boots as that takes.

A guest can lock up its emulated host (boot.py names a reason that the lab avoids). So the host sends its results after
each step, and the remaining steps run in another boot.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from . import boot
from .failures import LabError
from .hosts import Host
from .job import Job

# How often a step is tried as the first of a boot that locks up.
_ATTEMPTS = 2


@dataclass(frozen=True)
class Step:
    """Something to do in a host: its script in lab/guest, its name, and the list that records its end."""

    script: str
    name: str

    # The list of a script has a line `done-NAME` for each step, and `late-NAME SECONDS` if the step took too long.
    _LISTS = {"nest": "statuses", "decide": "decided"}

    @property
    def list(self) -> str:
        return self._LISTS[self.script]


class Files:
    """The results of one host's boots: texts by name, some of which are lists of lines `WORD VALUE`."""

    def __init__(self) -> None:
        self.text: dict[str, str] = {}
        self.seconds = 0.0

    def add(self, outcome: boot.Outcome) -> None:
        """Add the results of another boot. Its lists are appended to those of earlier boots."""
        for name, data in outcome.files.items():
            text = data.decode("utf-8", "replace")
            self.text[name] = self.text.get(name, "") + text if name in ("statuses", "decided", "keys") else text
        self.seconds += outcome.seconds

    def words(self, name: str) -> dict[str, str]:
        """A list's values, by word."""
        return dict(line.split(" ", 1) for line in self.text.get(name, "").splitlines() if " " in line)

    def note(self, step: Step, word: str, value: str) -> None:
        self.text[step.list] = f"{self.text.get(step.list, '')}{word}-{step.name} {value}\n"

    def forget(self, step: Step) -> None:
        """Remove the lines about a step's end from the lists."""
        words = (f"done-{step.name} ", f"late-{step.name} ")
        self.text[step.list] = "".join(line for line in self.text.get(step.list, "").splitlines(keepends=True) if not line.startswith(words))

    def done(self, step: Step) -> bool:
        return f"done-{step.name}" in self.words(step.list)

    def late(self, step: Step) -> bool:
        return f"late-{step.name}" in self.words(step.list)


def script(steps: list[Step], seconds: int) -> str:
    """The shell script that runs steps in their order."""
    lines = [f"sh /root/{kind} {seconds} {' '.join(step.name for step in group)}" for kind, group in itertools.groupby(steps, lambda step: step.script)]
    return "\n".join(["#!/bin/sh", *lines, "exit 0"]) + "\n"


def run(host: Host, make: Callable[[], Job], steps: list[Step], seconds: int) -> Files:
    """Boot a host as often as needed to run all steps.

    make    a job with the files that the steps need; its command is set here
    seconds how long a step may take, if its script observes that
    If the host locks up `_ATTEMPTS` times with a step that was the first of its boot, the step is given up with a line
    `lost-NAME WORDS`. The lab then has no result, which says nothing about the guest.
    Raises LabError if the host itself does not boot.
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
    """The remaining steps of a boot."""
    left = []
    for step in before:
        if files.done(step) and files.late(step) and step is not before[0]:
            # An earlier guest may have disturbed the host. If the step was the first of its boot, its result counts.
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
