# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gets Debian packages of any architecture and suite, with an apt state of the lab's own.

The machine's apt is not changed: the lab has its own sources, lists, archives and an empty (or borrowed, read-only)
dpkg status. apt itself checks the archive's signatures and every package's hash.

A mirror that is being updated lists packages that it does not have yet, or no longer has. Then the next candidate is
tried: the lists are read again, another version of the package, another suite.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, cmp_to_key
from pathlib import Path
from urllib.parse import unquote

from . import cachedir, database as registered, mirror
from .apt import compare_versions, last_line, name_and_version, remedy, run_apt, unpack_one
from .failures import LabError, require_program

# apt's lists are read again if they are older than this. Packages that are already unpacked are kept.
LISTS_MAX_AGE = 24 * 3600
# Before a package counts as missing from the archive, lists that are older than this are read again.
LISTS_RECENT = 600
# The messages of apt's methods for a file that the archive does not have. Other failures are about the network or disk.
_NOT_THERE = re.compile(r"^E: Failed to fetch (\S+)\s+(?:404 |410 |Failed to stat|File not found)", re.M)


class Unavailable(LabError):
    """A suite cannot provide the requested packages. Another candidate may be able to."""


def _native_architecture() -> str:
    return subprocess.run(
        [require_program("dpkg", "dpkg"), "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass(frozen=True)
class Suite:
    """A set of suites, of which the last one is preferred, and an architecture.

    borrow_status treats the packages that are installed on the machine as present, for programs that run on it;
    otherwise all dependencies are unpacked.
    spare lists suites (by codename) that are tried in turn if a package is missing from the other suites. The requested
    packages, and everything that is built from the same sources, still come from the preferred suite if it has them.
    """

    names: tuple[str, ...]
    architecture: str = "ppc64el"
    borrow_status: bool = False
    spare: tuple[str, ...] = ()
    filled_from: str | None = None
    # If this is set, the suites contain only source packages.
    sources: bool = False

    @property
    def _all_names(self) -> tuple[str, ...]:
        return (*self.names, self.filled_from) if self.filled_from else self.names

    @property
    def label(self) -> str:
        return f"{self.architecture}-{'+'.join(self._all_names)}" + ("-beside" if self.borrow_status else "") + ("-sources" if self.sources else "")

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
            "".join(f"{'deb-src' if self.sources else 'deb'} [{mirror.trust()}] {mirror.archive()} {name} main\n" for name in self._all_names)
        )
        lines = [
            'Dir::Etc::parts "/dev/null";',
            'Dir::Etc::main "/dev/null";',
            f'Dir::Etc::sourcelist "{folder}/sources.list";',
            'Dir::Etc::sourceparts "/dev/null";',
            f'Dir::Etc::preferences "{folder}/preferences";',
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
            *([] if self.filled_from else [f'APT::Default-Release "{self.names[-1]}";']),
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
            # apt's own user cannot read root's cache. Without this line apt prints a warning and does the same.
            lines.append('APT::Sandbox::User "root";')
        (folder / "apt.conf").write_text("\n".join(lines) + "\n")

    def _lists_are_older_than(self, seconds: float) -> bool:
        stamp = self.folder / "updated"
        return not stamp.exists() or time.time() - stamp.stat().st_mtime >= seconds

    def _refresh(self) -> None:
        """Read the lists of the suites again. The lock must be held."""
        stamp = self.folder / "updated"
        done = run_apt(["apt-get", "update", "--error-on=any"], self._environment())
        if done.returncode != 0:
            if stamp.exists():
                return  # Use the older signed lists. A missing package is noticed later.
            # The partial lists that apt would continue with may be what fills the disk.
            cachedir.remove_tree(self.folder / "lists")
            raise Unavailable(
                f"Cannot read the package lists of {', '.join(self._all_names)} for {self.architecture} from "
                f"{mirror.archive()} ({last_line(done.stderr)}); {remedy(done.stderr)}."
            )
        stamp.touch()

    def _prepare(self) -> None:
        """Make sure that the lists are recent, and that apt avoids no package. The lock must be held."""
        self._write_configuration()
        if self._lists_are_older_than(LISTS_MAX_AGE):
            self._refresh()
        self._avoid(())

    def _read_known(self) -> frozenset[str]:
        """Implements `known`. The lock must be held."""
        self._prepare()
        done = run_apt(["apt-cache", "dumpavail"], self._environment())
        return frozenset(re.findall(r"^Package: (\S+)", done.stdout, re.M))

    @cached_property
    def known(self) -> frozenset[str]:
        """Every package name of the suites."""
        with cachedir.lock(f"apt-{self.label}"):
            return self._read_known()

    def versions(self, name: str) -> list[str]:
        """The versions of a package in the suites, newest first."""
        with cachedir.lock(f"apt-{self.label}"):
            self._prepare()
            done = run_apt(["apt-cache", "madison", name], self._environment())
        listed = {fields[1].strip() for line in done.stdout.splitlines() if len(fields := line.split("|")) == 3 and fields[0].strip() == name}
        return sorted(listed, key=cmp_to_key(compare_versions), reverse=True)

    def unpack(self, wanted: list[str], into: Path, dependencies: bool, database: bool = False) -> list[str]:
        """Download packages (and all their dependencies, if requested) and unpack them into a folder.

        wanted has names, or `name=version` for a fixed version. With `database` they are entered
        into the folder's dpkg database as installed. Returns `name version` of each. Nothing is unpacked
        before everything was downloaded and verified. Raises Unavailable if neither the suites nor the spare ones have
        them.
        """
        gone: set[tuple[str, str]] = set()
        first: Unavailable | None = None
        for view in (self, *(replace(self, spare=(), filled_from=name) for name in self.spare)):
            try:
                return view._unpack(wanted, into, dependencies, gone, database)
            except Unavailable as error:
                first = first or error
        assert first is not None
        raise first

    def _unpack(self, wanted: list[str], into: Path, dependencies: bool, gone: set[tuple[str, str]], database: bool) -> list[str]:
        """Implements unpack() for these suites. Adds the packages that are missing from the archive to `gone`."""
        with cachedir.lock(f"apt-{self.label}"):
            # The lock is held, so a folder that exists was left by a run that was killed.
            for stale in self.folder.glob("debs.*"):
                cachedir.remove_tree(stale)
            self._prepare()
            if "known" not in self.__dict__:
                self.__dict__["known"] = self._read_known()
            with tempfile.TemporaryDirectory(prefix="debs.", dir=self.folder) as temporary:
                debs = Path(temporary)
                (debs / "partial").mkdir()
                names = self._download(wanted, debs, dependencies, gone)
                if database:
                    for name in sorted(names):
                        registered.add(debs / name, into)
                return [unpack_one(debs / name, into) for name in sorted(names)]

    def _download(self, wanted: list[str], debs: Path, dependencies: bool, gone: set[tuple[str, str]]) -> Collection[str]:
        """Download what is wanted, with other versions if the archive lacks some. Returns the names of the files."""
        while True:
            missing = [name for name in wanted if name.partition("=")[0] not in self.known]
            if missing:
                raise Unavailable(
                    f"The package {missing[0]} is not in {', '.join(self._all_names)} for {self.architecture} any more; "
                    "look for its new name and change it in lab/hosts.toml or lab/powerlab."
                )
            self._avoid(gone, wanted)
            plan = self._plan(wanted, dependencies, gone)
            lost = self._fetch(wanted, debs, dependencies, plan)
            if not lost:
                return plan.values()
            if lost <= gone:
                raise self._lacks(lost)
            gone |= lost
            if self._lists_are_older_than(LISTS_RECENT):
                self._refresh()
                self.__dict__["known"] = self._read_known()

    def download_source(self, name: str, into: Path) -> list[Path]:
        """Download the files of a source package into a new folder; returns them, each checked by apt by its hash.

        Tries each version that the suites list, newest first. The file that describes the package may be missing: what
        apt has read it from names the others too. Raises Unavailable where the archive has no version's upstream source.
        """
        first: Unavailable | None = None
        for version in self.versions(name):
            into.mkdir()
            with cachedir.lock(f"apt-{self.label}"):
                self._prepare()
                done = run_apt(["apt-get", "source", "--download-only", "--only-source", f"{name}={version}"], self._environment(), into)
            # apt appends ".FAILED" to the name of a file whose hash is wrong.
            files = sorted(path for path in into.iterdir() if path.is_file() and path.suffix != ".FAILED")
            if any(".orig.tar." in path.name for path in files) and any(".debian.tar." in path.name for path in files):
                return files
            cachedir.remove_tree(into)
            first = first or Unavailable(f"Cannot download the source of {name} {version} from {mirror.archive()} ({last_line(done.stderr)}); {remedy(done.stderr)}.")
        raise first or Unavailable(f"The source package {name} is not in {', '.join(self._all_names)} of {mirror.archive()}; name another archive in {mirror.ENVIRONMENT}.")

    def _avoid(self, gone: Collection[tuple[str, str]], wanted: Collection[str] = ()) -> None:
        """Keep apt from choosing these versions. This does not affect a version that is requested by its number.

        If another suite fills the gaps, the wanted packages are pinned to their own suite. The first matching entry
        decides.
        """
        text = "".join(f"Package: {name}\nPin: version {version}\nPin-Priority: -1\n\n" for name, version in sorted(gone))
        if self.filled_from:
            kept = self._sources(name.partition("=")[0] for name in wanted) - self._sources(name for name, _ in gone)
            text += "".join(f"Package: src:{source}\nPin: release n={self.names[-1]}\nPin-Priority: 990\n\n" for source in sorted(kept))
        (self.folder / "preferences").write_text(text)

    def _sources(self, packages: Iterable[str]) -> set[str]:
        """The source packages from which these packages are built."""
        names = sorted(set(packages))
        done = run_apt(["apt-cache", "show", *names], self._environment()) if names else None
        blocks = done.stdout.split("\n\n") if done else []
        return {match[1] for block in blocks if (match := re.search(r"^Source: (\S+)", block, re.M) or re.search(r"^Package: (\S+)", block, re.M))}

    def _command(self, wanted: list[str], dependencies: bool, *options: str) -> list[str]:
        """The command for both planning and downloading, so that both choose the same versions."""
        what = ["install", "--download-only", "-y"] if dependencies else ["download"]
        return ["apt-get", *what, *options, *wanted]

    def _plan(self, wanted: list[str], dependencies: bool, gone: set[tuple[str, str]]) -> dict[str, str]:
        """What apt would download: the URI of each package and the name of its file."""
        done = run_apt(self._command(wanted, dependencies, "--print-uris", "-qq"), self._environment())
        if done.returncode != 0:
            if gone:
                raise self._lacks(gone)
            raise Unavailable(
                f"Cannot choose {', '.join(wanted)} from {', '.join(self._all_names)} of {mirror.archive()} ({last_line(done.stderr)}); "
                f"name another archive in {mirror.ENVIRONMENT}, or run the same command again later."
            )
        return dict(re.findall(r"^'(\S+)' (\S+\.deb) ", done.stdout, re.M))

    def _fetch(self, wanted: list[str], debs: Path, dependencies: bool, plan: dict[str, str]) -> set[tuple[str, str]]:
        """Download a plan's packages. Returns (name, version) of those that the archive does not have."""
        done = run_apt(self._command(wanted, dependencies, "-o", f"Dir::Cache::archives={debs}"), self._environment(), debs)
        if done.returncode == 0:
            return set()
        files = {unquote(uri): name for uri, name in plan.items()}
        lost = {name_and_version(files[uri]) for uri in map(unquote, _NOT_THERE.findall(done.stderr)) if uri in files}
        if not lost:
            raise LabError(
                f"Cannot download {', '.join(wanted)} from {mirror.archive()} ({last_line(done.stderr)}); "
                f"{remedy(done.stderr)}, then run the same command again."
            )
        return lost

    def _lacks(self, gone: Collection[tuple[str, str]]) -> Unavailable:
        some = [f"{name} {version}" for name, version in sorted(gone)]
        rest = f" and {len(some) - 3} more" if len(some) > 3 else ""
        return Unavailable(
            f"{mirror.archive()} lists {', '.join(some[:3])}{rest} in {', '.join(self._all_names)} and does not have them, "
            f"and nothing there can take their place; name another archive in {mirror.ENVIRONMENT}, or run the same command again later."
        )


@dataclass(frozen=True)
class Candidate:
    """Suitable packages of a suite, each as `name=version`, and the version that identifies them together."""

    packages: tuple[str, ...]
    version: str


def unpack_first(suites: Iterable[Suite], find: Callable[[Suite], list[Candidate]], into: Path, dependencies: bool, none: str) -> Candidate:
    """Unpack the first candidate that the archive really has, and return it.

    suites are searched in this order. `find` returns the candidates of a suite, the preferred one first. Raises
    Unavailable with the error of the first candidate, or with `none` if no list has a candidate.
    """
    first: Unavailable | None = None
    for suite in suites:
        try:
            # While a mirror is being updated, the lists of a suite may be unreadable.
            candidates = find(suite)
        except Unavailable as error:
            first = first or error
            continue
        for candidate in candidates:
            try:
                suite.unpack(list(candidate.packages), into, dependencies)
                return candidate
            except Unavailable as error:
                first = first or error
    raise first or Unavailable(none)


def native(*suites: str, spare: tuple[str, ...] = ()) -> Suite:
    """A Suite for programs that run on this machine, in addition to the installed packages."""
    return Suite(suites, _native_architecture(), borrow_status=True, spare=spare)
