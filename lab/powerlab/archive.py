# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes cpio archives that Linux unpacks as its initial root (newc), without root rights.

Format: Linux Documentation/driver-api/early-userspace/buffer-format.rst. Several archives may follow each other, each
with its own compression. So the lab can add a program to a large root that was packed once.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO


class Archive:
    """One archive, written entry by entry to a binary stream. The folders above an entry are added, too."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inode = 0
        self._folders: set[str] = {"."}

    def _entry(self, name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self._inode += 1
        encoded = os.fsencode(name) + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        self._stream.write(header + b"\0" * (-len(header) % 4))
        self._stream.write(data)
        self._stream.write(b"\0" * (-len(data) % 4))

    def folder(self, name: str, mode: int = 0o755) -> None:
        """Add a folder and the folders above it, once."""
        path = PurePosixPath(name.strip("/"))
        for parent in [*reversed(path.parents), path]:
            if str(parent) not in self._folders:
                self._folders.add(str(parent))
                self._entry(str(parent), stat.S_IFDIR | (mode if parent == path else 0o755), b"")

    def _parents(self, name: str) -> str:
        path = PurePosixPath(name.strip("/"))
        self.folder(str(path.parent))
        return str(path)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file with its contents."""
        self._entry(self._parents(name), stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self._entry(self._parents(name), stat.S_IFLNK | 0o777, os.fsencode(target))

    def device(self, name: str, major: int, minor: int, mode: int = 0o600) -> None:
        """Add a character device."""
        self._entry(self._parents(name), stat.S_IFCHR | mode, b"", (major, minor))

    def tree(self, source: Path, prefix: str = "") -> None:
        """Add everything in a folder of this machine, without following links."""
        for folder, names, files in os.walk(source):
            names.sort()
            base = PurePosixPath(prefix) / PurePosixPath(os.path.relpath(folder, source))
            for name in sorted(files) + [n for n in names if os.path.islink(os.path.join(folder, n))]:
                path = os.path.join(folder, name)
                information = os.lstat(path)
                if stat.S_ISLNK(information.st_mode):
                    self.link(str(base / name), os.readlink(path))
                elif stat.S_ISREG(information.st_mode):
                    self.file(str(base / name), Path(path).read_bytes(), stat.S_IMODE(information.st_mode))
            for name in names:
                if not os.path.islink(os.path.join(folder, name)):
                    self.folder(str(base / name), stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode) | 0o700)

    def close(self) -> None:
        """Write the end of the archive; the stream stays open."""
        self._entry("TRAILER!!!", 0, b"")
        if self._stream.seekable():
            self._stream.write(b"\0" * (-self._stream.tell() % 512))
