#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that libvirt accepts the output of fit: by its domain.rng, and with a daemon that defines the domain and prints
it.

The daemon is started by this test without privileges, with its folders below a temporary folder, and ends with the
test. It runs on any architecture, so the domains are changed to emulated ones (type qemu). The lab tests that KVM runs
them, and the emulator's command line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOMAINS = HERE / "domains"
RECORD = HERE / "records" / "power10.json"
DOMAIN_RNG = Path("/usr/share/libvirt/schemas/domain.rng")
CANNOT_FIT = {"x86", "emulated", "emulated-host-model", "powernv", "feature"}
SKIP = 77


def skip(reason: str) -> None:
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


class Daemon:
    """An unprivileged libvirtd that writes only below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drop: list[str] = []
        if os.geteuid() == 0:
            # As root, libvirtd would be the system daemon, so run it as nobody.
            shutil.chown(folder, "nobody", "nogroup")
            self.drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        names = {"HOME": "", "XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data"}
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **{key: str(folder / name) for key, name in names.items()}}
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen([*self.drop, "libvirtd"], cwd=folder, env=self.environment, stdout=log, stderr=log)

    def virsh(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [*self.drop, "virsh", "-q", "-c", "qemu:///session", *arguments]
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def wait(self) -> None:
        for _ in range(300):
            if self.process.poll() is not None:
                raise SystemExit(f"libvirtd ended: {(self.folder / 'log').read_text()}")
            if (self.folder / "run" / "libvirt" / "libvirt-sock").exists() and self.virsh("uri").returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit(f"libvirtd does not answer: {(self.folder / 'log').read_text()}")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fit(tool: str, domain: Path) -> str:
    done = subprocess.run([tool, "fit", str(domain), "--probe", str(RECORD)], capture_output=True, text=True, check=False)
    if domain.stem in CANNOT_FIT:
        assert done.returncode == 1 and done.stdout == "", f"{domain.stem}: status {done.returncode} instead of 1"
    else:
        assert done.returncode == 0, f"{domain.stem}: {done.stderr}"
    return done.stdout


def check_schema(name: str, document: str) -> None:
    done = subprocess.run(["xmllint", "--noout", "--relaxng", str(DOMAIN_RNG), "-"], input=document, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} is not valid by {DOMAIN_RNG}: {done.stderr}"


def children(cpu: ElementTree.Element) -> set[str]:
    return {child.tag for child in cpu}


def check_daemon(daemon: Daemon, name: str, document: str) -> None:
    """Defines the domain, prints it and removes it."""
    emulated = document.replace("type='kvm'", "type='qemu'", 1)
    path = daemon.folder / "domain.xml"
    path.write_text(emulated, encoding="utf-8")
    path.chmod(0o644)
    defined = daemon.virsh("define", str(path))
    assert defined.returncode == 0, f"libvirt does not define {name}: {defined.stderr}"
    try:
        kept = ElementTree.fromstring(daemon.virsh("dumpxml", name).stdout).find("cpu")
        given = ElementTree.fromstring(document).find("cpu")
        assert kept is not None and given is not None
        assert kept.get("mode") == "host-model" and kept.findtext("model") == "power10", f"{name}: libvirt kept {ElementTree.tostring(kept)!r}"
        assert children(given) <= children(kept), f"{name}: libvirt dropped {children(given) - children(kept)}"
    finally:
        daemon.virsh("undefine", name)


def main(tool: str) -> int:
    for program in ("libvirtd", "virsh", "xmllint", "qemu-system-ppc64"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            skip(f"{program} is not installed")
    if not DOMAIN_RNG.exists():
        skip(f"{DOMAIN_RNG} is not installed")
    os.environ["PATH"] += ":/usr/sbin"
    tool = str(Path(tool).resolve())
    fitted = {domain.stem: fit(tool, domain) for domain in sorted(DOMAINS.glob("*.xml"))}
    fitted = {name: document for name, document in fitted.items() if document}
    assert len(fitted) >= 10, f"only {len(fitted)} domains could be made fit"
    for name, document in fitted.items():
        check_schema(name, document)
    with tempfile.TemporaryDirectory(prefix="libvirt-") as temporary:
        daemon = Daemon(Path(temporary))
        try:
            daemon.wait()
            for name, document in fitted.items():
                check_daemon(daemon, name, document)
        finally:
            daemon.end()
    print(f"libvirt takes {len(fitted)} domains that fit made")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
