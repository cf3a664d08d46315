# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the commands of apt and dpkg, and reads their output."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import unquote

from . import cachedir, mirror
from .children import die_with_parent
from .failures import LabError, require_program


def run_apt(command: list[str], environment: dict[str, str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of apt's commands without a terminal; its output is kept for an error message."""
    program = require_program(command[0], "apt")
    # Do not create a process group, which would survive the lab. apt's methods end with apt, and the lab's signal ends
    # apt.
    process = subprocess.Popen(
        [program, *command[1:]],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A signal may arrive before Popen() has returned, when the lab does not know the process yet.
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        out, err = process.communicate()
    except BaseException:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def unpack_one(deb: Path, into: Path) -> str:
    """Unpack one package file without running its scripts; returns `name version`."""
    into.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [require_program("dpkg-deb", "dpkg"), "-x", str(deb), str(into)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise LabError(f"Cannot unpack {deb.name} into {into} ({last_line(done.stderr)}); check the free space there.")
    deb.unlink()
    return " ".join(name_and_version(deb.name))


def name_and_version(file: str) -> tuple[str, str]:
    """The parts of a package's file name as apt writes it: NAME_VERSION_ARCHITECTURE.deb, where %3a is a colon."""
    name, version, _ = file.split("_", 2)
    return name, unquote(version)


def compare_versions(left: str, right: str) -> int:
    """Compare two Debian versions by dpkg's rules: -1 if the first is older, 0 if they are equal, 1 if it is newer."""
    if left == right:
        return 0
    return 1 if subprocess.run(["dpkg", "--compare-versions", left, "gt", right], check=False).returncode == 0 else -1


def remedy(errors: str) -> str:
    """The remedy for apt's errors. apt reports a full disk as a failed download."""
    if os.strerror(errno.ENOSPC) in errors or "don't have enough free space" in errors:
        return f"the disk under {cachedir.root()} is full, free some space there or name another folder in {cachedir.ENVIRONMENT}"
    return f"check the network, or name another archive in {mirror.ENVIRONMENT}"


def last_line(text: str) -> str:
    """The most informative line of a program's error output: its first error, or else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "dpkg-deb: error", "Err:"))]
    return (errors or lines or ["no message"])[0 if errors else -1]
