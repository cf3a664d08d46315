# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs, grammar and documents of a comparison, and how many of each."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1]
SCHEMAS = Path("/usr/share/libvirt/schemas")


@dataclass
class Setting:
    shared: Path  # the build directories
    static: Path
    folder: Path  # for documents; its creator removes it
    quick: bool
    rounds: int

    @property
    def grammar(self) -> Path:
        """libvirt's capability.rng with <compat>, for programs that need a file."""
        folder = self.shared / "schema"
        own = folder / "hostcpu-compat.rng"
        if not own.exists():  # the grammar includes it from its own folder
            own.write_bytes((SOURCES / "schema" / own.name).read_bytes())
        return folder / "libvirt-capability-compat.rng"

    def program(self, build: Path) -> str:
        return str(build / "tools" / "virt-host-compat")

    def helper(self, name: str) -> str:
        return str(self.shared / "bench" / name)

    def amount(self, count: int) -> int:
        """The number of documents: a twentieth of it in a quick run."""
        return max(1, count // 20) if self.quick else count

    def documents(self, shape: str, count: int, kind: str = "") -> Path:
        """The list with this number of documents, which are made if they are missing."""
        folder = self.folder / f"{shape}-{count}-{kind or 'valid'}"
        listing = Path(f"{folder}.list")
        if not listing.exists():
            subprocess.run([self.helper("bench-documents"), str(folder), shape, str(count), *([kind] if kind else [])], check=True)
        return listing

    def document(self, shape: str, kind: str = "") -> Path:
        return Path(self.documents(shape, 1, kind).read_text(encoding="utf-8").splitlines()[0])


def build(folder: Path, *options: str) -> Path:
    """A release build with these options, made or updated."""
    if not (folder / "build.ninja").exists():
        subprocess.run(
            ["meson", "setup", str(folder), str(SOURCES), "-Dbuildtype=release", "-Dtests=disabled", "-Dlibvirt=disabled", *options],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    targets = ["tools/virt-host-compat", "bench/bench-documents", "bench/bench-empty", "bench/bench-peak", "bench/baseline/bench-pugixml"]
    subprocess.run(["ninja", "-C", str(folder), *targets], check=True, stdout=subprocess.DEVNULL)
    return folder
