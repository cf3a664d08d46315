#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the C library: the examples in docs/examples, and wrong arguments.

Usage: library_test.py LIBRARY PROGRAM FAIL_ALLOCATION_LIBRARY C_COMPILER...
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import tap

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "xml-tests/records"
HEADER = ROOT / "driver/capi/virt-host-compat.h"
EXAMPLES = ROOT / "docs/examples"
YES, NO, USAGE, INPUT, UNKNOWN, SYSTEM = range(6)
PIN = "<domain type='kvm'><os><type arch='ppc64le' machine='pseries'>hvm</type></os><cpu mode='host-model'><model>{}</model></cpu></domain>"
DOCUMENT = b"<capabilities>\n  <host>\n    <cpu>\n      <arch>ppc64le</arch>\n      <model>POWER10</model>\n    </cpu>\n  </host>\n</capabilities>\n"
DOMAIN_CAPABILITIES = (ROOT / "xml-tests/domain-capabilities/power.xml").read_bytes()


def record(name: str) -> bytes:
    return (RECORDS / f"{name}.json").read_bytes()


class Library:
    def __init__(self, path: str) -> None:
        self.path = path
        self.calls = ctypes.CDLL(path)
        self.calls.vhcVersion.restype = ctypes.c_char_p
        self.calls.vhcFree.argtypes = [ctypes.c_void_p]

    def ask(self, name: str, *arguments: object) -> tuple[int, str | None, str | None]:
        """A function's status, text and error. The last two arguments of the function are added."""
        text, error = ctypes.c_void_p(1), ctypes.c_void_p(1)
        status = getattr(self.calls, name)(*arguments, ctypes.byref(text), ctypes.byref(error))
        texts = [ctypes.string_at(one.value).decode() if one.value else None for one in (text, error)]
        self.calls.vhcFree(text)
        self.calls.vhcFree(error)
        return status, texts[0], texts[1]

    def baseline(self, *hosts: bytes | None) -> tuple[int, str | None, str | None]:
        return self.ask("vhcBaseline", (ctypes.c_char_p * len(hosts))(*hosts), ctypes.c_size_t(len(hosts)))


def same_as_the_command(library: Library, program: str) -> list[str]:
    """Compares each function with the command of the same name, for hosts and domains of every kind."""
    problems = []

    def command(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
        done = subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False, env={"LC_ALL": "C"})
        return done.returncode, done.stdout.decode()

    for name in ("power10", "power10-as-power9", "power11", "power10-no-nesting", "powernv9"):
        host = str(RECORDS / f"{name}.json")
        for function, verb, document in (("vhcCapabilities", "capabilities", DOCUMENT.replace(b"POWER10", b"")), ("vhcDomainCapabilities", "domcapabilities", DOMAIN_CAPABILITIES)):
            status, text, error = library.ask(function, record(name), document)
            wanted = command(verb, "--require", "--probe", host, "-", stdin=document)
            if status != wanted[0] or (text or document.decode()) != wanted[1] or (status == YES) != (error is None):
                problems.append(f"{function}, {name}: {status} {error!r}, and the command {wanted[0]}")
        for mode in ("power8", "power9", "power11", "POWER9", "power99"):
            domain = PIN.format(mode).encode()
            status, text, error = library.ask("vhcCheck", record(name), domain)
            wanted = command("check", "--json", "--host", host, "-", stdin=domain)
            ours, theirs = ([{**one, "input": ""} for one in json.loads(said)["virt-host-compat"]["domains"]] for said in (text or "{}", wanted[1].replace(host, "the host")))
            if status != wanted[0] or ours != theirs or error is not None:
                problems.append(f"vhcCheck, {name}, {mode}: {status} {text} {error!r}, and the command {wanted}")
    for names in (["power10"], ["power10", "power10-as-power9"], ["power11", "power10-no-nesting"]):
        status, text, error = library.baseline(*map(record, names))
        wanted = command("baseline", *(str(RECORDS / f"{name}.json") for name in names))
        found = re.search(r"<model>(\w+)</model>", wanted[1])
        if status != wanted[0] or text != (found[1] if found else None):
            problems.append(f"vhcBaseline, {names}: {status} {text} {error}, and the command {wanted}")
    return problems


def this_host(library: Library, program: str) -> list[str]:
    status, text, error = library.ask("vhcProbe")
    done = subprocess.run([program, "show", "--json"], capture_output=True, text=True, check=False)
    ours, theirs = json.loads(text or "{}")["virt-host-compat"], json.loads(done.stdout)["virt-host-compat"]
    if status != done.returncode or {**ours, "time": ""} != {**theirs, "time": ""}:
        return [f"vhcProbe says {status} {text}, and the command {done.returncode} {done.stdout}"]
    return [] if (error or None) == ours["compat"]["reason"] else [f"the error is {error!r}"]


