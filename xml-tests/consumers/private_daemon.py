# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a real libvirtd of this system, or the daemon in VHC_DAEMON, on a socket of its own, away from the system's
state.

The daemon runs in system mode in new mount and network namespaces. Its folders below /run, /var and /etc are empty at
first and removed at the end, and it sees no network. The only change on the machine is that these folders exist
afterwards, empty. Several daemons can run at the same time. Root rights are not needed if user namespaces are allowed.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Mapping, Sequence
from urllib.parse import quote

READY_SECONDS = 60.0
# libvirtd has all drivers. virtqemud, which lab/test-virtqemud builds, has only that for QEMU. VHC_DAEMON_DATA is a folder to
# mount as /usr/share/libvirt for a daemon of another version than the system's.
DAEMON = os.environ.get("VHC_DAEMON", "libvirtd")
IS_MODULAR = Path(DAEMON).name != "libvirtd"
_SOCKET = f"{Path(DAEMON).name}-sock" if IS_MODULAR else "libvirt-sock"

# Arguments: the daemon's folder, the folder for libvirt's cache, then the command. Only this daemon sees the user and
# group that Debian's package of the QEMU driver expects.
_ENTER = r"""
set -e
folder=$1; cache=$2; shift 2
mount --make-rprivate /
mount -t sysfs sysfs /sys || true
for place in /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
    mkdir -p "$place"
    mount -t tmpfs tmpfs "$place"
done
mount --bind "$cache" /var/cache/libvirt
[ -z "$VHC_DAEMON_DATA" ] || mount --bind "$VHC_DAEMON_DATA" /usr/share/libvirt
for base in passwd group; do
    mount --bind "$folder/$base" "/etc/$base"
done
cp -r "$folder/etc-libvirt/." /etc/libvirt/
exec "$@"
"""

_QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
"""


def missing() -> str:
    """Why no private daemon can be started here; empty if one can."""
    for program in (DAEMON, "virsh", "unshare"):
        if not shutil.which(program, path=_path()):
            return f"the program {program} is not installed"
    probe = subprocess.run(
        [*_unshare(), "mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True, text=True
    )
    if probe.returncode != 0:
        return f"namespaces cannot be made here: {probe.stderr.strip()}"
    return ""


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _unshare() -> list[str]:
    command = ["unshare", "--mount", "--net"]
    if os.geteuid() != 0:
        command.append("--map-root-user")
    return command


@functools.cache
def _cache() -> str:
    """The daemons of a test program share what they find out about the emulators, which takes some seconds for each."""
    folder = tempfile.mkdtemp(prefix="vhc-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _with_entry(path: str, entry: str) -> str:
    return Path(path).read_text() + entry + "\n"


class PrivateDaemon:
    """One daemon; a context manager.

    folder: an empty folder for it. preload: the libraries that the daemon preloads. module_config: the module's
    configuration, as a text; None for none. wrapper: a command that runs the daemon. log: where libvirt's log goes.
    hook: the content of a start hook. domains: the documents of defined domains that libvirt reads when it starts, by
    name. user: the user who runs it as a session daemon; only root can do that.
    """

    def __init__(
        self,
        folder: Path,
        preload: Sequence[Path] = (),
        module_config: str | None = None,
        wrapper: Sequence[str] = (),
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        hook: str | None = None,
        domains: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> None:
        self.folder = folder
        self.log = log or folder / "libvirtd.log"
        self.config_path = folder / "module.conf"
        self._wrapper = list(wrapper)
        self._environment = {**os.environ, "PATH": _path(), **(environment or {})}
        if preload:
            self._environment["LD_PRELOAD"] = ":".join(map(str, preload))
        if module_config is not None:
            self.write_config(module_config)
            self._environment["VIRT_HOST_COMPAT_MODULE_CONFIG"] = str(self.config_path)
        self._hook = hook
        self._domains = domains or {}
        self._user = user
        if user is not None:
            self._wrapper = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *self._wrapper]
            homes = ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
            self._environment |= dict.fromkeys(homes, str(folder / "home"))
        self._process: subprocess.Popen[bytes] | None = None

    def write_config(self, text: str) -> None:
        self.config_path.write_text(text)
        self.config_path.chmod(0o644)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def uri(self, driver: str = "qemu", path: str | None = None, readonly: bool = False) -> str:
        socket = self.folder / (f"{_SOCKET}-ro" if readonly else _SOCKET)
        place = path or ("system" if self._user is None else "session")
        return f"{driver}+unix:///{place}?socket={quote(str(socket))}"

    def quickest_uri(self) -> str:
        """The URI of the driver that answers fastest."""
        return self.uri() if IS_MODULAR else self.uri("test", "default")

    def __enter__(self) -> PrivateDaemon:
        self._prepare()
        command = [
            *_unshare(), "sh", "-c", _ENTER, "sh", str(self.folder), _cache(),
            *self._wrapper, DAEMON, "-f", str(self.folder / "libvirtd.conf"),
            "--pid-file", str(self.folder / "libvirtd.pid"),
        ]
        with open(self.folder / "output", "wb") as output:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _prepare(self) -> None:
        if self._user is not None:
            (self.folder / "home").mkdir()
            self.folder.parent.chmod(0o755)
            for path in (self.folder, self.folder / "home"):
                os.chown(path, self._user, self._user)
        etc = self.folder / "etc-libvirt"
        etc.mkdir()
        (etc / "qemu.conf").write_text(_QEMU_CONF)
        for name, document in self._domains.items():
            (etc / "qemu").mkdir(exist_ok=True)
            (etc / "qemu" / f"{name}.xml").write_text(document)
        if self._hook is not None:
            hooks = etc / "hooks" / "qemu.d"
            hooks.mkdir(parents=True)
            (hooks / "virt-host-compat").write_text(self._hook)
            (hooks / "virt-host-compat").chmod(0o755)
        entry = "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin"
        (self.folder / "passwd").write_text(_with_entry("/etc/passwd", entry))
        (self.folder / "group").write_text(_with_entry("/etc/group", "libvirt-qemu:x:64055:"))
        (self.folder / "libvirtd.conf").write_text(
            f'unix_sock_dir = "{self.folder}"\n'
            'unix_sock_ro_perms = "0777"\n'
            'auth_unix_ro = "none"\nauth_unix_rw = "none"\n'
            f'log_outputs = "3:file:{self.log}"\n'
            "max_clients = 1000\nmax_anonymous_clients = 1000\n"
        )

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if (self.folder / _SOCKET).exists():
                answer = subprocess.run(
                    ["virsh", "-c", self.uri(), "hostname"], capture_output=True, timeout=READY_SECONDS
                )
                if answer.returncode == 0:
                    return
            time.sleep(0.05)
        log = self.log.read_text() if self.log.is_file() else ""
        raise RuntimeError(
            f"{DAEMON} did not get ready: {(self.folder / 'output').read_text()}{log}"
        )

    def stop(self) -> int:
        """Stops the daemon and returns its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        """The daemon's output on its standard streams."""
        return (self.folder / "output").read_text()

    def log_lines(self) -> list[str]:
        """The lines of libvirt's log that the module wrote."""
        lines = self.log.read_text().splitlines() if self.log.is_file() else []
        return [line for line in lines if "virt-host-compat" in line]

    def memory_kib(self) -> int:
        return memory_kib(self.pid)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def memory_kib(pid: int) -> int:
    """The resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no resident memory")


def skip(reason: str) -> None:
    """Ends a test program that cannot run here as skipped, and under CI as failed."""
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") == "true" else 77)
