# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs Debian's cockpit with cockpit-machines and a private daemon, on a port that nobody else can reach.

cockpit-machines reaches libvirt only through libvirt-dbus on the system bus, which opens qemu:///system. So the bus,
libvirt-dbus and cockpit run in the daemon's mount namespace, where libvirt's usual socket is that of the private
daemon. Packages that are not installed are downloaded once and mounted over /usr in that namespace. If they were
installed, cockpit would listen on the network, and cockpit-machines would install the system's libvirt daemon.

The cockpit session needs no password here. Therefore everything, including the browser, runs in network and process
namespaces that end with the test.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import private_daemon
from module_setup import SOURCE_ROOT

sys.path.insert(0, str(SOURCE_ROOT / "lab"))

from powerlab import cachedir, packages  # noqa: E402

WANTED = ("cockpit-ws", "cockpit-bridge", "cockpit-machines", "libvirt-dbus")
PROGRAMS = ("usr/lib/cockpit/cockpit-ws", "usr/bin/cockpit-bridge", "usr/share/cockpit/machines/manifest.json", "usr/sbin/libvirt-dbus")
READY_SECONDS = 120.0
PORT = 9090
_INSIDE = "VHC_PRIVATE_COCKPIT"

# The shell waits for emulators that the daemon leaves behind. Otherwise they would stay as zombies of the first
# process.
_ALONE = r"""
ip link set lo up || exit 1
"$@"
exit $?
"""

_BUS = """\
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""


def _overlay() -> Path | None:
    """A folder with the packages that are not installed, downloaded once; None if all are. Raises LabError."""
    if all(Path("/", name).exists() for name in PROGRAMS):
        return None
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")

    def is_whole(tree: Path) -> bool:
        return all((tree / name).exists() or Path("/", name).exists() for name in PROGRAMS)

    def make(part: Path) -> None:
        packages.native(suite).unpack(list(WANTED), part, dependencies=True)

    return cachedir.item(f"cockpit/{suite}", make, is_whole)


def run_alone() -> None:
    """Continue in namespaces without a network; the outer process exits with the status. Needs root."""
    if _INSIDE in os.environ:
        return
    tree = _overlay()
    command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _ALONE, "sh", sys.executable, *sys.argv]
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", _INSIDE: str(tree or "")}
    sys.exit(subprocess.run(command, env=environment).returncode)


def wait_for(what: str, find: Callable[[], Any]) -> Any:
    """The result of `find` as soon as it is true."""
    end = time.monotonic() + READY_SECONDS
    while not (found := find()):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)
    return found


class PrivateCockpit:
    """Cockpit with a daemon; a context manager. Only one may run at a time, after run_alone()."""

    def __init__(self, daemon: private_daemon.PrivateDaemon) -> None:
        self._daemon = daemon
        self._folder = daemon.folder / "cockpit"
        self._folder.mkdir()
        self._socket = self._folder / "bus"
        address = f"unix:path={self._socket}"
        homes = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(self._folder))
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": address, "DBUS_SESSION_BUS_ADDRESS": address, **homes
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def page(self, guest: str) -> str:
        """The URL of a guest's page."""
        return f"http://127.0.0.1:{PORT}/cockpit/@localhost/machines/index.html#vm?name={guest}&connection=system"

    def _enter(self) -> list[str]:
        return ["nsenter", "--target", str(self._daemon.pid), "--mount"]

    def _start(self, *command: str) -> None:
        with open(self._folder / "output", "ab") as output:
            self._processes.append(
                subprocess.Popen([*self._enter(), *command], env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            )

    def __enter__(self) -> PrivateCockpit:
        try:
            if tree := os.environ[_INSIDE]:
                layers = ["-o", f"lowerdir={tree}/usr:/usr"]
                subprocess.run([*self._enter(), "mount", "-t", "overlay", "overlay", *layers, "/usr"], check=True)
            subprocess.run([*self._enter(), "ln", "-s", self._daemon.folder / "libvirt-sock", "/run/libvirt/libvirt-sock"], check=True)
            (self._folder / "bus.conf").write_text(_BUS.format(socket=self._socket))
            self._start("dbus-daemon", "--nofork", "--nosyslog", "--config-file", str(self._folder / "bus.conf"))
            wait_for("the bus", self._socket.exists)
            self._start("libvirt-dbus", "--system")
            self._start("/usr/lib/cockpit/cockpit-ws", "--local-session=/usr/bin/cockpit-bridge", "--address=127.0.0.1", f"--port={PORT}")
            wait_for("libvirt-dbus and cockpit", self._is_ready)
        except BaseException as error:
            self.__exit__()
            raise AssertionError(f"cockpit does not start: {error} {(self._folder / 'output').read_text()}") from error
        return self

    def _is_ready(self) -> bool:
        if any(process.poll() is not None for process in self._processes):
            raise AssertionError("a process ended")
        owner = ["gdbus", "wait", "--address", f"unix:path={self._socket}", "--timeout", "5", "org.libvirt"]
        listening = f":{PORT:04X} " in Path("/proc/net/tcp").read_text()
        return listening and subprocess.run(owner, env=self._environment, capture_output=True).returncode == 0

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(30)