def wrong_arguments(library: Library) -> list[str]:
    domain = PIN.format("power9").encode()
    deep = b"<a>" * 300 + b"</a>" * 300
    cases = [
        (library.ask("vhcCapabilities", None, None), USAGE, "document is NULL"),
        (library.ask("vhcDomainCapabilities", record("power10"), None), USAGE, "document is NULL"),
        (library.ask("vhcCheck", record("power10"), None), USAGE, "domain is NULL"),
        (library.ask("vhcCheck", b"{", domain), INPUT, "the record"),
        (library.ask("vhcCheck", b"<capabilities>", domain), INPUT, "the host"),
        (library.ask("vhcCheck", record("power10"), b"<domain"), INPUT, "the domain"),
        (library.ask("vhcCheck", record("power10"), b""), INPUT, "the domain"),
        (library.ask("vhcCapabilities", record("power10"), deep), INPUT, "the document"),
        (library.ask("vhcCapabilities", record("power10"), b"<!DOCTYPE a>" + DOCUMENT), INPUT, "the document"),
        (library.ask("vhcCapabilities", record("power10"), b" " * (64 << 20) + DOCUMENT), INPUT, "the document"),
        (library.ask("vhcCapabilities", record("power10"), DOCUMENT.replace(b"ppc64le", b"x86_64")), UNKNOWN, "x86_64"),
        (library.ask("vhcCapabilities", record("power10"), DOCUMENT.replace(b"POWER10", b"POWER9")), INPUT, "it describes a POWER9, and the answer is about a POWER10"),
        (library.ask("vhcDomainCapabilities", record("power10"), DOMAIN_CAPABILITIES.replace(b">kvm<", b">qemu<")), UNKNOWN, "qemu"),
        (library.ask("vhcDomainCapabilities", record("power10"), DOCUMENT), INPUT, "<capabilities>"),
        (library.baseline(), USAGE, "no host is given"),
        (library.baseline(record("power10"), None), USAGE, "host 2 is NULL"),
        (library.baseline(record("power10"), b"{}"), INPUT, "host 2"),
        (library.baseline(record("power10"), DOCUMENT), UNKNOWN, "host 2 does not say"),
        (library.ask("vhcBaseline", None, ctypes.c_size_t(3)), USAGE, "hosts is NULL"),
    ]
    problems = [f"{answer} in place of {status} with {words!r}" for answer, status, words in cases if answer[0] != status or answer[1] is not None or words not in (answer[2] or "")]
    calls = library.calls
    silent = [
        (calls.vhcProbe(None, None), USAGE),
        (calls.vhcCapabilities(record("power10"), DOCUMENT, None, None), USAGE),
        (calls.vhcCheck(record("power10"), domain, None, None), YES),
        (calls.vhcCheck(record("power10"), PIN.format("power11").encode(), None, None), NO),
        (calls.vhcBaseline(None, ctypes.c_size_t(0), None, None), USAGE),
    ]
    calls.vhcFree(None)
    return problems + [f"{status} in place of {wanted} without places for texts" for status, wanted in silent if status != wanted]


def sixteen_threads(library: Library) -> list[str]:
    wanted = library.ask("vhcCapabilities", record("power10"), DOCUMENT)

    def work(_: int) -> int:
        return sum(library.ask("vhcCapabilities", record("power10"), DOCUMENT) != wanted for _ in range(200))

    with ThreadPoolExecutor(16) as pool:
        wrong = sum(pool.map(work, range(16)))
    return [f"{wrong} of 3200 answers differ"] if wrong else []


def descriptors_and_memory(library: Library) -> list[str]:
    def state() -> tuple[int, int]:
        resident = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
        return len(os.listdir("/proc/self/fd")), int(resident.split()[1])

    def use(times: int) -> None:
        for _ in range(times):
            library.ask("vhcProbe")
            library.ask("vhcCheck", record("power10"), PIN.format("power10").encode())
            library.ask("vhcDomainCapabilities", record("power10"), DOMAIN_CAPABILITIES)
            library.ask("vhcCheck", record("power10"), b"<domain>")

    use(300)
    before = state()
    use(3000)
    after = state()
    problems = [] if after[0] == before[0] else [f"{before[0]} descriptors became {after[0]}"]
    return problems + ([f"{before[1]} KiB became {after[1]}"] if after[1] > before[1] + 2048 else [])


def exports(library: Library) -> list[str]:
    """The library exports only what the header declares, and shows its users no C++ or XML library."""
    said = subprocess.run(["nm", "-D", "--defined-only", library.path], capture_output=True, text=True, check=True).stdout
    defined = {line.split()[2] for line in said.splitlines() if " A " not in line}
    declared = {f"{name}@@VIRT_HOST_COMPAT_1.0" for name in re.findall(r"^\S[^\n*]*?\*?(vhc\w+)\(", HEADER.read_text(), re.M)}
    manual = {f"{name}@@VIRT_HOST_COMPAT_1.0" for name in re.findall(r"\b(vhc\w+)\(", (ROOT / "docs/libvirt-host-compat.rst").read_text())}
    problems = [] if manual == declared else [f"the manual names {sorted(manual)}, and the header declares {sorted(declared)}"]
    problems += [] if defined == declared else [f"the library defines {sorted(defined)}, and the header declares {sorted(declared)}"]
    dynamic = subprocess.run(["readelf", "-d", library.path], capture_output=True, text=True, check=True).stdout
    if "libxml2" in dynamic or "libvirt.so" in dynamic:
        problems.append("it needs libxml2 or libvirt")
    if "NODELETE" not in dynamic:
        problems.append("it may be unloaded")
    return problems


