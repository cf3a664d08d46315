#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the sandbox: what a process can do in it, and that each command enters it before it parses anything.

Usage: sandbox.py PROGRAM TRY_EVERYTHING BUILT [STAND_IN]
       (BUILT: "true" if the sandbox is built; STAND_IN: the folder of a fake libvirt.so.0 whose answers the test sets)
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SKIPPED = 77
# What the sealed sandbox permits. The other sandboxes permit this and more.
SEALED = {"map-data", "thread", "read-open"}
LEFT = {
    "sealed": SEALED,
    "reading": SEALED | {"open-named", "open-other", "open-folder"},
    "named": SEALED | {"open-named"},
}
# Without a sandbox everything works, except for this. Otherwise the test would prove nothing.
CONTROL_EXCEPTIONS = {"io-uring", "io-uring-enter"}
SIGABRT = -6

BROKEN = "<capabilities><host></capabilities>\n"
REFUSED = ("<domain type='kvm'><os><type arch='ppc64le' machine='pseries'>hvm</type></os>"
           "<cpu mode='host-model'><model>power10</model></cpu></domain>")
# libvirt's grammars in miniature, as the folder of --schema-dir.
GRAMMAR = "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>%s</grammar>"
CPU_TYPES = ("<define name='cpuMaxPhysAddr'><element name='m'><empty/></element></define><define name='hostcpu'><element name='cpu'>"
             "<interleave><optional><ref name='cpuMaxPhysAddr'/></optional></interleave></element></define>")
CAPABILITY = ("<include href='cputypes.rng'/><start><ref name='capabilities'/></start><define name='capabilities'>"
              "<element name='capabilities'><element name='host'><ref name='hostcpu'/></element></element></define>")
DOMAIN_CAPABILITIES = ("<start><ref name='domainCapabilities'/></start><define name='domainCapabilities'><element name='domainCapabilities'>"
                       "<ref name='cpuHostModel'/></element></define><define name='cpuHostModel'><element name='mode'><ref name='supported'/></element></define>"
                       "<define name='supported'><attribute name='supported'/></define><define name='cpuModel'><element name='model'><text/></element></define>"
                       "<define name='cpuVendor'><element name='vendor'><text/></element></define>")
FAKE_QEMU = """#!/bin/sh
cat >/dev/null
echo '{"return": "", "id": 0}'
for mode in power6 power7 power7+ power8 power9 power10 power11; do echo "{\\"return\\": {}, \\"id\\": \\"$mode\\"}"; done
"""


@dataclass
class Form:
    """One way to pass untrusted data to a command, and the expected result."""

    command: str
    stdin: str = ""
    sealed: bool = False
    """Nothing is opened any more once the filter is there."""
    status: int | tuple[int, ...] = 3
    blocked: int = 5
    """The status where entering the sandbox fails."""
    daemon: bool = False
    """It connects to a daemon, which says what is broken."""


