# SPDX-License-Identifier: LGPL-2.1-or-later
"""The cache folder. An item in it is complete, and is made only once."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .failures import LabError

ENVIRONMENT = "VIRT_HOST_COMPAT_LAB_CACHE"


def root() -> Path:
    """The cache folder, created if it is missing. VIRT_HOST_COMPAT_LAB_CACHE overrides it."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        folder = Path(chosen).absolute()
    else:
        home = os.environ.get("XDG_CACHE_HOME")
        folder = (Path(home) if home else Path.home() / ".cache") / "virt-host-compat-lab"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"Cannot make the cache folder {folder} ({error.strerror}); name another one in {ENVIRONMENT}.") from error
    return folder


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock of one item. The kernel releases it when the process ends, in whichever way."""
    folder = root() / "locks"
    folder.mkdir(exist_ok=True)
    with open(folder / name.replace("/", "_"), "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def remove_tree(path: Path) -> None:
    """Remove a file or a folder, also one with read-only folders (some packages have them)."""
    if path.is_dir() and not path.is_symlink():
        for folder, _, _ in os.walk(path):
            os.chmod(folder, 0o700)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _anything(_: Path) -> bool:
    return True


def item(name: str, make: Callable[[Path], None], whole: Callable[[Path], bool] = _anything) -> Path:
    """The path of an item, which make(temporary path) creates if it is missing.

    `whole` checks whether an existing item contains everything that is needed. An item that an older lab made without
    some part is made again.

    The temporary path is renamed only after make returned, so an interrupted download or a full disk leaves nothing
    that looks complete. The next run removes the leftover of a killed run: it holds the lock, so no other process
    writes there.
    """
    final = root() / name
    if final.exists() and whole(final):
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with lock(name):
        if final.exists() and whole(final):
            return final
        part = final.with_name(final.name + ".part")
        remove_tree(part)
        try:
            make(part)
            remove_tree(final)
            part.rename(final)
        except BaseException:
            remove_tree(part)
            raise
    return final


def size(path: Path) -> int:
    """The disk space that a file or a folder uses, in bytes."""
    if not path.is_dir():
        return path.stat().st_blocks * 512
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total


def clean() -> None:
    """Remove everything in the cache, and the folder itself."""
    remove_tree(root())
