#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the objects with kustomize and Kubernetes' schemas, runs the container's command, and compares the labels.

Usage: kubernetes_test.py PROGRAM NPM_FOLDER
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from consumers import INTEGRATIONS, RECORDS, documents, need, need_root, npm, published, replaced, run, run_checks, told

PLACE = INTEGRATIONS / "kubernetes"
HERE = INTEGRATIONS / "tests"


def kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    need("kubectl")
    return run("kubectl", "kustomize", folder)


def kustomize_builds_the_objects(folder: Path) -> list[str]:
    done = kustomize(PLACE)
    if done.returncode:
        return [told(done)]
    kinds = {one["kind"]: one["metadata"] for one in documents(done.stdout)}
    problems = [] if kinds.keys() == {"DaemonSet", "NodeFeatureRule"} and kinds["DaemonSet"]["namespace"] == "node-feature-discovery" else [f"it builds {kinds}"]
    broken = folder / "broken"
    shutil.copytree(PLACE, broken)
    (broken / "node-feature-rule.yaml").unlink()
    return problems + ([] if kustomize(broken).returncode else ["kustomize misses no file"])


def kubernetes_takes_the_objects(npm_folder: Path, folder: Path) -> list[str]:
    npm(npm_folder)
    built = folder / "built.yaml"
    built.write_text(kustomize(PLACE).stdout, encoding="utf-8")
    done = run("node", HERE / "kubernetes.js", built, PLACE / "pod.yaml", cwd=npm_folder)
    problems = [] if done.returncode == 0 and {"apps/v1/DaemonSet: valid", "v1/Pod: valid"} <= set(done.stdout.splitlines()) else [told(done)]
    for name, old, new in (("daemonset.yaml", "containers:", "container:"), ("daemonset.yaml", "cpu: 1m", "cpu: [1m]"), ("pod.yaml", "weight: 1", "weight: one"), ("pod.yaml", "operator: In", "")):
        broken = folder / name
        broken.write_text(replaced((PLACE / name).read_text(encoding="utf-8"), old, new), encoding="utf-8")
        if run("node", HERE / "kubernetes.js", broken, cwd=npm_folder).returncode == 0:
            problems.append(f"{name} is taken with {new!r} in place of {old!r}")
    return problems


class Container:
    """Runs the DaemonSet's command in a mount namespace. A folder is its volume, a record replaces /dev/kvm."""

    def __init__(self, program: str, host: str, folder: Path) -> None:
        (daemon_set,) = documents((PLACE / "daemonset.yaml").read_text(encoding="utf-8"))
        pod = daemon_set["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        (self.mounted,) = [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "features"]
        self.volume = folder / "volume"
        self.volume.mkdir()
        commands = folder / "bin"
        commands.mkdir()
        command = commands / "virt-host-compat"
        command.write_text(f'#!/bin/sh\ncase $2 in run) exec {program} "$@" --probe {RECORDS}/{host}.json ;; *) exec {program} "$@" ;; esac\n', encoding="utf-8")
        command.chmod(0o755)
        # It gets an empty /etc and /run. The commands do not depend on what a new container has there.
        script = 'mount -t tmpfs tmpfs /etc && mount -t tmpfs tmpfs /run && mkdir -p "$1" && mount --bind "$2" "$1" && PATH=$3:$PATH && shift 3 && exec "$@"'
        words = ["unshare", "--mount", "sh", "-c", script, "container", self.mounted, str(self.volume), str(commands), *container["command"]]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def features(self) -> str | None:
        file = self.volume / "features.d/virt-host-compat"
        return file.read_text(encoding="utf-8") if file.exists() else None

    def wait_for_features(self) -> str | None:
        end = time.monotonic() + 60
        while self.features() is None and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        return self.features()

    def stop(self) -> int | None:
        """Stops it as Kubernetes does. Returns its status, or None if it would be killed."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            return None
        finally:
            # The command's sleep remains, as when a container is stopped.
            subprocess.run(["kill", "-KILL", "--", f"-{self.process.pid}"], capture_output=True, check=False)


def the_container_publishes(program: str, folder: Path) -> list[str]:
    need("unshare")
    need_root()
    problems = []
    for host in ("power10-as-power9", "power10-no-nesting"):
        place = folder / host
        place.mkdir()
        container = Container(program, host, place)
        left, status = container.wait_for_features(), container.stop()
        if left != published(program, "nfd", host):
            problems.append(f"{host}: it left {left!r}")
        if status != 0:
            problems.append(f"{host}: stopped, it ends with {status}")
        others = [path.name for path in container.volume.rglob("*") if path.is_file() and path.name != "virt-host-compat"]
        if others:
            problems.append(f"{host}: {others} are left beside it")
    # A record that cannot be read is not an answer. The container fails, so that the problem is noticed.
    (folder / "broken").mkdir()
    broken = Container(program, "nobody", folder / "broken")
    if broken.wait_for_features() is not None or broken.process.wait(60) == 0:
        problems.append("without an answer it publishes")
    return problems


def labels_of(program: str, host: str) -> dict[str, str]:
    """The labels of a recorded host, as Node Feature Discovery's worker reads them from the file."""
    labels = {}
    is_label = True
    for line in published(program, "nfd", host).splitlines():
        if line.startswith("#"):
            is_label = line != "# +no-label"
            continue
        if is_label:
            name, _, value = line.partition("=")
            labels[name] = value
        is_label = True
    return labels


def the_labels_fit(program: str, folder: Path) -> list[str]:
    """Some of the recorded hosts have the labels that the pod and the rule require, and some do not."""
    (pod,), (rule,) = (documents((PLACE / name).read_text(encoding="utf-8")) for name in ("pod.yaml", "node-feature-rule.yaml"))
    wanted = pod["spec"]["nodeSelector"].items()
    terms = [term for one in rule["spec"]["rules"][0]["matchAny"] for term in one["matchFeatures"]]
    problems = []
    for host, fits in (("power10", True), ("power11-as-power10", True), ("power10-as-power9", False), ("power10-no-nesting", False)):
        labels = labels_of(program, host)
        if (wanted <= labels.items()) != fits:
            problems.append(f"the pod goes to {host}: {not fits}")
        matched = any(term["feature"] == "local.label" and all(labels.get(name) == "true" and one == {"op": "IsTrue"} for name, one in term["matchExpressions"].items()) for term in terms)
        if matched != fits:
            problems.append(f"the rule matches {host}: {matched}")
    preferred = pod["spec"]["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]["preference"]["matchExpressions"][0]
    if labels_of(program, "power10").get(preferred["key"]) not in preferred["values"] or labels_of(program, "power11").get(preferred["key"]) in preferred["values"]:
        problems.append("what the pod prefers is not where power10 is the newest mode")
    return problems


def main(program: str, npm_folder: str) -> int:
    program, folder = str(Path(program).resolve()), Path(npm_folder).resolve()
    return run_checks(
        {
            "kustomize builds the objects": kustomize_builds_the_objects,
            "Kubernetes' schemas take the objects": partial(kubernetes_takes_the_objects, folder),
            "the container's command publishes": partial(the_container_publishes, program),
            "the pod and the rule ask for what there is": partial(the_labels_fit, program),
        }
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
