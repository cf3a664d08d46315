# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages of any architecture and suite, through an apt state of our own.

The machine's apt is not touched: own sources, lists, archives and an empty (or borrowed,
read only) dpkg status. apt itself checks the archive's signatures and every package's hash.

A mirror between two states lists packages that it does not have (yet, or any more). Then the next
candidate is taken: the lists are read again, another version of the package, another suite.
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

from . import cachedir, mirror
from .apt import compare_versions, last_line, name_and_version, remedy, run_apt, unpack_one
from .failures import LabError, require_program

# apt's lists are read again when they are older than this; packages already unpacked stay.
LISTS_MAX_AGE = 24 * 3600
# Older lists than this are read again before the archive is believed to lack what they name.
LISTS_RECENT = 600
# The words of apt's methods for a file that the archive does not have; other failures are the network's or the disk's.
_NOT_THERE = re.compile(r"^E: Failed to fetch (\S+)\s+(?:404 |410 |Failed to stat|File not found)", re.M)


class Unavailable(LabError):
    """A suite cannot give the packages that were asked for; another candidate may do."""


def _native_architecture() -> str:
    return subprocess.run(
        [require_program("dpkg", "dpkg"), "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass(frozen=True)
class Suite:
    """One view of the archive: suites, of which the last one is preferred, and an architecture.

    borrow_status makes the machine's own installed packages count as present, for programs
    that run beside them; otherwise whole dependency trees are meant.
    spare are suites (by codename), tried one after the other where the archive lacks something of the others; what was
    asked for, with all that is built from its source, still comes from the preferred suite, if that has it.
    """

    names: tuple[str, ...]
    architecture: str = "ppc64el"
    borrow_status: bool = False
    spare: tuple[str, ...] = ()
    filled_from: str | None = None
    # A view of source packages has no others.
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
            # The cache of root is closed to apt's own user; without this apt warns and does the same.
            lines.append('APT::Sandbox::User "root";')
        (folder / "apt.conf").write_text("\n".join(lines) + "\n")

    def _lists_are_older_than(self, seconds: float) -> bool:
        stamp = self.folder / "updated"
        return not stamp.exists() or time.time() - stamp.stat().st_mtime >= seconds

    def _refresh(self) -> None:
        """Read the lists of the suites again; call with the lock held."""
        stamp = self.folder / "updated"
        done = run_apt(["apt-get", "update", "--error-on=any"], self._environment())
        if done.returncode != 0:
            if stamp.exists():
                return  # Older signed lists are good enough; a package that is gone shows itself later.
            # What apt would go on with may be what fills the disk.
            cachedir.remove_tree(self.folder / "lists")
            raise Unavailable(
                f"Cannot read the package lists of {', '.join(self._all_names)} for {self.architecture} from "
                f"{mirror.archive()} ({last_line(done.stderr)}); {remedy(done.stderr)}."
            )
        stamp.touch()

    def _prepare(self) -> None:
        """Have lists that are young enough, and nothing that apt is to avoid; call with the lock held."""
        self._write_configuration()
        if self._lists_are_older_than(LISTS_MAX_AGE):
            self._refresh()
        self._avoid(())

    def _read_known(self) -> frozenset[str]:
        """The work of `known`; call with the lock held."""
        self._prepare()
        done = run_apt(["apt-cache", "dumpavail"], self._environment())
        return frozenset(re.findall(r"^Package: (\S+)", done.stdout, re.M))

    @cached_property
    def known(self) -> frozenset[str]:
        """Every package name of the suites."""
        with cachedir.lock(f"apt-{self.label}"):
            return self._read_known()

    def versions(self, name: str) -> list[str]:
        """The versions of a package that the suites list, newest first."""
        with cachedir.lock(f"apt-{self.label}"):
            self._prepare()
            done = run_apt(["apt-cache", "madison", name], self._environment())
        listed = {fields[1].strip() for line in done.stdout.splitlines() if len(fields := line.split("|")) == 3 and fields[0].strip() == name}
        return sorted(listed, key=cmp_to_key(compare_versions), reverse=True)

    def unpack(self, wanted: list[str], into: Path, dependencies: bool) -> list[str]:
        """Download packages (with all they depend on, if asked) and unpack them into a folder.

        wanted has names, or `name=version` for that version alone. Returns `name version` of each.
        Nothing is unpacked before everything was downloaded and verified. Raises Unavailable where
        neither the suites nor the spare ones have them.
        """
        gone: set[tuple[str, str]] = set()
        first: Unavailable | None = None
        for view in (self, *(replace(self, spare=(), filled_from=name) for name in self.spare)):
            try:
                return view._unpack(wanted, into, dependencies, gone)
            except Unavailable as error:
                first = first or error
        assert first is not None
        raise first

    def _unpack(self, wanted: list[str], into: Path, dependencies: bool, gone: set[tuple[str, str]]) -> list[str]:
        """unpack() from these suites; adds what the archive turns out to lack to `gone`."""
        with cachedir.lock(f"apt-{self.label}"):
            # With the lock held, what is there was left by a run that was killed.
            for stale in self.folder.glob("debs.*"):
                cachedir.remove_tree(stale)
            self._prepare()
            if "known" not in self.__dict__:
                self.__dict__["known"] = self._read_known()
            with tempfile.TemporaryDirectory(prefix="debs.", dir=self.folder) as temporary:
                debs = Path(temporary)
                (debs / "partial").mkdir()
                names = self._download(wanted, debs, dependencies, gone)
                return [unpack_one(debs / name, into) for name in sorted(names)]

    def _download(self, wanted: list[str], debs: Path, dependencies: bool, gone: set[tuple[str, str]]) -> Collection[str]:
        """Download what is wanted, going to other versions as often as the archive lacks one; returns the files' names."""
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
            # apt puts a word of its own after the name of a file that is not what the list says.
            files = sorted(path for path in into.iterdir() if path.is_file() and path.suffix != ".FAILED")
            if any(".orig.tar." in path.name for path in files) and any(".debian.tar." in path.name for path in files):
                return files
            cachedir.remove_tree(into)
            first = first or Unavailable(f"Cannot download the source of {name} {version} from {mirror.archive()} ({last_line(done.stderr)}); {remedy(done.stderr)}.")
        raise first or Unavailable(f"The source package {name} is not in {', '.join(self._all_names)} of {mirror.archive()}; name another archive in {mirror.ENVIRONMENT}.")

    def _avoid(self, gone: Collection[tuple[str, str]], wanted: Collection[str] = ()) -> None:
        """Keep apt from choosing these versions; a version that is asked for by its number is not kept from it.

        Where another suite fills the gaps, what is wanted is kept to its own suite: the first line that fits decides.
        """
        text = "".join(f"Package: {name}\nPin: version {version}\nPin-Priority: -1\n\n" for name, version in sorted(gone))
        if self.filled_from:
            kept = self._sources(name.partition("=")[0] for name in wanted) - self._sources(name for name, _ in gone)
            text += "".join(f"Package: src:{source}\nPin: release n={self.names[-1]}\nPin-Priority: 990\n\n" for source in sorted(kept))
        (self.folder / "preferences").write_text(text)

    def _sources(self, packages: Iterable[str]) -> set[str]:
        """The source packages that these packages are built from."""
        names = sorted(set(packages))
        done = run_apt(["apt-cache", "show", *names], self._environment()) if names else None
        blocks = done.stdout.split("\n\n") if done else []
        return {match[1] for block in blocks if (match := re.search(r"^Source: (\S+)", block, re.M) or re.search(r"^Package: (\S+)", block, re.M))}

    def _command(self, wanted: list[str], dependencies: bool, *options: str) -> list[str]:
        """One command for planning and for fetching, so that both choose the same versions."""
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
        """Download a plan's packages; returns (name, version) of those that the archive does not have."""
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
    """Packages of a suite that would do, each as `name=version`, and the version that names them all."""

    packages: tuple[str, ...]
    version: str


def unpack_first(suites: Iterable[Suite], find: Callable[[Suite], list[Candidate]], into: Path, dependencies: bool, none: str) -> Candidate:
    """Unpack the first candidate that the archive really has, and return it.

    suites come in the order of the search, and `find` gives the candidates of one, the one to prefer first.
    Raises Unavailable with what was wrong with the first candidate, or with `none` where no list has any.
    """
    first: Unavailable | None = None
    for suite in suites:
        try:
            # A mirror may be between two states of one suite: then its lists cannot be read.
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
    """A view for programs that run on this machine, beside what it has."""
    return Suite(suites, _native_architecture(), borrow_status=True, spare=spare)
