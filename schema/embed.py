#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the grammars as C++ constants, each whole: included grammars of this folder are put in."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RNG = "http://relaxng.org/ns/structure/1.0"


def load(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()


def replaced_by(override: ElementTree.Element, child: ElementTree.Element) -> bool:
    """Whether an include's own definition takes the place of one in the included grammar."""
    return override.tag == child.tag and override.get("name") == child.get("name")


def inline(include: ElementTree.Element, folder: Path) -> ElementTree.Element:
    """The <div> that RELAX NG says an <include> stands for (specification, section 4.7)."""
    grammar = load(folder / include.get("href", ""))
    merge(grammar, folder)
    overrides = list(include)
    div = ElementTree.Element(f"{{{RNG}}}div", grammar.attrib)
    div.extend(overrides)
    for child in grammar:
        if not any(replaced_by(override, child) for override in overrides):
            div.append(child)
    return div


def merge(grammar: ElementTree.Element, folder: Path) -> None:
    for position, child in enumerate(list(grammar)):
        href = child.get("href", "")
        if child.tag == f"{{{RNG}}}include" and (folder / href).is_file():
            grammar[position] = inline(child, folder)


def compact(element: ElementTree.Element) -> None:
    """Drops the white space between elements; no value of the grammars consists of it."""
    for node in element.iter():
        if node.text and not node.text.strip():
            node.text = None
        if node.tail and not node.tail.strip():
            node.tail = None


def constant(name: str, path: Path) -> str:
    grammar = load(path)
    merge(grammar, path.parent)
    compact(grammar)
    text = ElementTree.tostring(grammar, encoding="unicode")
    assert ')rng"' not in text
    return f'constexpr std::string_view {name} = R"rng({text})rng";\n'


def main() -> None:
    output, schema_dir, *grammars = sys.argv[1:]
    ElementTree.register_namespace("", RNG)
    constants = "".join(constant(*pair) for pair in named(grammars))
    Path(output).write_text(
        "// SPDX-License-Identifier: LGPL-2.1-or-later\n"
        "// The grammars of schema/ as constants; made by schema/embed.py.\n"
        "#pragma once\n\n#include <string_view>\n\n"
        "namespace hostcompat::embedded {\n\n"
        f"{constants}"
        f'constexpr std::string_view libvirtSchemaDir = R"dir({schema_dir})dir";\n'
        "\n} // namespace hostcompat::embedded\n",
        encoding="utf-8",
    )


def named(grammars: list[str]) -> list[tuple[str, Path]]:
    """Pairs of a constant's name and the grammar's path, given as NAME=PATH."""
    pairs = (grammar.split("=", 1) for grammar in grammars)
    return [(name, Path(path)) for name, path in pairs]


if __name__ == "__main__":
    main()
