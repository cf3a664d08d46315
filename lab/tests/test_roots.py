# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests roots whose programs cannot find their loader, with real programs for ppc64le."""

import io
import subprocess
from pathlib import Path
from unittest import mock

from . import support
from powerlab import roots
from powerlab.archive import Archive
from powerlab.elf import interpreter
from powerlab.failures import LabError
from powerlab.packages import Suite

LOADER = "/lib64/ld64.so.2"


class Roots(support.LabTest):
    def setUp(self) -> None:
        super().setUp()
        self.tree = self.folder / "tree"
        program = self.tree / "usr/bin/program"
        program.parent.mkdir(parents=True)
        subprocess.run(
            ["cc", "-nostdlib", f"-Wl,--dynamic-linker={LOADER},-e,main,-pie", "-fPIE", "-x", "c", "-", "-o", program],
            input=b"int main(void) { return 0; }",
            check=True,
        )
        self.root = roots.Root(Suite(("trixie",)), ("thing",), ("usr/bin/program",))

    def loader(self, place: str) -> None:
        path = self.tree / place / "ld64.so.2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"loader")

    def written(self) -> list[str]:
        """The names of the root's entries."""
        stream = io.BytesIO()
        chosen = roots._chosen(self.tree, self.root)
        roots._write(self.tree, chosen, roots._loader_links(self.tree, chosen), Archive(stream))  # type: ignore[arg-type]
        said = subprocess.run(["cpio", "-t", "--quiet"], input=stream.getvalue(), stdout=subprocess.PIPE, check=True)
        return said.stdout.decode().splitlines()

    def test_a_program_names_its_loader(self) -> None:
        self.assertEqual(interpreter(self.tree / "usr/bin/program"), LOADER)
        self.assertIsNone(interpreter(Path(__file__)))

    def test_a_loader_in_its_place_needs_no_link(self) -> None:
        self.loader("lib64")
        self.assertEqual([name for name in self.written() if "ld64" in name], ["lib64/ld64.so.2"])

    def test_a_loader_below_usr_gets_a_link(self) -> None:
        self.loader("usr/lib64")
        self.assertEqual(sorted(name for name in self.written() if "ld64" in name), ["lib64/ld64.so.2", "usr/lib64/ld64.so.2"])

    def test_a_link_that_goes_up_leads_to_one_name(self) -> None:
        self.loader("usr/lib/powerpc64le-linux-gnu")
        (self.tree / "usr/lib64").mkdir()
        (self.tree / "usr/lib64/ld64.so.2").symlink_to("../lib/powerpc64le-linux-gnu/ld64.so.2")
        self.assertEqual([name for name in self.written() if ".." in name], [])

    def test_a_root_without_a_loader_is_refused(self) -> None:
        with self.assertRaises(LabError) as caught:
            self.written()
        self.assertIn(f"The loader {LOADER} of usr/bin/program is in none of the packages", str(caught.exception))

    def test_what_is_refused_leaves_nothing_in_the_cache(self) -> None:
        def unpack(suite: Suite, wanted: list[str], into: Path, dependencies: bool, database: bool) -> list[str]:
            self.tree.rename(into)
            return ["thing 1"]

        with mock.patch.dict(roots.ROOTS, {"thing": self.root}), mock.patch.object(Suite, "unpack", unpack):
            with self.assertRaises(LabError):
                roots.get("thing")
        self.assertEqual(self.leftovers(), [])