# @DOC@ is a malformed document, @JSON@ an invalid record, @GOOD@ a valid one; @LIST@ contains the name of @DOC@, and
# @URIS@ that of a daemon. Every command and every option with an input must be here: forms_listed() compares them with
# --help.
FORMS = [
    Form("show --probe @JSON@", sealed=True),
    Form("doctor --probe @JSON@", sealed=True),
    Form("capabilities @DOC@ --probe @GOOD@", sealed=True),
    Form("capabilities @DOC@", sealed=True),
    Form("capabilities -", BROKEN, sealed=True),
    Form("domcapabilities @DOC@", sealed=True),
    Form("domcapabilities - --probe @GOOD@", "<domainCapabilities><cpu>\n", sealed=True),
    Form("domcapabilities -", "<domainCapabilities><cpu>\n", sealed=True),
    Form("domcapabilities --connect test:///default", sealed=True, daemon=True),
    Form("domcapabilities --connect qemu:///system --probe @GOOD@", sealed=True, daemon=True),
    Form("capabilities --connect test:///default", sealed=True, daemon=True),
    Form("capabilities --connect qemu:///system", sealed=True, daemon=True),
    Form("capabilities --connect qemu+tcp://other/system --probe @GOOD@", sealed=True, daemon=True),
    Form("validate @DOC@"),
    Form("validate -", BROKEN, sealed=True),
    Form("validate -", "<domainCapabilities><cpu>\n", sealed=True),
    Form("validate @FOLDER@"),
    Form("validate --files-from @LIST@"),
    Form("validate --strict --schema-dir @SCHEMAS@ @DOC@"),
    Form("validate --strict --schema-dir @SCHEMAS@ @FOLDER@"),
    Form("validate --strict --schema-dir @SCHEMAS@ -", BROKEN, sealed=True),
    # Well formed but invalid, so that libxml2 needs the grammar.
    Form("validate --strict --schema-dir @SCHEMAS@ --no-fast-path -", "<capabilities/>\n", sealed=True, status=1),
    # The grammar of domain capabilities is compiled when the first such document is read.
    Form("validate --strict --schema-dir @SCHEMAS@ -", "<domainCapabilities/>\n", sealed=True, status=1),
    Form("validate --strict --schema-dir @SCHEMAS@ --no-fast-path -", "<domainCapabilities/>\n", sealed=True, status=1),
    Form("validate --strict --schema-dir @BROKENSCHEMAS@ -", BROKEN, sealed=True),
    Form("check @DOC@ --probe @GOOD@"),
    Form("check @DOC@ --host @DOC@"),
    Form("check @DOC@ --host @DOC@ --from @GOOD@"),
    Form("check @DOC@ --probe @GOOD@ --qemu @QEMU@"),
    Form("check --files-from @LIST@ --probe @GOOD@"),
    Form("check @DOC@"),
    Form("check --connect test:///default", sealed=True, daemon=True),
    Form("check --connect qemu:///system guest --probe @GOOD@", daemon=True),
    Form("check --connect test:///default --translate", sealed=True, daemon=True),
    Form("check --connect qemu:///system --translate --probe @GOOD@", daemon=True),
    Form("check --connect qemu:///system --host @DOC@", daemon=True),
    Form("fit @DOC@ --probe @GOOD@"),
    Form("fit @DOC@ --host @DOC@"),
    Form("fit @DOC@ --probe @GOOD@ --qemu @QEMU@"),
    Form("fit - --probe @GOOD@", BROKEN),
    Form("compare @DOC@ @DOC@"),
    Form("baseline @DOC@"),
    Form("baseline @FOLDER@"),
    Form("baseline --jobs 2 --files-from @LIST@"),
    Form("baseline --connect qemu+tcp://other/system", status=4, daemon=True),
    Form("baseline --connect --files-from @URIS@", status=4, daemon=True),
    Form("survey --hosts @DOC@", status=4),
    Form("survey --hosts @GOOD@ --domains @DOC@"),
    Form("survey --hosts-from @LIST@ --files-from @LIST@", status=4),
    Form("survey --hosts @GOOD@ --connect test:///default", daemon=True),
    Form("survey --connect qemu:///system", sealed=True, daemon=True, status=4),
    # Another process reads the documents, and the first one writes the page.
    Form("survey --hosts @DOC@ --html @PAGE@", status=4),
    Form("publish print nfd --probe @JSON@", sealed=True),
    # Another process reads the record.
    Form("publish run --root @ROOT@ --probe @JSON@"),
    Form("publish status --root @ROOT@ --probe @JSON@"),
    # Unless the answer is a definite no, the guest may start.
    Form("hook run --probe @GOOD@ -- guest prepare begin -", REFUSED.replace("power10", "power11"), sealed=True, status=1, blocked=0),
    Form("hook run --probe @JSON@ -- guest prepare begin -", REFUSED, sealed=True, status=0, blocked=0),
    Form("hook run -- guest prepare begin -", REFUSED, sealed=True, status=(0, 1), blocked=0),
]
# Options that pass no untrusted data, and commands that only use files that root has written.
NO_INPUT = {"--help", "--version", "--json", "--quiet", "--no-sandbox", "--jobs", "--timeout", "--require", "--ignore-unknown", "--mode",
            "--format", "--modes", "--verbose", "--no-fast-path", "--at-least", "--require-pinned"}
