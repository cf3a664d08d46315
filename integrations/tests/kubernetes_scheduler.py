#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that Kubernetes' API server and scheduler place the pod of integrations/kubernetes by recorded hosts' labels.

Usage: kubernetes_scheduler.py PROGRAM. It is run manually: the first run builds Kubernetes into the lab's cache. The
servers' messages are printed as comments of the Test Anything Protocol.
"""

from __future__ import annotations

import copy
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from consumers import RECORDS, documents, need, replaced, run_checks, tap, told
from kubernetes_build import LabError, programs
from kubernetes_cluster import Cluster, in_a_namespace, node, wait_for
from kubernetes_test import PLACE, labels_of
from powerlab.packages import Unavailable

HOSTS = ("power10", "power10-as-power9", "power10-no-nesting")
# A node without published labels.
SILENT = "silent"
PREFIX = "feature.node.kubernetes.io/power-compat."
POD = (PLACE / "pod.yaml").read_text(encoding="utf-8")
INSIDE = "--inside"


def say(text: str) -> None:
    for line in text.strip().splitlines():
        print(f"# {line}", flush=True)


def object_of(text: str) -> dict:
    (one,) = documents(text)
    return one


def pod_for(mode: str) -> dict:
    """The pod of pod.yaml, for another mode."""
    return object_of(POD if mode == "power10" else replaced(POD, "power10", mode))


def without_wishes(name: str) -> dict:
    """A pod without requirements."""
    pod = object_of(POD)
    return {**pod, "metadata": {"name": name}, "spec": {"containers": pod["spec"]["containers"]}}


class Pods:
    """The pods of one check, in their own namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        cluster.told("create", "namespace", namespace)

    def post(self, pod: dict, name: str = "") -> str:
        """Posts a pod and returns its name."""
        named = copy.deepcopy(pod)
        named["metadata"]["name"] = name or pod["metadata"]["name"]
        done = self.cluster.create(named, self.namespace)
        if done.returncode:
            raise AssertionError(told(done))
        return named["metadata"]["name"]

    def node_of(self, name: str) -> str | None:
        return self.cluster.node_of(self.namespace, name)

    def placed(self, name: str) -> str:
        """Waits for the node of a pod."""
        place = wait_for(f"{name} has a node", partial(self.node_of, name))
        assert isinstance(place, str)
        return place

    def fate(self, name: str) -> str | None:
        """The scheduler's first decision: a node, or None. Prints the scheduler's messages."""
        events = wait_for(f"the scheduler's word about {name}", partial(self.cluster.scheduler_events, self.namespace, name))
        assert isinstance(events, dict)
        for reason, message in events.items():
            say(f"{name}: {reason}: {message}")
        return None if "FailedScheduling" in events else self.placed(name)

    def why_not(self, name: str) -> str:
        """The API server's last message about a pod without a node."""
        conditions = self.cluster.get("pod", name, f"--namespace={self.namespace}")["status"].get("conditions", [])
        return next((one["message"] for one in conditions if one["type"] == "PodScheduled" and one["status"] == "False" and one["reason"] == "Unschedulable"), "")

    def still_waiting(self, *names: str) -> list[str]:
        """A problem for each of these pods that has a node after the scheduler has placed a later pod."""
        self.placed(self.post(without_wishes("later")))
        self.cluster.told("delete", "pod", "later", f"--namespace={self.namespace}", "--force", "--grace-period=0")
        return [f"{name} is on {place}" for name in names if (place := self.node_of(name))] + [f"nobody says why {name} has no node" for name in names if not self.node_of(name) and not self.why_not(name)]


@contextmanager
def pods_in(cluster: Cluster, namespace: str) -> Iterator[Pods]:
    """The pods are removed at the end, so that all nodes are as empty as before."""
    pods = Pods(cluster, namespace)
    try:
        yield pods
    finally:
        cluster.told("delete", "pods", "--all", f"--namespace={namespace}", "--force", "--grace-period=0")


@contextmanager
def cordoned(cluster: Cluster, *names: str) -> Iterator[None]:
    cluster.told("cordon", *names)
    try:
        yield
    finally:
        cluster.told("uncordon", *names)


@contextmanager
def with_node(cluster: Cluster, name: str, labels: dict[str, str], architecture: str = "ppc64le") -> Iterator[None]:
    cluster.add_node(name, labels, architecture)
    try:
        yield
    finally:
        cluster.told("delete", "node", name)


def differing(what: str, found: object, wanted: object) -> list[str]:
    return [] if found == wanted else [f"{what}: {found}, not {wanted}"]


def pods_go_where_their_mode_is(program: str, cluster: Cluster, _: Path) -> list[str]:
    with pods_in(cluster, "modes") as pods:
        fates = {mode: pods.fate(pods.post(pod_for(mode))) for mode in ("power10", "power9", "power11")}
        problems = differing("they are placed", fates, {"power10": "power10", "power9": "power10-as-power9", "power11": None})
        problems += pods.still_waiting("guest-power11")
        problems += differing("the reason", pods.why_not("guest-power11"), "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity.")
        with with_node(cluster, "power11", labels_of(program, "power11")):
            place = pods.placed("guest-power11")
            say(f"guest-power11, once there is such a node: {place}")
            return problems + differing("guest-power11", place, "power11")


