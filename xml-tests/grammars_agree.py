#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each grammar accepts and rejects the same documents in the library, in xmllint and in Jing.

The library validates with the grammars compiled into it; xmllint and Jing with the files as they
are installed. Documents that the library refuses to parse are not compared: it refuses more
than a parser must (a DOCTYPE, other encodings, too much of something).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parent / "schema"
SKIPPED = 77
Verdicts = dict[Path, bool]


@dataclass
class Case:
    """One grammar, as the judge and as the others are given it, and what it has to accept at least."""

    title: str
    judge_arguments: list[str]
    grammar: Path
    documents: list[Path]
    accepted: list[Path]


def library(judge: str, case: Case) -> Verdicts:
    done = subprocess.run(
        [judge, *case.judge_arguments, *case.documents], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or done.stderr:
        raise SystemExit(f"judge failed on {case.title}: {done.stderr}")
    verdicts: Verdicts = {}
    for line in done.stdout.splitlines():
        word, path = line.split(" ", 1)
        if word in ("valid", "invalid"):
            verdicts[Path(path)] = word == "valid"
    return verdicts


def xmllint(case: Case, documents: list[Path]) -> Verdicts:
    done = subprocess.run(
        ["xmllint", "--noout", "--huge", "--nonet", "--relaxng", case.grammar, *documents],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = set(done.stderr.splitlines())
    verdicts: Verdicts = {}
    for document in documents:
        valid, invalid = (f"{document} {word}" in lines for word in ("validates", "fails to validate"))
        if valid == invalid:
            raise SystemExit(f"xmllint gives no verdict on {document} by {case.title}:\n{done.stderr}")
        verdicts[document] = valid
    return verdicts


def jing(case: Case, documents: list[Path]) -> Verdicts:
    done = subprocess.run(
        ["jing", case.grammar, *documents], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"jing failed on {case.title}: {done.stdout}{done.stderr}")
    wrong = set()
    for line in done.stdout.splitlines():
        found = re.match(r"(/.*?\.(?:xml|rng|stdout)):\d+:\d+: (?:error|fatal):", line)
        if not found or Path(found[1]) not in documents:
            raise SystemExit(f"jing says on {case.title}: {line}")
        wrong.add(Path(found[1]))
    return {document: document not in wrong for document in documents}


def differences(case: Case, judge: str) -> list[str]:
    ours = library(judge, case)
    documents = sorted(ours)
    found = [f"{case.title}: {path.name} has to be accepted" for path in case.accepted if not ours.get(path)]
    for name, theirs in (("xmllint", xmllint(case, documents)), ("jing", jing(case, documents))):
        for path in documents:
            if ours[path] != theirs[path]:
                found.append(
                    f"{case.title}: {path.name} is {word(ours[path])} to the library, {word(theirs[path])} to {name}"
                )
    accepted = sum(ours.values())
    print(f"{case.title}: {len(documents)} documents, {accepted} accepted")
    if not 0 < accepted < len(documents):
        found.append(f"{case.title}: accepts {accepted} of {len(documents)} documents, which compares nothing")
    return found


def word(valid: bool) -> str:
    return "valid" if valid else "invalid"


def extracted(documents: list[Path], folder: Path) -> list[Path]:
    """The first <compat> of each document that has a whole one, as a document of its own."""
    made = []
    for document in documents:
        text = document.read_bytes().decode("utf-8", "replace")
        compat = re.search(r"<compat[\s>].*?</compat>|<compat[^>]*/>", text, re.S)
        if compat:
            made.append(folder / document.name)
            made[-1].write_text(compat[0], encoding="utf-8")
    return made


def installed(folder: Path, schema_dir: Path) -> Path:
    """The strict grammar as it is installed over that folder of libvirt's."""
    folder.mkdir()
    shutil.copy(SCHEMA / "hostcpu-compat.rng", folder)
    text = (SCHEMA / "libvirt-capability-compat.rng.in").read_text(encoding="utf-8")
    grammar = folder / "libvirt-capability-compat.rng"
    grammar.write_text(text.replace("@libvirt_schemadir@", str(schema_dir)), encoding="utf-8")
    return grammar


def strict_cases(schema_dirs: list[str], documents: list[Path], folder: Path) -> list[Case]:
    cases = []
    for entry in schema_dirs:
        version, schema_dir = entry.split("=", 1)
        cases.append(
            Case(
                f"libvirt-capability-compat.rng over libvirt {version}",
                ["--strict", schema_dir],
                installed(folder / version, Path(schema_dir)),
                documents,
                [HERE / "valid" / f"{name}.xml" for name in ("source-kvm", "modes-none", "no-compat", "x86-host")]
                + written(),
            )
        )
    return cases


def written() -> list[Path]:
    """The documents that "capabilities" printed, as the command-line cases keep them."""
    return sorted(
        path for path in (HERE / "cli" / "golden").glob("capabilities-*.stdout") if b"<capabilities" in path.read_bytes()
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("judge", help="the test program that asks the library")
    parser.add_argument("--libvirt", action="append", default=[], metavar="VERSION=FOLDER")
    parser.add_argument("--only-libvirt", action="store_true")
    options = parser.parse_args()
    missing = [program for program in ("xmllint", "jing") if not shutil.which(program)]
    if missing:
        print(f"skipped: {' and '.join(missing)} not installed")
        return SKIPPED
    valid = sorted((HERE / "valid").glob("*.xml"))
    documents = valid + written() + sorted((HERE / "invalid").glob("*.xml"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        elements = folder / "elements"
        elements.mkdir()
        cases = [
            Case(
                "hostcpu-compat.rng",
                ["--grammar", str(SCHEMA / "hostcpu-compat.rng")],
                SCHEMA / "hostcpu-compat.rng",
                extracted(documents, elements),
                [elements / "source-kvm.xml"],
            ),
            Case("capabilities-compat.rng", ["--built-in", "-"], SCHEMA / "capabilities-compat.rng", documents,
                 valid + written()),
        ]
        if options.only_libvirt:
            cases = []
        cases += strict_cases(options.libvirt, documents, folder)
        found = [line for case in cases for line in differences(case, options.judge)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
