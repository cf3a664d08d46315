#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares check with a real libvirt over generated domains: check must not call a domain compatible that libvirt
refuses, nor
one incompatible that libvirt accepts.

The domains are emulated (type qemu), so libvirt starts them on any machine, and all refusals are libvirt's own. The
environment variables COUNT and SEED replace the default of a thousand domains with a new seed, which is printed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import unittest
from collections import Counter

import libvirt

import domain_shapes
import module_setup
import newer_daemon
import private_daemon
from module_setup import ModuleTestCase
from powerlab.failures import LabError

PROGRAM = module_setup.built("VHC_PROGRAM")
COUNT = int(os.environ.get("COUNT", "1000"))
SEED = int(os.environ.get("SEED") or random.randrange(1 << 32))
# Errors about the machine, not the domain: libvirt compares with this host's CPU, which is not a POWER processor.
OF_THIS_MACHINE = ("unknown host CPU",)


def refusal(connection: libvirt.virConnect, document: str) -> str:
    """libvirt's error when the domain is defined or its start is prepared; empty if libvirt accepts it."""
    try:
        connection.defineXML(document).undefine()
        connection.domainXMLToNative("qemu-argv", document, 0)
    except libvirt.libvirtError as error:
        return str(error)
    return ""


class Differential(ModuleTestCase):
    def compare(self, uri: str) -> None:
        libvirt.registerErrorHandler(lambda *_: None, None)
        shapes = domain_shapes.Shapes(SEED)
        documents = [shapes.domain(index) for index in range(COUNT)]
        connection = libvirt.open(uri)
        version = connection.getLibVersion()
        refusals = [refusal(connection, document) for document in documents]
        connection.close()
        inputs = self.folder / "all.xml"
        inputs.write_text("\n".join(documents), encoding="utf-8")
        done = subprocess.run(
            [str(PROGRAM), "check", "--json", "--probe", str(module_setup.SOURCE_ROOT / "xml-tests/records/power10.json"), str(inputs)],
            capture_output=True, text=True, timeout=600,
        )
        verdicts = json.loads(done.stdout)["virt-host-compat"]["domains"]
        self.assertEqual(len(verdicts), COUNT)
        problems, counts = [], Counter()
        for document, words, verdict in zip(documents, refusals, verdicts):
            refused = verdict["verdict"] in ("incompatible", "error")
            counts[(bool(words), refused)] += 1
            if bool(words) != refused and not any(word in words for word in OF_THIS_MACHINE):
                problems.append(f"{document}\n  libvirt: {words or 'takes it'}\n  check: {verdict['verdict']}: {verdict['reason']}")
        print(f"libvirt {version}, seed {SEED}: of {COUNT} domains both refuse {counts[True, True]} and take {counts[False, False]}", file=sys.stderr)
        self.assertGreater(min(counts[True, True], counts[False, False]), COUNT // 10, "the shapes show nothing")
        self.assertEqual(problems[:5], [], f"{len(problems)} disagree")

    def test_this_libvirt(self) -> None:
        with self.daemon() as daemon:
            self.compare(daemon.uri())

    def compare_newer(self, suite: str) -> None:
        folder = self.folder / "daemon"
        folder.mkdir()
        try:
            daemon = newer_daemon.NewerDaemon(suite, folder)
        except LabError as error:
            self.lacking(str(error))
        with daemon:
            self.compare(daemon.uri())

    def test_debian_13(self) -> None:
        self.compare_newer("trixie")

    def test_unstable(self) -> None:
        self.compare_newer("sid")


if __name__ == "__main__":
    if reason := private_daemon.missing():
        private_daemon.skip(reason)
    unittest.main(verbosity=2)
