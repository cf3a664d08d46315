# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small Debian archive on the loopback interface, whose lists can name packages that its pool does not have."""

from __future__ import annotations

import email.utils
import functools
import hashlib
import http.server
import os
import subprocess
import threading
import time
from pathlib import Path


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Keep requests out of the tests' output."""


class DebianArchive:
    """An archive in a folder; add() and write() fill it, serve() gives its URI."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._packages: dict[str, list[str]] = {}
        self._sources: dict[str, list[str]] = {}
        self._written = 0

    def add(self, suite: str, name: str, version: str, files: dict[str, bytes], depends: str = "", architecture: str = "ppc64el", there: bool = True) -> None:
        """List a package in a suite. If `there` is false, the pool does not have it."""
        tree = self.folder / "build" / f"{name}_{version}"
        for inside, data in files.items():
            path = tree / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: nobody <nobody@example.invalid>\n"
        control += (f"Depends: {depends}\n" if depends else "") + "Description: a package of a test\n"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (tree / "DEBIAN/control").write_text(control)
        # File names in the pool have no epoch.
        place = f"pool/{name}_{version.partition(':')[2] or version}_{architecture}.deb"
        deb = self.folder / place
        deb.parent.mkdir(exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(deb)], check=True, capture_output=True)
        data = deb.read_bytes()
        listed = f"{control}Filename: {place}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        self._packages.setdefault(f"{suite}/{architecture}", []).append(listed)
        if not there:
            deb.unlink()

    def add_source(self, suite: str, name: str, version: str, missing: tuple[str, ...] = (), damaged: tuple[str, ...] = ()) -> None:
        """List a source package in a suite. In the pool some files are missing, and others are damaged."""
        upstream = version.partition("-")[0]
        sums = []
        for file in (f"{name}_{version}.dsc", f"{name}_{upstream}.orig.tar.gz", f"{name}_{version}.debian.tar.xz"):
            path = self.folder / "pool" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            data = f"{file} of {suite}".encode()
            sums.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {file}")
            if not file.endswith(missing or "none"):
                path.write_bytes(data[::-1] if file.endswith(damaged or "none") else data)
        self._sources.setdefault(suite, []).append(
            f"Package: {name}\nFormat: 3.0 (quilt)\nBinary: {name}\nVersion: {version}\nArchitecture: any\nDirectory: pool\nChecksums-Sha256:\n" + "\n".join(sums) + "\n"
        )

    def write(self, *suites: str, architecture: str = "ppc64el", valid_seconds: float = 3600) -> None:
        """Write the lists of suites. With a negative time they have expired."""
        now = time.time()
        for suite in suites:
            lists = self.folder / f"dists/{suite}/main/binary-{architecture}"
            lists.mkdir(parents=True, exist_ok=True)
            data = "\n".join(self._packages.get(f"{suite}/{architecture}", [])).encode()
            (lists / "Packages").write_bytes(data)
            sources = self.folder / f"dists/{suite}/main/source/Sources"
            sources.parent.mkdir(exist_ok=True)
            of_sources = "\n".join(self._sources.get(suite, [])).encode()
            sources.write_bytes(of_sources)
            dates = [email.utils.formatdate(when, usegmt=True).replace("GMT", "UTC") for when in (now - 7200, now + valid_seconds)]
            release = self.folder / f"dists/{suite}/Release"
            release.write_text(
                f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nDate: {dates[0]}\nValid-Until: {dates[1]}\n"
                f"Architectures: {architecture}\nComponents: main\n"
                f"SHA256:\n {hashlib.sha256(data).hexdigest()} {len(data)} main/binary-{architecture}/Packages\n"
                f" {hashlib.sha256(of_sources).hexdigest()} {len(of_sources)} main/source/Sources\n"
            )
            # HTTP times have a resolution of a second, and the lists may be written again within the same one.
            self._written += 1
            for path in (release, lists / "Packages", sources):
                os.utime(path, (now, now - 1000 + self._written))

    def serve(self) -> tuple[str, http.server.ThreadingHTTPServer]:
        """Serve the archive on the loopback interface. Returns the URI and the server, which the caller shuts down."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(self.folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}", server
