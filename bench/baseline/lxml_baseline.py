#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds the newest common mode of the documents in a list, as a Python program with lxml would do it."""

from __future__ import annotations

import sys
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

ORDER = ["power9", "power10", "power11"]


def main(paths: list[str]) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    common = set(ORDER)
    for path in paths:
        cpu = etree.fromstring(Path(path).read_bytes(), parser).find("host/cpu/compat")
        common &= {mode.get("name") for mode in cpu if mode.get("supported") == "yes"}
    print(max(common, key=ORDER.index) if common else "none")


main(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
