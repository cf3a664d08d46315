#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Validates every document of a list as a Python program with lxml would. Usage: lxml_validate.py SCHEMA LIST"""

from __future__ import annotations

import sys
from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]


def main(schema: str, listing: str) -> int:
    grammar = etree.RelaxNG(etree.parse(schema))
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    invalid = 0
    for path in Path(listing).read_text(encoding="utf-8").splitlines():
        invalid += not grammar.validate(etree.parse(path, parser))
    return 1 if invalid else 0


sys.exit(main(sys.argv[1], sys.argv[2]))
