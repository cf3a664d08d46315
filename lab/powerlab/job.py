# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest should do, and the initrd that contains it."""

from __future__ import annotations

import gzip
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from . import cachedir
from .archive import Archive
from .failures import STATUS_USAGE, LabError
from .kernels import Kernel
from .packages import Suite

_GUEST = Path(__file__).resolve().parent.parent / "guest"
_ELF_PPC64 = 21


@dataclass
class Job:
    """A command for a guest, with the files that it needs and how long it may take.

    command  argument list; the guest's shell runs it with every argument quoted
    files    path in the guest -> path on this machine
    scripts  path in the guest -> text, executable
    silence  seconds without console output after which the host counts as locked up, unless it was slow before; the
             job then has to write something: `sh /lab/keep` sends the contents of /lab/result, `echo >/dev/console` only an empty line
    network  also load the driver of PAPR's virtual network
    devices  further arguments of QEMU
    """

    command: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    input: bytes | None = None
    seconds: int = 120
    silence: int | None = None
    modules: bool = True
    network: bool = False
    devices: tuple[str, ...] = ()
    prepare: str = ""
    user: bool = False
    shell: bool = False
    roots: list[Path] = field(default_factory=list)
    memory: str | None = None


def elf_machine(path: Path) -> int | None:
    """The machine number of an ELF program; None for anything else."""
    with open(path, "rb") as handle:
        head = handle.read(20)
    if head[:4] != b"\x7fELF":
        return None
    return int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")


def take_program(job: Job, name: str) -> str:
    """The path of a command in the guest. A local ppc64le program or script is copied into the guest first."""
    path = Path(name)
    if "/" not in name or not path.is_file():
        if "/" in name and not path.is_absolute():
            raise LabError(f"There is no program {name} on this machine to carry into the guest.", STATUS_USAGE)
        return name
    machine = elf_machine(path)
    if machine is None and path.is_absolute() and not str(path).startswith(str(Path.cwd())):
        return name
    if machine not in (None, _ELF_PPC64):
        if path.is_absolute():
            return name
        raise LabError(f"{name} is not built for ppc64le; lab/build does that for the project's own tool.", STATUS_USAGE)
    inside = f"/usr/local/bin/{path.name}"
    job.files[inside] = path
    return inside


def make_busybox(part: Path) -> None:
    tree = part.with_name(part.name + ".tree")
    try:
        # A static program of any suite works with every kernel of the lab.
        Suite(("bookworm",), spare=("trixie", "forky")).unpack(["busybox-static"], tree, dependencies=False)
        found = [path for path in (tree / "bin/busybox", tree / "usr/bin/busybox") if path.is_file()]
        if not found:
            raise LabError("The package busybox-static carries no busybox where the lab looks (bin/ and usr/bin/).")
        part.write_bytes(found[0].read_bytes())
    finally:
        if tree.exists():
            cachedir.remove_tree(tree)


def _make_base(kernel: Kernel, part: Path) -> None:
    busybox = cachedir.item("busybox", make_busybox)
    with gzip.open(part, "wb", compresslevel=6) as stream:
        archive = Archive(stream)  # type: ignore[arg-type]
        archive.device("dev/console", 5, 1)
        archive.file("lab/busybox/busybox", busybox.read_bytes(), 0o755)
        for folder in ("proc", "sys", "tmp", "run", "root"):
            archive.folder(folder)
        for module in kernel.modules:
            archive.file(f"lab/modules/{module.name}", module.read_bytes())
        archive.close()


def _pad(stream: BinaryIO) -> None:
    stream.write(b"\0" * (-stream.tell() % 4))


def write_initrd(job: Job, kernel: Kernel, token: str, stream: BinaryIO, more: dict[str, str]) -> None:
    """Write the guest's initrd: packed roots, busybox and modules, and this job with further settings of its host."""
    base = cachedir.item(f"base/{kernel.series}-{kernel.version}.cpio.gz", lambda part: _make_base(kernel, part))
    for segment in [*job.roots, base]:
        with open(segment, "rb") as source:
            while block := source.read(1 << 20):
                stream.write(block)
        _pad(stream)
    archive = Archive(stream)
    archive.file("init", (_GUEST / "init").read_bytes(), 0o755)
    archive.file("lab/keep", (_GUEST / "keep").read_bytes(), 0o755)
    modules = [path.name for path in kernel.modules] if job.modules else []
    if job.network:
        # It is not in the base, which hosts without a network share.
        archive.file(f"lab/modules/{kernel.network.name}", kernel.network.read_bytes())
        modules.append(kernel.network.name)
    settings = {
        "lab_token": token,
        "lab_mode": "shell" if job.shell else "run",
        "lab_modules": " ".join(modules),
        "lab_prepare": job.prepare,
        "lab_seconds": str(job.seconds),
        "lab_input": "/dev/null" if job.input is None else "/lab/input",
    } | more
    archive.file("lab/job", "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items()).encode())
    command = shlex.join(job.command)
    if job.user:
        command = f"su user -s /lab/busybox/sh -c {shlex.quote('exec ' + command)}"
    archive.file("lab/command", f"exec {command}\n".encode())
    if job.input is not None:
        archive.file("lab/input", job.input)
    for inside, path in job.files.items():
        try:
            data, mode = path.read_bytes(), path.stat().st_mode & 0o777
        except OSError as error:
            raise LabError(f"Cannot read {path} to carry it into the guest: {error.strerror}.", STATUS_USAGE) from error
        archive.file(inside, data, mode | 0o444)
    for inside, text in job.scripts.items():
        archive.file(inside, text.encode(), 0o755)
    archive.close()
