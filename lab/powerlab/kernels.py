# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's ppc64el kernels: the image and some modules of each series, unpacked into the cache."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import dataclass
from functools import cache, cmp_to_key
from pathlib import Path

from . import cachedir, mirror
from .failures import LabError
from .packages import Candidate, Suite, compare_versions, unpack_first

# The suites in which each series is searched, in this order. 7.3 means 7.3 or newer, in whichever suite it is.
_SUITES: dict[str, list[str]] = {
    "7.3": ["experimental", "unstable", "testing"],
    "7.2": ["unstable", "testing", "trixie-backports"],
    "6.12": ["trixie", "bookworm-backports"],
    "6.1": ["bookworm"],
}
_MODULES = ("kvm", "kvm-hv")
_KVM_FOLDER = "kernel/arch/powerpc/kvm"
# The driver of PAPR's virtual network, for hosts that communicate with each other. It needs no other module.
_NETWORK = "ibmveth"
_NETWORK_FOLDER = "kernel/drivers/net/ethernet/ibm"


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel: the image, KVM's modules in the order in which they are loaded, and its package's version."""

    series: str
    image: Path
    modules: tuple[Path, ...]
    release: str
    version: str

    @property
    def network(self) -> Path:
        """The module for PAPR's virtual network."""
        return self.image.with_name(f"{_NETWORK}.ko")


def series_names() -> list[str]:
    """The series that hosts may name. The suffix `-64k` means the flavour with 64 KiB pages."""
    return [*_SUITES, *(f"{name}-64k" for name in _SUITES if name != "6.1")]


def candidates(series: str, suite: Suite) -> list[Candidate]:
    """The kernels of a series in a suite, newest first."""
    base, _, flavour = series.partition("-")
    ending = "powerpc64le" + (f"-{flavour}" if flavour else "")
    found = []
    for package in suite.known:
        match = re.fullmatch(rf"linux-(binary|image)-(\d+)\.(\d+)(\S*)-{ending}", package)
        if match is None or match[4].endswith("-powerpc64le"):
            continue
        number = (int(match[2]), int(match[3]))
        if number < (7, 3) if base == "7.3" else f"{number[0]}.{number[1]}" != base:
            continue
        # A metapackage that depends on another image package contains no kernel.
        if match[1] == "image" and package.replace("-image-", "-binary-") in suite.known:
            continue
        names = (package,) if match[1] == "image" else (package, package.replace("-binary-", "-modules-"))
        found += [Candidate(tuple(f"{name}={version}" for name in names), version) for version in suite.versions(package)]
    return sorted(found, key=cmp_to_key(lambda left, right: compare_versions(left.version, right.version)), reverse=True)


def _make(series: str, part: Path) -> None:
    tree = part / "tree"
    names = _SUITES[series.partition("-")[0]]
    none = (
        f"No Linux {series} for ppc64el is in {', '.join(names)} of this machine's Debian archive "
        f"(a dated copy may be older than that kernel); name a newer archive in {mirror.ENVIRONMENT}."
    )
    chosen = unpack_first((Suite((name,)) for name in names), lambda suite: candidates(series, suite), tree, False, none)
    images = [*tree.glob("boot/vmlinu*"), *tree.glob("usr/lib/modules/*/vmlinu*")]
    if not images:
        raise LabError(f"The package {chosen.packages[0]} carries no kernel image where the lab looks (boot/ and usr/lib/modules/).")
    image = images[0]
    for folder in (tree / "lib/modules", tree / "usr/lib/modules"):
        for modules in folder.glob("*"):
            release = modules.name
            found = [_take_module(modules / _KVM_FOLDER, name, part) for name in _MODULES]
            _take_module(modules / _NETWORK_FOLDER, _NETWORK, part)
            image.rename(part / "vmlinux")
            cachedir.remove_tree(tree)
            description = {"release": release, "version": chosen.version, "modules": found}
            (part / "kernel.json").write_text(json.dumps(description) + "\n")
            return
    raise LabError(f"The packages {', '.join(chosen.packages)} carry no modules.")


def _take_module(folder: Path, name: str, part: Path) -> str:
    """Copy one module and decompress it, so that the guest needs no decompressor."""
    for path in folder.glob(f"{name}.ko*"):
        data = path.read_bytes()
        if path.suffix == ".xz":
            data = lzma.decompress(data)
        elif path.suffix != ".ko":
            raise LabError(f"The module {path.name} is compressed in a way that the lab does not know.")
        (part / f"{name}.ko").write_bytes(data)
        return f"{name}.ko"
    raise LabError(f"The kernel package has no module {name} in {'/'.join(folder.parts[-5:])}, where the lab looks for it.")


@cache
def get(series: str) -> Kernel:
    """The kernel of a series, downloaded and unpacked if it is not in the cache."""
    folder = cachedir.item(f"kernels/{series}", lambda part: _make(series, part), lambda made: (made / f"{_NETWORK}.ko").exists())
    description = json.loads((folder / "kernel.json").read_text())
    return Kernel(
        series,
        folder / "vmlinux",
        tuple(folder / name for name in description["modules"]),
        description["release"],
        description["version"],
    )