def compiled(compiler: list[str], library: Library, folder: Path) -> Path:
    program = folder / "check"
    place = Path(library.path).parent
    subprocess.run(
        [*compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{HEADER.parent}", str(EXAMPLES / "check.c"), "-o", str(program), f"-L{place}", "-lvirt-host-compat", f"-Wl,-rpath,{place}"],
        check=True,
    )
    return program


def c_example(program: Path, folder: Path) -> list[str]:
    problems = []
    for mode, host, status in (("power9", "power10", YES), ("power11", "power10", NO), ("power9", "power10-no-nesting", UNKNOWN)):
        domain = folder / "domain.xml"
        domain.write_text(PIN.format(mode))
        done = subprocess.run([str(program), str(RECORDS / f"{host}.json"), str(domain)], capture_output=True, text=True, check=False)
        verdict = json.loads(done.stdout)["virt-host-compat"]["domains"][0]["verdict"] if done.stdout else None
        if done.returncode != status or verdict != ("compatible", "incompatible", "", "", "unknown")[status]:
            problems.append(f"{mode} on {host}: {done}")
    return problems


def header_in_cpp(compiler: list[str], folder: Path) -> list[str]:
    source = folder / "twice.cpp"
    source.write_text(f'#include "{HEADER}"\n#include "{HEADER}"\nint main() {{ return vhcVersion() == nullptr; }}\n')
    done = subprocess.run([*compiler[: compiler.index("-x")], "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(source)], capture_output=True, text=True, check=False)
    return [done.stderr] if done.returncode else []


def python_example(library: Library) -> list[str]:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(Path(library.path).parent)}
    problems = []
    for names, wanted in ((("power10", "power10-as-power9"), (YES, "power9\n")), (("power10", "power10-no-nesting"), (UNKNOWN, "host 2 does not say which modes it supports\n"))):
        done = subprocess.run([sys.executable, str(EXAMPLES / "baseline.py"), *(str(RECORDS / f"{name}.json") for name in names)], capture_output=True, text=True, env=environment, check=False)
        if (done.returncode, done.stdout) != wanted:
            problems.append(f"{names}: {done}")
    return problems


def no_memory(program: Path, folder: Path, failing: str) -> list[str]:
    """Makes each allocation of a program that uses the library fail, alone and together with all later ones.

    For some allocations that free a tree of JSON, the C++ library ends the process, as the header says. There must be
    few of them, and never a wrong answer.
    """
    domain = folder / "domain.xml"
    domain.write_text(PIN.format("power11"))
    command = [str(program), str(RECORDS / "power10.json"), str(domain)]

    def run(**variables: str) -> tuple[int, str, str]:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "LD_PRELOAD": failing, **variables})
        return done.returncode, done.stdout, done.stderr

    normal = run()
    reader, writer = os.pipe()
    subprocess.run(command, capture_output=True, check=False, pass_fds=[writer], env={"LC_ALL": "C", "LD_PRELOAD": failing, "FAIL_ALLOCATION_REPORT": str(writer)})
    os.close(writer)
    with os.fdopen(reader) as report:
        count = int(report.read() or 0)
    problems = [] if normal[0] == NO and count > 50 else [f"{normal} with {count} allocations"]
    ends = 0
    for number in range(1, count + 1):
        for more in ({}, {"FAIL_ALLOCATION_ON": "1"}):
            status, said, error = run(FAIL_ALLOCATION=str(number), **more)
            # The C library prints without a buffer if it cannot allocate one.
            ended = status == -signal.SIGABRT and "std::bad_alloc" in error
            ends += ended and not more
            if (status, said, error) != normal and not ended and not (status == SYSTEM and not said and "memory" in error):
                problems.append(f"allocation {number} {more}: {status} {said!r} {error!r}")
    if ends > count // 4:
        problems.append(f"{ends} of {count} failing allocations end the process")
    return problems


def main(path: str, program: str, failing: str, *compiler: str) -> int:
    library = Library(path)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        example = compiled(list(compiler), library, folder)
        checks = {
            "the functions answer as the commands do": partial(same_as_the_command, library, program),
            "this host": partial(this_host, library, program),
            "wrong arguments": partial(wrong_arguments, library),
            "sixteen threads": partial(sixteen_threads, library),
            "no descriptor and no memory is lost": partial(descriptors_and_memory, library),
            "what it exports": partial(exports, library),
            "the C example": partial(c_example, example, folder),
            "the header in C++": partial(header_in_cpp, list(compiler), folder),
            "the Python example": partial(python_example, library),
        }
        if failing != "none":
            checks["failing allocations"] = partial(no_memory, example, folder, failing)
        return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