def nodes_without_newer_modes_are_preferred(program: str, cluster: Cluster, _: Path) -> list[str]:
    """With the preference, all pods are where power10 is the newest mode; without it, they are spread."""
    plain = pod_for("power10")
    del plain["spec"]["affinity"]
    with with_node(cluster, "power11", labels_of(program, "power11")):
        found = {}
        for name, pod in (("preferring", pod_for("power10")), ("plain", plain)):
            with pods_in(cluster, name) as pods:
                found[name] = sorted(pods.placed(pods.post(pod, f"{name}-{number}")) for number in range(4))
            say(f"four {name} pods: {', '.join(found[name])}")
    return differing("preferring", found["preferring"], ["power10"] * 4) + differing("plain", found["plain"], ["power10"] * 2 + ["power11"] * 2)


def nodes_without_the_label_are_never_chosen(_: str, cluster: Cluster, __: Path) -> list[str]:
    with pods_in(cluster, "never") as pods:
        with cordoned(cluster, "power10", "power10-as-power9"):
            # The other nodes accept pods.
            others = {pods.placed(pods.post(without_wishes(f"anywhere-{number}"))) for number in range(4)}
            problems = differing("pods without wishes", others, {"power10-no-nesting", SILENT})
            names = [pods.post(pod_for(mode)) for mode in ("power9", "power10")]
            problems += [f"{name} is placed" for name in names if pods.fate(name)] + pods.still_waiting(*names)
        places = {name: pods.placed(name) for name in names}
        say(f"once the others are free: {places}")
        return problems + differing("then", places, {"guest-power9": "power10-as-power9", "guest-power10": "power10"})


def labels_that_change_count(program: str, cluster: Cluster, _: Path) -> list[str]:
    moving, before, after = "power10-as-power9", labels_of(program, "power10-as-power9"), labels_of(program, "power10")
    with pods_in(cluster, "change") as pods, cordoned(cluster, "power10"):
        problems = differing("before", pods.fate(pods.post(pod_for("power10"))), None)
        cluster.set_labels(moving, after)
        try:
            place = pods.placed("guest-power10")
            say(f"guest-power10, once {moving} has the mode: {place}")
            problems += differing("after", place, moving)
        finally:
            cluster.set_labels(moving, before)
        second = pods.post(pod_for("power10"), "guest-power10-later")
        problems += differing("once the mode is lost", pods.fate(second), None) + pods.still_waiting(second)
        return problems + differing("what runs already stays", pods.node_of("guest-power10"), moving)


def selectors_that_are_wrong_match_nothing(_: str, cluster: Cluster, __: Path) -> list[str]:
    selector = f'{PREFIX}power10: "true"'
    with pods_in(cluster, "selectors") as pods:
        names = []
        for name, wrong in (("other-value", f'{PREFIX}power10: "yes"'), ("other-name", f'{PREFIX}power-10: "true"'), ("other-prefix", 'node.kubernetes.io/power-compat.power10: "true"')):
            names.append(pods.post(object_of(replaced(POD, selector, wrong)), name))
        problems = [f"{name} is placed" for name in names if pods.fate(name)] + pods.still_waiting(*names)
        for wrong, words in ((f"{PREFIX}power10: true", "ReadString"), (f'{PREFIX}power10: "power9,power10"', "Invalid value"), (f'{PREFIX}power_10/x: "true"', "Invalid value")):
            problems += refused(cluster.create(object_of(replaced(POD, selector, wrong)), "selectors"), wrong, words)
        return problems


def refused(done, what: str, words: str) -> list[str]:
    """A problem if the API server accepts an object, or refuses it with another message."""
    if done.returncode and words in done.stderr:
        say(f"{what}: {' '.join(done.stderr.split())[:240]}")
        return []
    return [f"{what}: {told(done)}"]


def labels_that_are_none_are_refused(program: str, cluster: Cluster, _: Path) -> list[str]:
    good = labels_of(program, "power10")
    problems = []
    for key, value in ((f"{PREFIX}modes", "power9,power10"), (f"{PREFIX}newest", "power10 (raw)"), (f"{PREFIX}newest", "-power10"), (f"{PREFIX}newest", "p" * 64), ("Bad_prefix/power-compat.power10", "true")):
        problems += refused(cluster.create(node("bad", {**good, key: value})), f"{key}={value}", "Invalid value")
        done = cluster.kubectl("get", "node", "bad")
        if done.returncode == 0 or "NotFound" not in done.stderr:
            problems.append(f"after {key}={value}: {told(done)}")
    # The published labels of each recorded host are accepted.
    hosts = sorted(path.stem for path in RECORDS.glob("*.json") if not path.name.endswith(".raw.json"))
    nodes = {"apiVersion": "v1", "kind": "List", "items": [node(f"all-{host}", labels_of(program, host)) for host in hosts]}
    done = cluster.kubectl("create", "--validate=false", "--dry-run=server", "--filename=-", stdin=json.dumps(nodes))
    taken = done.stdout.count(" created (server dry run)")
    say(f"nodes with the labels of {taken} recorded hosts are taken")
    return problems + ([] if done.returncode == 0 and taken == len(hosts) > 0 else [told(done)])


