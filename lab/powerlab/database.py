# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes dpkg's database for a root whose packages were unpacked without dpkg: they are installed, with scripts and triggers."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .apt import last_line
from .failures import LabError, require_program

# The layout of dpkg's info folder (dpkg writes the same), and a line of a package's triggers (deb-triggers(5)).
_FORMAT = "1\n"
_INTEREST = re.compile(r"^interest(-await|-noawait)?[ \t]+(\S+)", re.M)


def _contents(deb: Path) -> list[str]:
    """All paths of a package, as in its list of files."""
    with subprocess.Popen([require_program("dpkg-deb", "dpkg"), "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            paths = [("/" + entry.name.removeprefix(".").strip("/")).rstrip("/") or "/." for entry in archive]
        while process.stdout.read(1 << 16):
            pass
    if process.returncode != 0:
        raise LabError(f"Cannot list the package {deb.name}; remove the cache (lab/cache clean) and run the same command again.")
    return paths


def _add_triggers(text: str, name: str, folder: Path) -> None:
    """Enter the triggers of a package: paths into one list, and every other trigger into its own list."""
    folder.mkdir(exist_ok=True)
    for kind, trigger in _INTEREST.findall(text):
        who = name + ("/noawait" if kind == "-noawait" else "")
        file, line = ("File", f"{trigger} {who}\n") if trigger.startswith("/") else (trigger, f"{who}\n")
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write(line)


def add(deb: Path, root: Path) -> None:
    """Enter a package into the database of a root as installed."""
    database = root / "var/lib/dpkg"
    info = database / "info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "format").write_text(_FORMAT, encoding="ascii")
    with tempfile.TemporaryDirectory() as temporary:
        control = Path(temporary, "control")
        done = subprocess.run([require_program("dpkg-deb", "dpkg"), "-e", str(deb), str(control)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"Cannot read the package {deb.name} ({last_line(done.stderr)}); check the free space in {temporary}.")
        said = (control / "control").read_text(encoding="utf-8").strip()
        fields = dict(re.findall(r"^(Package|Architecture|Multi-Arch): (\S+)", said, re.M))
        name = fields["Package"] + (f":{fields['Architecture']}" if fields.get("Multi-Arch") == "same" else "")
        for file in control.iterdir():
            if file.name != "control":
                shutil.copy(file, info / f"{name}.{file.name}")
        triggers = control / "triggers"
        if triggers.is_file():
            _add_triggers(triggers.read_text(encoding="utf-8"), name, database / "triggers")
    (info / f"{name}.list").write_text("".join(f"{path}\n" for path in _contents(deb)), encoding="utf-8")
    with (database / "status").open("a", encoding="utf-8") as status:
        first, _, rest = said.partition("\n")
        status.write(f"{first}\nStatus: install ok installed\n{rest}\n\n")
