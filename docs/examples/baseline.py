#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the newest mode common to hosts: baseline.py HOST..., each a record or a capabilities document."""

import ctypes
import sys

library = ctypes.CDLL("libvirt-host-compat.so.0")
library.vhcBaseline.argtypes = [
    ctypes.POINTER(ctypes.c_char_p), ctypes.c_size_t, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_void_p),
]
library.vhcFree.argtypes = [ctypes.c_void_p]


def take(text: ctypes.c_void_p) -> str:
    """A text of the library's, which is freed."""
    value = ctypes.string_at(text).decode() if text.value else ""
    library.vhcFree(text)
    return value


def baseline(hosts: list[bytes]) -> tuple[int, str, str]:
    """The status, the mode and the error."""
    mode, error = ctypes.c_void_p(), ctypes.c_void_p()
    texts = (ctypes.c_char_p * len(hosts))(*hosts)
    status = library.vhcBaseline(texts, len(hosts), ctypes.byref(mode), ctypes.byref(error))
    return status, take(mode), take(error)


if __name__ == "__main__":
    contents = []
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            contents.append(file.read())
    status, mode, error = baseline(contents)
    print(mode or error)
    sys.exit(status)
