# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages of any architecture and suite, through an apt state of our own.

The machine's apt is not touched: own sources, lists, archives and an empty (or borrowed,
read only) dpkg status. apt itself checks the archive's signatures and every package's hash.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import cachedir, mirror
from .children import die_with_parent
from .failures import LabError, require_program

# apt's lists are read again when they are older than this; packages already unpacked stay.
LISTS_MAX_AGE = 24 * 3600


def _native_architecture() -> str:
    return subprocess.run(
        [require_program("dpkg", "dpkg"), "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass(frozen=True)
class Suite:
    """One view of the archive: suites, of which the last one is preferred, and an architecture.

    borrow_status makes the machine's own installed packages count as present, for programs
    that run beside them; otherwise whole dependency trees are meant.
    """

    names: tuple[str, ...]
    architecture: str = "ppc64el"
    borrow_status: bool = False

    @property
    def label(self) -> str:
        return f"{self.architecture}-{'+'.join(self.names)}" + ("-beside" if self.borrow_status else "")

    @property
    def folder(self) -> Path:
        return cachedir.root() / "apt" / self.label

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C.UTF-8"}

    def _write_configuration(self) -> None:
        folder = self.folder
        for name in ("lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        status = "/var/lib/dpkg/status" if self.borrow_status else folder / "status"
        (folder / "sources.list").write_text(
            "".join(f"deb [signed-by={mirror.KEYRING}] {mirror.archive()} {name} main\n" for name in self.names)
        )
        lines = [
            'Dir::Etc::parts "/dev/null";',
            'Dir::Etc::main "/dev/null";',
            f'Dir::Etc::sourcelist "{folder}/sources.list";',
            'Dir::Etc::sourceparts "/dev/null";',
            'Dir::Etc::preferences "/dev/null";',
            'Dir::Etc::preferencesparts "/dev/null";',
            f'Dir::State "{folder}";',
            f'Dir::State::lists "{folder}/lists";',
            f'Dir::State::status "{status}";',
            f'Dir::State::extended_states "{folder}/extended_states";',
            f'Dir::Cache "{folder}";',
            f'Dir::Cache::archives "{folder}/archives";',
            f'Dir::Log "{folder}";',
            f'APT::Architecture "{self.architecture}";',
            f'APT::Architectures {{ "{self.architecture}"; }};',
            f'APT::Default-Release "{self.names[-1]}";',
            'APT::Install-Recommends "false";',
            'Dir::Cache::srcpkgcache "";',
            'Acquire::GzipIndexes "true";',
            'Debug::NoLocking "true";',
            'Acquire::Languages "none";',
            'Acquire::Retries "2";',
            'Acquire::http::Timeout "30";',
            'Acquire::https::Timeout "30";',
            *mirror.network_settings(),
        ]
        if os.geteuid() == 0:
            # The cache of root is closed to apt's own user; without this apt warns and does the same.
            lines.append('APT::Sandbox::User "root";')
        (folder / "apt.conf").write_text("\n".join(lines) + "\n")

    def _refresh(self) -> None:
        """Read the lists of the suites again when they are missing or old; call with the lock held."""
        stamp = self.folder / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE:
            return
        self._write_configuration()
        done = run_apt(["apt-get", "update", "--error-on=any"], self._environment())
        if done.returncode != 0:
            if stamp.exists():
                return  # Older signed lists are good enough; a package that is gone shows itself later.
            # What apt would go on with may be what fills the disk.
            cachedir.remove_tree(self.folder / "lists")
            raise LabError(
                f"Cannot read the package lists of {', '.join(self.names)} for {self.architecture} from "
                f"{mirror.archive()} ({last_line(done.stderr)}); {_remedy(done.stderr)}."
            )
        stamp.touch()

    @cached_property
    def known(self) -> dict[str, str]:
        """Every package name of the suites with its newest version."""
        with cachedir.lock(f"apt-{self.label}"):
            self._refresh()
            done = run_apt(["apt-cache", "dumpavail"], self._environment())
        versions: dict[str, str] = {}
        for block in done.stdout.split("\n\n"):
            name = re.search(r"^Package: (\S+)", block, re.M)
            version = re.search(r"^Version: (\S+)", block, re.M)
            if name and version and (name[1] not in versions or newer(version[1], versions[name[1]])):
                versions[name[1]] = version[1]
        return versions

    def unpack(self, wanted: list[str], into: Path, dependencies: bool) -> list[str]:
        """Download packages (with all they depend on, if asked) and unpack them into a folder.

        Returns `name version` of each. Nothing is unpacked before everything was downloaded and verified.
        """
        missing = [name for name in wanted if name not in self.known]
        if missing:
            raise LabError(
                f"The package {missing[0]} is not in {', '.join(self.names)} for {self.architecture} any more; "
                "look for its new name and change it in lab/hosts.toml or lab/powerlab."
            )
        with cachedir.lock(f"apt-{self.label}"):
            # With the lock held, what is there was left by a run that was killed.
            for stale in self.folder.glob("debs.*"):
                cachedir.remove_tree(stale)
            return self._download(wanted, into, dependencies)

    def _download(self, wanted: list[str], into: Path, dependencies: bool) -> list[str]:
        """The work of unpack(); call with the lock held."""
        with tempfile.TemporaryDirectory(prefix="debs.", dir=self.folder) as temporary:
            debs = Path(temporary)
            (debs / "partial").mkdir()
            if dependencies:
                command = ["apt-get", "install", "--download-only", "-y", "-o", f"Dir::Cache::archives={debs}", *wanted]
            else:
                command = ["apt-get", "download", *wanted]
            done = run_apt(command, self._environment(), debs)
            if done.returncode != 0:
                # The lists may be too old for the packages that they name: the next run reads them again.
                (self.folder / "updated").unlink(missing_ok=True)
                raise LabError(
                    f"Cannot download {', '.join(wanted)} from {mirror.archive()} ({last_line(done.stderr)}); "
                    f"{_remedy(done.stderr)}, then run the same command again."
                )
            return [unpack_one(deb, into) for deb in sorted(debs.glob("*.deb"))]


def run_apt(command: list[str], environment: dict[str, str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of apt's commands without a terminal; its output is kept for the message of a failure."""
    program = require_program(command[0], "apt")
    # A group of its own would survive the lab: apt's methods end with apt, and apt ends with the lab's signal.
    process = subprocess.Popen(
        [program, *command[1:]],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A signal may come before Popen() has returned: then nobody here knows the process.
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
    name, version, _ = deb.name.removesuffix(".deb").split("_", 2)
    deb.unlink()
    return f"{name} {version.replace('%3a', ':').replace('%3A', ':')}"


def newer(left: str, right: str) -> bool:
    """Whether one Debian version is newer than another, by dpkg's own rule."""
    return subprocess.run(["dpkg", "--compare-versions", left, "gt", right], check=False).returncode == 0


def _remedy(errors: str) -> str:
    """What to do about apt's errors: a full disk looks like a failed download to it."""
    if os.strerror(errno.ENOSPC) in errors or "don't have enough free space" in errors:
        return f"the disk under {cachedir.root()} is full, free some space there or name another folder in {cachedir.ENVIRONMENT}"
    return f"check the network, or name another archive in {mirror.ENVIRONMENT}"


def last_line(text: str) -> str:
    """The line of a program's error output that says most: its first error, or else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "dpkg-deb: error", "Err:"))]
    return (errors or lines or ["no message"])[0 if errors else -1]


def native(*suites: str) -> Suite:
    """A view for programs that run on this machine, beside what it has."""
    return Suite(suites, _native_architecture(), borrow_status=True)