ROOTS_FILES = {"daemon enable", "daemon disable", "daemon status", "hook install", "hook remove", "hook status", "publish enable", "publish disable"}


def attempts(helper: str, form: str) -> tuple[dict[str, str], int]:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("named", "other"):
            Path(folder, name).write_text("x", encoding="utf-8")
        done = subprocess.run([helper, form, folder], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line), done.returncode


def check_form(helper: str, form: str) -> list[str]:
    results, status = attempts(helper, form)
    has_landlock = results.pop("landlock", "no") == "ok"
    problems = []
    if status != SIGABRT:
        problems.append(f"{form}: abort() ended the process with {status}")
    if len(results) < 20:
        problems.append(f"{form}: only {len(results)} attempts were made")
    for name, result in results.items():
        worked = result == "ok"
        if form == "none":
            wanted = worked or name in CONTROL_EXCEPTIONS
        elif name in LEFT[form]:
            wanted = worked
        elif form == "named" and not has_landlock and name in ("open-other", "open-folder"):
            wanted = True
        else:
            wanted = result in ("EPERM", "EACCES", "ENOSYS")
        if not wanted:
            problems.append(f"{form}: {name} gave {result}")
    return problems


def sections_of_help(program: str, words: list[str]) -> dict[str, list[str]]:
    """The names under each heading in the help of a command."""
    text = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout
    sections: dict[str, list[str]] = {}
    for line in text.splitlines():
        if re.fullmatch(r"[A-Z][a-z]+:", line):
            names = sections.setdefault(line[:-1], [])
        elif found := re.match(r"  (\S+)", line):
            # "-J,--json" is listed by its long name.
            names.append(found[1].split(",")[-1])
    return sections


def forms_listed(program: str) -> list[str]:
    """Compares FORMS with the program's help, so that a new command or option is not forgotten there."""
    problems = []
    seen = set()
    commands = [[name] for name in sections_of_help(program, [])["Subcommands"]]
    while commands:
        words = commands.pop()
        name = " ".join(words)
        sections = sections_of_help(program, words)
        if "Subcommands" in sections:
            commands += [[*words, sub] for sub in sections["Subcommands"]]
            continue
        seen.add(name)
        if name in ROOTS_FILES:
            continue
        forms = [form.command.split()[len(words):] for form in FORMS if form.command.startswith(name + " ")]
        used = {word for form in forms for word in form if word.startswith("--") and len(word) > 2} - NO_INPUT
        options = set(sections["Options"]) - NO_INPUT
        problems += [f"{name} {option} is in no form here" for option in sorted(options - used)]
        problems += [f"{name} {option} is not in the program's help" for option in sorted(used - options)]
        if not forms or ("Positionals" in sections and not any("--" in form or not form[0].startswith("--") for form in forms)):
            problems.append(f"no form of {name} with an input is here")
    known = {" ".join(form.command.split()[:2]) if form.command.startswith(("hook", "publish")) else form.command.split()[0] for form in FORMS}
    return problems + [f"{name} is no command of the program" for name in sorted((known | ROOTS_FILES) - seen)]


def strace(arguments: list[str], options: list[str], stdin: str, folder: Path) -> tuple[int, str, list[str]]:
    trace = folder / "trace"
    done = subprocess.run(["strace", "-f", "-o", str(trace), *options, *arguments], input=stdin, capture_output=True, text=True,
                          check=False, env={**ENVIRONMENT, "VHC_STAND_IN": str(folder / "daemon")})
    return done.returncode, done.stderr, trace.read_text(encoding="utf-8", errors="replace").splitlines()


ENVIRONMENT = {"LC_ALL": "C", "PATH": os.environ["PATH"]}


