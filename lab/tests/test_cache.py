# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that items in the cache are complete and made once, and that a full disk is reported."""

import errno
import os
import signal
import threading
import time
from pathlib import Path

from . import support
from powerlab import cachedir
from powerlab.failures import Interrupted, LabError, describe_os_error


class Cache(support.LabTest):
    def test_made_once(self) -> None:
        calls: list[Path] = []

        def make(part: Path) -> None:
            calls.append(part)
            part.write_text("whole")

        for _ in range(2):
            self.assertEqual(cachedir.item("thing", make).read_text(), "whole")
        self.assertEqual(len(calls), 1)

    def test_item_that_lacks_something_is_made_again(self) -> None:
        cachedir.item("thing", lambda part: part.mkdir())
        self.assertEqual(cachedir.item("thing", lambda part: self.fail("made twice"), lambda made: made.is_dir()), cachedir.root() / "thing")

        def make(part: Path) -> None:
            part.mkdir()
            (part / "driver").write_text("x")

        again = cachedir.item("thing", make, lambda made: (made / "driver").exists())
        self.assertEqual([path.name for path in again.iterdir()], ["driver"])
        self.assertEqual(self.leftovers(), [])

    def test_interruption_leaves_nothing(self) -> None:
        def make(part: Path) -> None:
            part.mkdir()
            (part / "half").write_text("x")
            raise Interrupted(signal.SIGINT)

        with self.assertRaises(Interrupted):
            cachedir.item("thing", make)
        self.assertFalse((cachedir.root() / "thing").exists())
        self.assertEqual(self.leftovers(), [])

    def test_leftover_of_a_killed_run_is_replaced(self) -> None:
        stale = cachedir.root() / "thing.part"
        (stale / "closed").mkdir(parents=True)
        (stale / "closed/half").write_text("x")
        os.chmod(stale / "closed", 0o500)
        made = cachedir.item("thing", lambda part: part.write_text("whole") and None)
        self.assertEqual(made.read_text(), "whole")
        self.assertEqual(self.leftovers(), [])

    def test_full_disk_is_one_sentence_and_leaves_nothing(self) -> None:
        def make(part: Path) -> None:
            part.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part))

        with self.assertRaises(OSError) as caught:
            cachedir.item("thing", make)
        self.assertIn("is full; free some space", describe_os_error(caught.exception))
        self.assertEqual(self.leftovers(), [])

    def test_two_at_once_make_it_once(self) -> None:
        calls: list[int] = []

        def make(part: Path) -> None:
            calls.append(1)
            time.sleep(0.2)
            part.write_text("whole")

        threads = [threading.Thread(target=cachedir.item, args=("thing", make)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(calls), 1)

    def test_folder_that_cannot_be_made(self) -> None:
        (self.folder / "file").write_text("")
        os.environ[cachedir.ENVIRONMENT] = str(self.folder / "file/below")
        with self.assertRaises(LabError) as caught:
            cachedir.root()
        self.assertIn(cachedir.ENVIRONMENT, str(caught.exception))

    def test_size_and_clean(self) -> None:
        cachedir.item("thing", lambda part: part.write_bytes(b"x" * 100000) and None)
        self.assertGreater(cachedir.size(cachedir.root()), 90000)
        folder = cachedir.root()
        cachedir.clean()
        self.assertFalse(folder.exists())
