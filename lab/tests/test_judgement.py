# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that the comparisons of documents, traces and messages find differences, and that archives can be read."""

import io
import json
import subprocess
import unittest

from . import support  # noqa: F401  (sets the module path)
from .test_expectation import said
from powerlab import faults, libvirts, shapes
from powerlab.archive import Archive


class Documents(unittest.TestCase):
    def test_only_inserted_lines_may_differ(self) -> None:
        before = "<cpu>\n  <model>POWER10</model>\n</cpu>\n"
        after = before.replace("</cpu>", "  <compat source='kvm'>\n    <mode name='power9' supported='yes'/>\n  </compat>\n</cpu>")
        added, other = libvirts._judge_lines(before, after)
        self.assertEqual((len(added), other), (3, []))
        self.assertNotEqual(libvirts._judge_lines(before, after.replace("POWER10", "POWER9"))[1], [])
        self.assertNotEqual(libvirts._judge_lines(before, after.replace("<model>POWER10</model>", ""))[1], [])

    def test_trace(self) -> None:
        trace = '1 openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = 3\n1 open("/etc/passwd", O_RDONLY) = 4\n'
        self.assertEqual(faults.opened_without_need(trace), ["/etc/passwd"])

    def test_silence_is_no_message(self) -> None:
        self.assertEqual(faults._judge("no-device", 4, ""), "DISAGREE")
        self.assertEqual(faults._judge("no-device", 0, "x"), "DISAGREE")
        self.assertEqual(faults._judge("no-device", 4, "no /dev/kvm"), "agree")
        self.assertEqual(faults._judge("output-full", 5, "virt-host-compat: cannot write"), "agree")
        self.assertEqual(faults._judge("no-device-tree", 0, "x"), "DISAGREE")
        self.assertEqual(faults._judge("descriptors-5", 0, "x"), "agree")
        self.assertEqual(faults._judge("descriptors-5", 0, "x", capability=False), "DISAGREE")
        self.assertEqual(faults._judge("output-full", 5, "internal buffer error / virt-host-compat: cannot write"), "DISAGREE")
        self.assertEqual(faults._words(json.dumps(said()), ""), "kvm: power9")


class Shapes(unittest.TestCase):
    """The results of libvirt and check for many domains, as a boot leaves them."""

    def files(self, refused: set[int], called: dict[int, str], command: str = "-machine pseries -accel kvm -cpu host -m 512") -> dict[str, str]:
        numbers = range(shapes.COUNT)
        answers = [{"verdict": called.get(index, "incompatible" if index in refused else "compatible"), "reason": "why"} for index in numbers]
        said = json.dumps({"virt-host-compat": {"domains": answers}})
        return {
            "shapes": "".join(f"@@d{index}\nDomain defined\n{'' if index in refused else command}\n" for index in numbers),
            "shapes.err": "".join(f"error: @@d{index}\n{'error: unsupported' if index in refused else ''}\n" for index in numbers),
            "shapes-said": said,
            "shapes-here": said,
        }

    def different(self, *arguments: object) -> list[str]:
        return shapes.compare(1, self.files(*arguments))[1]  # type: ignore[arg-type]

    def test_agreement(self) -> None:
        half = set(range(0, shapes.COUNT, 2))
        self.assertEqual(self.different(half, {}), [])
        self.assertEqual(self.different(half, {0: "unknown", 1: "unknown"}), [])
        self.assertIn("0 disagree", shapes.compare(1, self.files(half, {}))[0])

    def test_disagreement(self) -> None:
        half = set(range(0, shapes.COUNT, 2))
        self.assertEqual(len(self.different(half, {4: "compatible"})), 1)
        self.assertEqual(len(self.different(half, {5: "incompatible"})), 1)
        # The refusal does not come from libvirt, but from KVM or QEMU.
        for command in ("-machine pseries,max-cpu-compat=power10 -accel kvm -cpu host", "-machine pseries -accel kvm -cpu host,dfp=on", "-machine pseries -accel kvm -cpu POWER8", "-machine pseries -accel tcg", "-machine powernv9 -accel kvm -cpu host"):
            self.assertEqual(self.different(half, {5: "incompatible"}, command), [], command)

    def test_domains_that_show_nothing(self) -> None:
        self.assertEqual(len(self.different(set(), {})), 1)
        files = self.files(set(range(0, shapes.COUNT, 2)), {})
        for name in files:
            self.assertNotEqual(shapes.compare(1, files | {name: ""})[1], [], name)


class Cpio(unittest.TestCase):
    def test_cpio_reads_it(self) -> None:
        stream = io.BytesIO()
        archive = Archive(stream)
        archive.file("a/b/c", b"text", 0o755)
        archive.link("a/l", "b/c")
        archive.device("dev/console", 5, 1)
        archive.close()
        done = subprocess.run(["cpio", "-itv", "--quiet"], input=stream.getvalue(), capture_output=True, check=True)
        listed = done.stdout.decode()
        self.assertEqual([line.split()[8] for line in listed.splitlines() if not line.startswith("c")], ["a", "a/b", "a/b/c", "a/l", "dev"])
        self.assertIn("a/l -> b/c", listed)
        self.assertRegex(listed, r"crw-------.* 5, +1 .* dev/console")
