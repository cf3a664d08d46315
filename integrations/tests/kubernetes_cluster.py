# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Kubernetes cluster without kubelets: etcd, the API server and the scheduler on the loopback interface, and kubectl."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from consumers import ROOT, run, told

sys.path.insert(0, str(ROOT / "lab"))

from powerlab.children import die_with_parent  # noqa: E402

SECONDS = 300.0
NOT_READY = "node.kubernetes.io/not-ready"
_ETCD, _ETCD_PEERS, _API, _SCHEDULER = (f"127.0.0.1:{port}" for port in (2379, 2380, 6443, 10259))
# Names that have rights in every Kubernetes cluster.
_USERS = {"admin": "system:masters", "system:kube-scheduler": ""}


def wait_for(what: str, found: Callable[[], object]) -> object:
    """The result of a function as soon as it is true."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {SECONDS:.0f} seconds")


class Cluster:
    """A cluster; a context manager. Its ports are free in a new network namespace, see in_a_namespace()."""

    def __init__(self, programs: Mapping[str, Path], folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _start(self, name: str, *options: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            words = [str(self._programs[name]), *options]
            self._processes[name] = subprocess.Popen(words, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent(signal.SIGKILL))

    def _wait_until(self, what: str, ready: Callable[[], bool]) -> None:
        def found() -> bool:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    last = (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
                    raise AssertionError(f"{name} has ended with {process.returncode}: {' '.join(last)}")
            return ready()

        wait_for(what, found)

    def _write_access(self) -> None:
        """Writes a token and a configuration file for each user. The API server makes its own certificate."""
        tokens = {user: secrets.token_hex(16) for user in _USERS}
        (self._folder / "tokens").write_text("".join(f'{token},{user},{user},"{_USERS[user]}"\n' for user, token in tokens.items()), encoding="utf-8")
        for user, token in tokens.items():
            cluster = {"server": f"https://{_API}", "certificate-authority": str(self._folder / "certificates/apiserver.crt")}
            parts = {"clusters": [{"name": "it", "cluster": cluster}], "users": [{"name": "it", "user": {"token": token}}], "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}]}
            self._configuration(user).write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "it", **parts}), encoding="utf-8")
        done = run("openssl", "genrsa", "-out", self._folder / "accounts.key", "2048")
        if done.returncode:
            raise AssertionError(told(done))

    def _configuration(self, user: str) -> Path:
        return self._folder / f"{user.rpartition(':')[2]}.json"

    def __enter__(self) -> Cluster:
        try:
            self._write_access()
            of_etcd = [f"--{what}-urls=http://{_ETCD}" for what in ("listen-client", "advertise-client")]
            peers = [f"--{what}-urls=http://{_ETCD_PEERS}" for what in ("listen-peer", "initial-advertise-peer")]
            self._start("etcd", *of_etcd, *peers, f"--initial-cluster=default=http://{_ETCD_PEERS}", "--data-dir=etcd")
            key = self._folder / "accounts.key"
            accounts = [f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}", f"--service-account-issuer=https://{_API}"]
            # No controller creates service accounts for pods here. The DaemonSet is privileged, which clusters allow.
            rules = ["--authorization-mode=Node,RBAC", "--disable-admission-plugins=ServiceAccount", "--allow-privileged=true", "--token-auth-file=tokens"]
            address, port = _API.split(":")
            # The address for pods must not be that of the loopback interface. Nothing uses it here.
            rules.append("--advertise-address=192.0.2.1")
            self._start("kube-apiserver", f"--etcd-servers=http://{_ETCD}", f"--bind-address={address}", f"--secure-port={port}", "--cert-dir=certificates", *accounts, *rules)
            self._wait_until("the API server answers", lambda: self.kubectl("get", "--raw", "/readyz").stdout == "ok")
            address, port = _SCHEDULER.split(":")
            access = self._configuration("system:kube-scheduler")
            own = ["--cert-dir=scheduler", "--leader-elect=false", "--port=0"]
            self._start("kube-scheduler", f"--kubeconfig={access}", f"--authentication-kubeconfig={access}", f"--authorization-kubeconfig={access}", f"--bind-address={address}", f"--secure-port={port}", *own)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in reversed(self._processes.values()):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kubectl(self, *words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return run(self._programs["kubectl"], f"--kubeconfig={self._configuration('admin')}", *words, stdin=stdin, env={**os.environ, "HOME": str(self._folder)})

    def etcd_version(self) -> str:
        return run(self._programs["etcd"], "--version").stdout.splitlines()[0]

    def told(self, *words: object, stdin: str = "") -> str:
        """The output of kubectl, which must succeed."""
        done = self.kubectl(*words, stdin=stdin)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(str(word) for word in words)}: {told(done)}")
        return done.stdout

    def get(self, *words: object) -> dict:
        return json.loads(self.told("get", *words, "--output=json"))

    def create(self, thing: dict, namespace: str = "default") -> subprocess.CompletedProcess[str]:
        """Posts an object. kubectl does not validate it, so the API server decides."""
        return self.kubectl("create", "--validate=false", f"--namespace={namespace}", "--filename=-", stdin=json.dumps(thing))

    def add_node(self, name: str, labels: Mapping[str, str], architecture: str = "ppc64le") -> None:
        """Adds a node that is ready, as its kubelet would."""
        done = self.create(node(name, labels, architecture))
        if done.returncode:
            raise AssertionError(told(done))
        # The API server adds this taint to new nodes. In other clusters a controller removes it from nodes that are
        # ready.
        self.told("taint", "nodes", name, f"{NOT_READY}:NoSchedule-")

    def set_labels(self, name: str, labels: Mapping[str, str]) -> None:
        """Replaces the labels of Node Feature Discovery, as its master does."""
        old = [key for key in self.get("node", name)["metadata"]["labels"] if key.startswith("feature.node.kubernetes.io/") and key not in labels]
        self.told("label", "--overwrite", "node", name, *(f"{key}={value}" for key, value in labels.items()), *(f"{key}-" for key in old))

    def scheduler_events(self, namespace: str, pod: str) -> dict[str, str]:
        """The scheduler's last message about a pod for each reason."""
        items = self.get("events", f"--namespace={namespace}", f"--field-selector=involvedObject.name={pod}")["items"]
        return {one["reason"]: one["message"] for one in items if "default-scheduler" in (one.get("reportingComponent"), one.get("source", {}).get("component"))}

    def node_of(self, namespace: str, pod: str) -> str | None:
        return self.get("pod", pod, f"--namespace={namespace}")["spec"].get("nodeName")


def node(name: str, labels: Mapping[str, str], architecture: str = "ppc64le") -> dict:
    room = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    usual = {"kubernetes.io/hostname": name, "kubernetes.io/arch": architecture, "kubernetes.io/os": "linux"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {**usual, **labels}}, "status": {"capacity": room, "allocatable": room, "conditions": [ready]}}


def in_a_namespace(script: Path, arguments: list[str], folder: Path) -> int:
    """Runs a script with a loopback interface, processes and temporary files of its own: whatever ends it ends all of it.

    The temporary files are in memory, laid over the folder.
    """
    root_rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *root_rights]
    enter = 'mount -t tmpfs tmpfs "$1" && ip link set lo up && export TMPDIR="$1" && shift && exec "$@"'
    command = [*words, "sh", "-c", enter, "sh", str(folder), sys.executable, str(script), *arguments]
    return subprocess.run(command, check=False, preexec_fn=die_with_parent(signal.SIGKILL)).returncode
