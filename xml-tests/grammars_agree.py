#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each grammar accepts and rejects the same documents in the library, in xmllint and in Jing.

The library validates with the grammars that are compiled into it; xmllint and Jing with the installed files. Documents
that the library refuses to parse are not compared: it refuses more than a parser must (a DOCTYPE, other encodings,
documents that are too large).
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
    """One grammar, as passed to the library and to the others, and how many documents it must accept at least."""

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


def extracted(documents: list[Path], element: str, folder: Path) -> list[Path]:
    """The first such element of each document that is complete, as a document of its own."""
    folder.mkdir()
    made = []
    for document in documents:
        text = document.read_bytes().decode("utf-8", "replace")
        found = re.search(rf"<{element}(?=[\s>/])(?:[^>]*/>|.*?</{element.split()[0]}>)", text, re.S)
        if found:
            made.append(folder / document.name)
            made[-1].write_text(found[0], encoding="utf-8")
    return made


@dataclass
class Kind:
    """Documents of one kind, and which of them "capabilities" or "domcapabilities" printed."""

    documents: list[Path]
    written: list[Path]


def kinds() -> tuple[Kind, Kind]:
    golden = HERE / "cli" / "golden"
    kept = [path for folder in ("valid", "invalid") for path in sorted((HERE / folder).glob("*.xml"))]
    hosts = [path for path in sorted(golden.glob("capabilities-*.stdout")) if b"<capabilities" in path.read_bytes()]
    domains = sorted(golden.glob("domcapabilities-power*.stdout"))
    of_domains = [path for path in kept if path.name.startswith("domaincaps-")]
    return Kind([path for path in kept if path not in of_domains] + hosts, hosts), Kind(of_domains + domains, domains)


def installed(folder: Path, schema_dir: Path) -> Path:
    """The strict grammars as they would be installed with that folder of libvirt's grammars."""
    folder.mkdir()
    for name in ("hostcpu-compat.rng", "domaincpu-compat.rng"):
        shutil.copy(SCHEMA / name, folder)
    for source in SCHEMA.glob("libvirt-*.rng.in"):
        text = source.read_text(encoding="utf-8").replace("@libvirt_schemadir@", str(schema_dir))
        (folder / source.stem).write_text(text, encoding="utf-8")
    return folder


def strict_cases(schema_dirs: list[str], hosts: Kind, domains: Kind, folder: Path) -> list[Case]:
    cases = []
    for entry in schema_dirs:
        version, schema_dir = entry.split("=", 1)
        grammars = installed(folder / version, Path(schema_dir))
        for name, kind, accepted in (
            ("libvirt-capability-compat.rng", hosts, "source-kvm modes-none no-compat x86-host"),
            ("libvirt-domaincaps-compat.rng", domains, "domaincaps-modes domaincaps-no-mode domaincaps-without-modes domaincaps-x86"),
        ):
            cases.append(
                Case(
                    f"{name} over libvirt {version}",
                    ["--strict", schema_dir],
                    grammars / name,
                    kind.documents,
                    [HERE / "valid" / f"{each}.xml" for each in accepted.split()] + kind.written,
                )
            )
    return cases


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
    hosts, domains = kinds()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cases = []
        for name, element, kind, accepted in (
            ("hostcpu-compat.rng", "compat", hosts, "source-kvm.xml"),
            ("domaincpu-compat.rng", "enum name='compat'", domains, "domaincaps-modes.xml"),
        ):
            elements = folder / name
            grammar = SCHEMA / name
            cases.append(
                Case(name, ["--grammar", str(grammar)], grammar, extracted(kind.documents, element, elements), [elements / accepted])
            )
        for name, kind in (("capabilities-compat.rng", hosts), ("domaincaps-compat.rng", domains)):
            valid = [path for path in kind.documents if path.parent.name == "valid"]
            cases.append(Case(name, ["--built-in", "-"], SCHEMA / name, kind.documents, valid + kind.written))
        if options.only_libvirt:
            cases = []
        cases += strict_cases(options.libvirt, hosts, domains, folder)
        found = [line for case in cases for line in differences(case, options.judge)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
