# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's SELinux policy, built on this machine without root rights, with and without modules of this project.

semodule works on a root of its own (-p) and loads nothing into this machine's kernel.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cachedir
from .apt import last_line
from .failures import LabError
from .packages import native

SOURCES = Path(__file__).resolve().parents[2] / "packaging/selinux"
MODULES = ("virt-host-compat", "virt-host-compat-preload")
_PACKAGES = ["checkpolicy", "policycoreutils", "selinux-policy-default", "selinux-utils", "semodule-utils", "setools"]
_FOLDERS = ("usr/sbin", "sbin", "usr/bin")
# semodule searches its helpers here, whatever its root is.
_SETTINGS = """module-store = direct
expand-check = 0
usepasswd = false
compiler-directory = {tree}/usr/libexec/selinux/hll
[setfiles]
path = {tree}/sbin/setfiles
args = -q -c $@ $<
[end]
[sefcontext_compile]
path = {tree}/usr/sbin/sefcontext_compile
args = $@
[end]
"""


def tools() -> Path:
    """The unpacked packages: SELinux's tools, and Debian's policy as modules."""
    # The suite that the lab's hosts use, too. The packages installed on this machine are treated as present.
    return cachedir.item("selinux/tools", lambda part: native("bookworm").unpack(_PACKAGES, part, dependencies=True))


def run(program: str, *arguments: str | Path) -> str:
    """Run one of the tools; returns its standard output. Raises LabError where it fails."""
    tree = tools()
    # A package that is installed on this machine is not unpacked.
    path = next((place / folder / program for place in (tree, Path("/")) for folder in _FOLDERS if (place / folder / program).exists()), None)
    if path is None:
        raise LabError(f"The packages {', '.join(_PACKAGES)} have no {program} any more; change them in lab/powerlab/selinux.py.")
    libraries = ":".join(str(folder) for folder in tree.glob("*/lib/*-linux-gnu")) + ":" + ":".join(str(folder) for folder in tree.glob("lib/*-linux-gnu"))
    environment = os.environ | {"LD_LIBRARY_PATH": libraries, "PYTHONPATH": str(tree / "usr/lib/python3/dist-packages"), "LC_ALL": "C.UTF-8"}
    interpreter = ["/usr/bin/python3"] if path.read_bytes()[:2] == b"#!" else []
    done = subprocess.run([*interpreter, path, *arguments], capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise LabError(f"{program} failed with status {done.returncode} ({last_line(done.stderr)}).")
    return done.stdout


def compile_module(name: str, into: Path, sources: Path = SOURCES) -> Path:
    """Compile a module of packaging/selinux in the same way as its build."""
    into.mkdir(parents=True, exist_ok=True)
    rules, module, contexts = into / f"{name}.mod", into / f"{name}.pp", sources / f"{name}.fc"
    run("checkmodule", "-M", "-m", "-o", rules, sources / f"{name}.te")
    run("semodule_package", "-o", module, "-m", rules, *(["-f", contexts] if contexts.exists() else []))
    return module


def _semodule(root: Path, *arguments: str | Path) -> None:
    run("semodule", "-p", root, "-s", "default", "-n", "-N", *arguments)


def _make_store(part: Path) -> None:
    tree = tools()
    modules = tree / "usr/share/selinux/default"
    (part / "etc/selinux").mkdir(parents=True)
    (part / "var/lib/selinux").mkdir(parents=True)
    shutil.copytree(tree / "etc/selinux/default", part / "etc/selinux/default")
    (part / "etc/selinux/semanage.conf").write_text(_SETTINGS.format(tree=tree))
    (part / "etc/selinux/config").write_text("SELINUX=enforcing\nSELINUXTYPE=default\n")
    _semodule(part, "-X", "100", "-i", *sorted(modules / f"{name}.pp.bz2" for name in (modules / ".modules").read_text().split()))


class Policy:
    """A copy of Debian's policy as installed, which can be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(cachedir.item("selinux/store", _make_store), root, symlinks=True)

    def install(self, *modules: Path) -> None:
        """Add modules (.pp or .cil)."""
        _semodule(self.root, "-i", *modules)

    def remove(self, *names: str) -> None:
        """Remove modules."""
        _semodule(self.root, "-r", *names)

    def disable(self, *names: str) -> None:
        """Disable modules of Debian's policy."""
        _semodule(self.root, *(word for name in names for word in ("-d", name)))

    def audit_everything(self) -> None:
        """Leave out the rules that keep denials out of the log."""
        _semodule(self.root, "-D", "-B")

    @property
    def binary(self) -> Path:
        """The file that the kernel loads."""
        return max((self.root / "etc/selinux/default/policy").glob("policy.*"))

    def label(self, path: str) -> str:
        """The label that the policy assigns to a regular file of that path."""
        contexts = self.root / "etc/selinux/default/contexts/files/file_contexts"
        return run("matchpathcon", "-n", "-m", "file", "-f", contexts, path).strip()

    def allowed(self, source: str, target: str, kind: str) -> set[str]:
        """The permissions of unconditional rules for the types or their attributes."""
        rules = run("sesearch", "--allow", "-s", source, "-t", target, "-c", kind, self.binary)
        found = re.findall(r"^allow \S+ \S+:\S+ (?:\{ ([^}]*) \}|(\w+));$", rules, re.M)
        return {word for many, one in found for word in (many or one).split()}

    def has_type(self, name: str) -> bool:
        """Whether the policy declares a type."""
        return name in run("seinfo", self.binary, "-t").split()