def check_command(program: str, form: Form, folder: Path, good: str) -> list[str]:
    words = {"@DOC@": "documents/broken.xml", "@JSON@": "broken.json", "@FOLDER@": "documents", "@LIST@": "list", "@URIS@": "uris",
             "@SCHEMAS@": "schemas", "@BROKENSCHEMAS@": "brokenschemas", "@QEMU@": "qemu", "@ROOT@": "root", "@PAGE@": "page.html"}
    arguments = [program, *(str(folder / words[word]) if word in words else good if word == "@GOOD@" else word
                            for word in form.command.split())]
    problems = []
    # If entering the sandbox fails, nothing may have been parsed, so the document's own defect is not reported.
    status, said, _ = strace(arguments, ["-e", "inject=seccomp:error=ENOMEM:when=1"], form.stdin, folder)
    expected = form.blocked == 0 and not said or "enter the sandbox" in said and len(said.splitlines()) == 1
    if status != form.blocked or not expected:
        problems.append(f"{form.command}: parsed before it was in the sandbox: status {status}, {said!r}")
    # On a kernel without seccomp the result is the same.
    status, without, _ = strace(arguments, ["-e", "inject=seccomp:error=ENOSYS"], form.stdin, folder)
    normal_status, normal, lines = strace(arguments, ["-e", "trace=all"], form.stdin, folder)
    if (status, without) != (normal_status, normal) or normal_status not in ((form.status,) if isinstance(form.status, int) else form.status):
        problems.append(f"{form.command}: status {status} without seccomp and {normal_status} with it: {without!r}, {normal!r}")
    entered = next((number for number, line in enumerate(lines) if re.search(r"seccomp\(SECCOMP_SET_MODE_FILTER.*= 0", line)), None)
    if entered is None:
        return [*problems, f"{form.command}: no filter was installed"]
    for line in lines[entered:]:
        if re.search(r" (socket|execve|clone3?|fork|vfork|ptrace)\(", line) and "CLONE_THREAD" not in line:
            problems.append(f"{form.command}: after the filter: {line}")
        if re.search(r" open(at)?\(", line) and (form.sealed or "O_RDONLY" not in line or "schemas/" in line):
            problems.append(f"{form.command}: after the filter: {line}")
    if not form.command.startswith("hook"):
        _, _, lines = strace([*arguments, "--no-sandbox"], ["-e", "trace=seccomp,landlock_restrict_self"], form.stdin, folder)
        if any("seccomp(" in line or "landlock" in line for line in lines):
            problems.append(f"{form.command}: --no-sandbox does not switch it off")
    return problems


def make_inputs(folder: Path) -> None:
    files = {"documents/broken.xml": BROKEN, "broken.json": "{", "list": f"{folder}/documents/broken.xml\n", "uris": "qemu+tcp://other/system\n",
             "daemon/capabilities": BROKEN, "daemon/domain-capabilities": BROKEN, "daemon/domain": BROKEN, "daemon/running": BROKEN, "daemon/native": "qemu -cpu 'host", "qemu": FAKE_QEMU, "root/etc/virt-host-compat/publish.conf": "modes\n",
             "schemas/capability.rng": GRAMMAR % CAPABILITY, "schemas/cputypes.rng": GRAMMAR % CPU_TYPES,
             "schemas/domaincaps.rng": GRAMMAR % DOMAIN_CAPABILITIES,
             "brokenschemas/capability.rng": "<grammar>\n<start>"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "qemu").chmod(0o755)


def main(program: str, helper: str, built: str, stand_in: str = "") -> int:
    if built != "true":
        print("skipped: the sandbox is not in this build")
        return SKIPPED
    results, _ = attempts(helper, "sealed")
    if not results:
        print("skipped: this machine's kernel takes no seccomp filter")
        return SKIPPED
    problems = forms_listed(program)
    problems += [problem for form in ("none", *LEFT) for problem in check_form(helper, form)]
    if stand_in:
        ENVIRONMENT["LD_LIBRARY_PATH"] = stand_in
    forms = [form for form in FORMS if stand_in or not form.daemon]
    if shutil.which("strace"):
        good = str(Path(__file__).resolve().parents[1] / "records/power10.json")
        with tempfile.TemporaryDirectory() as temporary:
            make_inputs(Path(temporary))
            for form in forms:
                problems += check_command(program, form, Path(temporary), good)
    else:
        problems.append("strace is missing, so the commands were not watched")
    for problem in problems:
        print(problem)
    print(f"{len(results)} attempts in each of {len(LEFT)} sandboxes and outside, {len(forms)} forms of commands: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