def the_daemon_set_is_taken(_: str, cluster: Cluster, folder: Path) -> list[str]:
    cluster.told("create", "namespace", "node-feature-discovery")
    done = cluster.kubectl("apply", "--kustomize", PLACE)
    say(done.stdout + done.stderr)
    # The rule's kind is defined by Node Feature Discovery, which is not installed here.
    problems = [] if "daemonset.apps/virt-host-compat created" in done.stdout and 'no matches for kind "NodeFeatureRule"' in done.stderr else [told(done)]
    built = [one for one in documents(cluster.told("kustomize", PLACE)) if one["kind"] == "DaemonSet"]
    kept = cluster.get("daemonset", "virt-host-compat", "--namespace=node-feature-discovery")
    problems += differing("daemon sets", len(built), 1) + [f"the API server keeps {path}: {found!r}, not {wanted!r}" for path, found, wanted in lost(built[0]["spec"], kept["spec"])]
    text = (PLACE / "daemonset.yaml").read_text(encoding="utf-8")
    for old, new, words in (
        ("containers:", "container:", "spec.template.spec.containers: Required value"),
        ("cpu: 1m", "cpu: [1m]", "quantities must match"),
        ("cpu: 1m", "cpu: 1x", "quantities must match"),
        ("memory: 64Mi", "memory: 8Mi", "must be less than or equal to memory limit"),
        ("kubernetes.io/arch: ppc64le", "kubernetes.io/arch: ppc64le,ppc64", "Invalid value"),
        ("- name: kvm\n              mountPath", "- name: kvn\n              mountPath", "volumeMounts[1].name: Not found"),
        ("type: DirectoryOrCreate", "type: DirectoryAndCreate", "Unsupported value"),
        ("    metadata:\n      labels:\n        app.kubernetes.io/name: virt-host-compat", "    metadata:\n      labels:\n        app.kubernetes.io/name: other", "`selector` does not match template `labels`"),
    ):
        problems += refused(cluster.create(object_of(replaced(text, old, new))), repr(new), words)
    return problems


def lost(wanted: object, kept: object, path: str = "spec") -> Iterator[tuple[str, object, object]]:
    """The differences between a posted object and the one that the API server stored, except for added defaults."""
    if isinstance(wanted, dict) and isinstance(kept, dict):
        for key, value in wanted.items():
            yield from lost(value, kept.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(kept, list) and len(wanted) == len(kept):
        for number, (one, other) in enumerate(zip(wanted, kept, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    # Fields such as readOnlyRootFilesystem are omitted if they have their default value.
    elif wanted != kept and not (wanted is False and kept is None):
        yield path, kept, wanted


CHECKS: dict[str, Callable[[str, Cluster, Path], list[str]]] = {
    "pods go where their mode is": pods_go_where_their_mode_is,
    "nodes without newer modes are preferred": nodes_without_newer_modes_are_preferred,
    "nodes without the label are never chosen": nodes_without_the_label_are_never_chosen,
    "labels that change count at once": labels_that_change_count,
    "selectors that are wrong match nothing": selectors_that_are_wrong_match_nothing,
    "labels that are none are refused": labels_that_are_none_are_refused,
    "the API server takes the DaemonSet": the_daemon_set_is_taken,
}


def inside(program: str) -> int:
    """Runs in the namespaces, with which the temporary folder ends."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Cluster(programs(), Path(folder)) as cluster:
                say(f"{cluster.told('version', '--short').splitlines()[-1]}, {cluster.etcd_version()}")
                for host in HOSTS:
                    cluster.add_node(host, labels_of(program, host))
                cluster.add_node(SILENT, {})
                say(cluster.told("get", "nodes", *(f"--label-columns={PREFIX}{name}" for name in ("known", "newest"))))
                return run_checks({name: partial(check, program, cluster) for name, check in CHECKS.items()})
        except AssertionError as problem:
            print(f"Bail out! {problem}")
            return 1


def main(arguments: list[str]) -> int:
    if arguments[:1] == [INSIDE]:
        return inside(arguments[1])
    program = str(Path(arguments[0]).resolve())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    need("unshare", "ip", "openssl")
    try:
        programs()
    except Unavailable as error:
        return tap.skip_all(str(error))
    except LabError as error:
        print(f"Bail out! {error}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        return in_a_namespace(Path(__file__).resolve(), [INSIDE, program], Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
