# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a guest's console: the frames with the job's files, and the text around them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import tarfile
import zlib

from .failures import LabError


class Console:
    """The guest's console, split into lines, in which the frames with this run's token are found.

    A job may send what it has so far (`kept`), so that this is not lost if its host locks up later. The last frame
    (`files`) is complete only if `ended` is set.
    """

    def __init__(self, token: str) -> None:
        self._marks = {word: f"@@lab {token} {word}".encode() for word in ("begin", "kept", "end", "grant")}
        self._rest = b""
        self._frame: list[bytes] | None = None
        self._last: tuple[list[bytes], str] | None = None
        self.text: list[bytes] = []
        self.ended = False
        self.kept = False
        self.panic: str | None = None
        # The address to which the guest wants the hypervisor's grant written; None after that was done.
        self.grant: str | None = None

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.rstrip(b"\r"))

    def _word(self, line: bytes, mark: str) -> str | None:
        """The text after a mark at the start of a line."""
        start = self._marks[mark]
        return line[len(start) :].strip(b" @").decode("ascii", "replace") if line.startswith(start) else None

    def _line(self, line: bytes) -> None:
        if self.ended:
            return
        if self._frame is not None and (digest := self._word(line, "end")) is not None:
            self._last, self.ended = (self._frame, digest), True
        elif self._frame is not None and (digest := self._word(line, "kept")) is not None:
            self._last, self._frame, self.kept = (self._frame, digest), None, True
        elif self._word(line, "begin") is not None:
            self._frame = []
        elif (grant := self._word(line, "grant")) is not None:
            self.grant = grant
        elif self._frame is not None and not line.startswith(b"["):
            self._frame.append(line)
        else:
            self.text.append(line)
            if b"Kernel panic" in line and self.panic is None:
                self.panic = line.decode("utf-8", "replace").strip()

    def last_words(self) -> str:
        said = [line.decode("utf-8", "replace").strip() for line in [*self.text, self._rest] if line.strip()]
        return said[-1][:200] if said else "nothing"

    def files(self) -> dict[str, bytes]:
        """The files of the last frame. A damaged frame is an error, never an incomplete result."""
        lines, digest = self._last or ([], "")
        try:
            packed = base64.b64decode(b"".join(lines), validate=True)
            if hashlib.sha256(packed).hexdigest() != digest:
                raise ValueError
            with tarfile.open(fileobj=io.BytesIO(zlib.decompress(packed, 31))) as tar:
                return {
                    member.name.removeprefix("./"): tar.extractfile(member).read()  # type: ignore[union-attr]
                    for member in tar
                    if member.isfile()
                }
        except (ValueError, binascii.Error, zlib.error, tarfile.TarError) as error:
            raise LabError("The guest's result was damaged on its console; run the same command again.") from error
