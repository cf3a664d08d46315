# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds Kubernetes' servers, which Debian only has as source, into the lab's cache; etcd and kubectl are Debian's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from consumers import ROOT

sys.path.insert(0, str(ROOT / "lab"))

from powerlab import cachedir  # noqa: E402
from powerlab.failures import LabError, require_program  # noqa: E402
from powerlab.packages import Suite, native  # noqa: E402

SERVERS = ("kube-apiserver", "kube-scheduler")
_SOURCES = Suite(("bookworm-updates", "bookworm"), sources=True)
_DEBIAN = native("bookworm-updates", "bookworm", spare=("trixie",))
# Newer compilers refuse code that is part of Kubernetes 1.20. The compiler of the same Debian release builds it.
_GO = "go-1.19"
_REFLECT2 = "github.com/modern-go/reflect2"
_MODULE = "k8s.io/kubernetes"
# The packages with the version that a program reports, and with the one that the API server reports.
_VERSIONS = tuple(f"{_MODULE}/vendor/k8s.io/{name}/version" for name in ("component-base", "client-go/pkg"))
# The types whose fields the API server describes, found as in Kubernetes' Makefile.generated_files.
_DESCRIBED = re.compile(r"^// *\+k8s:openapi-gen=true", re.M)
_NOT_SERVED = ("code-generator", "sample-apiserver")


def _run(command: list[object], folder: Path, environment: dict[str, str] | None = None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"Building Kubernetes failed at `{' '.join(words)[:80]}`: {' '.join((done.stdout + done.stderr).split())[-400:]}")


def _unpack_source(work: Path) -> Path:
    """Unpacks Kubernetes' source with Debian's patches, at its place in GOPATH."""
    files = _SOURCES.download_source("kubernetes", work / "downloads")
    source = work / "go/src" / _MODULE
    source.mkdir(parents=True)
    tar = require_program("tar", "tar")
    _run([tar, "-xf", next(path for path in files if ".orig.tar." in path.name and path.suffix != ".asc"), "--strip-components=1"], source)
    _run([tar, "-xf", next(path for path in files if ".debian.tar." in path.name)], source)
    for line in (source / "debian/patches/series").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            _run([require_program("patch", "patch"), "--quiet", "-p1", "-i", f"debian/patches/{line}"], source)
    return source


def _newer_reflect2(work: Path, source: Path) -> None:
    """Replaces reflect2: with the copy in Kubernetes' source, programs crash if a Go newer than 1.17 compiled them."""
    _DEBIAN.unpack(["golang-github-modern-go-reflect2-dev"], work / "reflect2", dependencies=False)
    shutil.rmtree(source / "vendor" / _REFLECT2)
    shutil.copytree(work / "reflect2/usr/share/gocode/src" / _REFLECT2, source / "vendor" / _REFLECT2)


def _described(source: Path) -> list[str]:
    found = set()
    for top in (source / "pkg", source / "staging/src/k8s.io"):
        for path in top.rglob("*.go"):
            if path.parent not in found and _DESCRIBED.search(path.read_text(encoding="utf-8")):
                found.add(path.parent)
    names = (str(folder.relative_to(source)).replace("staging/src/", "vendor/") for folder in found)
    return sorted(f"{_MODULE}/{name}" for name in names if not any(part in name for part in _NOT_SERVED))


def _version(source: Path) -> str:
    """Kubernetes' own version. Debian's version has another number before "really"."""
    first = (source / "debian/changelog").read_text(encoding="utf-8").partition(")")[0]
    match = re.search(r"(?:really|\()(\d+\.\d+\.\d+)-", first)
    if match is None:
        raise LabError(f"Debian's package has a version that this script does not read: {first})")
    return match[1]


def _make_servers(part: Path) -> None:
    work = part / "work"
    work.mkdir(parents=True)
    source = _unpack_source(work)
    _newer_reflect2(work, source)
    _DEBIAN.unpack([f"golang-1.19-{name}" for name in ("go", "src")], work / "compiler", dependencies=False)
    root = work / "compiler/usr/lib" / _GO
    own = {"GOROOT": str(root), "GOPATH": str(work / "go"), "GO111MODULE": "off", "CGO_ENABLED": "0", "GOPROXY": "off"}
    # Keep the compiled objects until everything is built, so that the next run continues if this one is stopped.
    objects = cachedir.root() / "kubernetes/objects"
    # A lower value makes the compiler use less memory and more time.
    environment = {"GOGC": "400", **os.environ, **own, "GOCACHE": str(objects), "HOME": str(work)}
    version = _version(source)
    facts = {"gitVersion": f"v{version}", **dict(zip(("gitMajor", "gitMinor"), version.split("."), strict=False))}
    flags = " ".join(["-s", "-w", *(f"-X {place}.{name}={value}" for place in _VERSIONS for name, value in facts.items())])
    nice = ["nice", "-n", "15"] if shutil.which("nice") else []
    build = [*nice, root / "bin/go", "build", "-trimpath", "-ldflags", flags, "-o"]
    _run([*build, work / "openapi-gen", "./vendor/k8s.io/kube-openapi/cmd/openapi-gen"], source, environment)
    described = [item for name in _described(source) for item in ("-i", name)]
    header = ["-h", "vendor/k8s.io/code-generator/hack/boilerplate.go.txt", "-r", work / "violations", "--output-base", work / "go/src"]
    _run([*nice, work / "openapi-gen", *described, "-p", f"{_MODULE}/pkg/generated/openapi", "-O", "zz_generated.openapi", *header], source, environment)
    _run([*build, f"{part}/", *(f"./cmd/{name}" for name in SERVERS)], source, environment)
    for folder in (work, objects):
        cachedir.remove_tree(folder)


def _make_debian(part: Path) -> None:
    _DEBIAN.unpack(["etcd-server", "kubernetes-client"], part, dependencies=False)


def _all_there(folder: Path) -> bool:
    return all((folder / name).is_file() for name in SERVERS)


def programs() -> dict[str, Path]:
    """The paths of etcd, kubectl and the servers, which are made if the cache does not have them. Raises LabError."""
    debian = cachedir.item("kubernetes/debian", _make_debian)
    servers = cachedir.item("kubernetes/servers", _make_servers, _all_there)
    return {"etcd": debian / "usr/bin/etcd", "kubectl": debian / "usr/bin/kubectl"} | {name: servers / name for name in SERVERS}
