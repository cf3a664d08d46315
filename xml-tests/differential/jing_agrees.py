#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that Jing accepts what the fast path accepts: 2,000 mutated documents by each grammar.

Usage: jing_agrees.py DIFFERENTIAL STRICT-GRAMMAR STRICT-GRAMMAR-FOR-DOMAINS. Exit status 77 (skipped) if Jing is
missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
KEPT = 2_000


def accepted(differential: str, grammar: str, folder: Path) -> list[Path]:
    """The first documents that the fast path accepts, stored in the folder."""
    folder.mkdir()
    arguments = ["--grammar", grammar, "--made", "--documents", str(SOURCES / "xml-tests" / "valid")]
    subprocess.run([differential, *arguments, "--count", "24000", "--seed", "3", "--keep", str(folder)], check=True)
    return sorted(folder.iterdir())


def main(differential: str, strict: str, strict_for_domains: str) -> int:
    if not shutil.which("jing"):
        print("Jing is missing (package jing)")
        return 1 if os.environ.get("CI") else 77
    status = 0
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for grammar in (*(SOURCES / "schema").glob("*.rng"), strict, strict_for_domains):
            shutil.copy(grammar, place)
        for name, file in (
            ("built-in", "capabilities-compat.rng"),
            ("strict", Path(strict).name),
            ("built-in-domaincaps", "domaincaps-compat.rng"),
            ("strict-domaincaps", Path(strict_for_domains).name),
        ):
            documents = accepted(differential, name, place / name)
            if len(documents) < KEPT:
                print(f"WRONG: only {len(documents)} documents were accepted by the {name} grammar")
                status = 1
            done = subprocess.run(["jing", str(place / file), *map(str, documents)], capture_output=True, text=True, check=False)
            print(f"{name}: Jing on {len(documents)} documents: status {done.returncode}")
            if done.returncode != 0 or done.stdout:
                print(f"WRONG: accepted and refused by Jing\n{done.stdout[:2000]}{done.stderr[:2000]}")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
