#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the grammars as C++ constants, each whole: included grammars of this folder are put in.

Of each there is a second constant, with fewer modes. What it accepts, the whole one accepts too, and a program reads it
in a fraction of the time. So it is for the fast path, which leaves to libxml2 what it does not accept.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RNG = "http://relaxng.org/ns/structure/1.0"
# The modes of the second constants: those of the table, and the next one.
FEW = range(8, 13)


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


class Pruning:
    """Removes the elements of all modes but a few, and what cannot match any more (specification, section 4.20)."""

    def __init__(self, grammar: ElementTree.Element) -> None:
        self.impossible: set[str] = set()
        self.empty: set[str] = set()
        parents = [grammar, *grammar.findall(f"{{{RNG}}}div")]
        while any([self.prune_definitions(parent) for parent in parents]):
            pass

    def prune_definitions(self, parent: ElementTree.Element) -> bool:
        """Returns whether a definition was removed."""
        removed = False
        for define in parent.findall(f"{{{RNG}}}define"):
            content = self.sequence(define)
            if content:
                define[:] = content
                continue
            (self.impossible if content is None else self.empty).add(define.get("name", ""))
            parent.remove(define)
            removed = True
        return removed

    def sequence(self, node: ElementTree.Element) -> list[ElementTree.Element] | None:
        """What remains of the children in order; None if one of them cannot match."""
        result: list[ElementTree.Element] = []
        for child in node:
            part = self.remaining(child)
            if part is None:
                return None
            result += part
        return result

    def remaining(self, node: ElementTree.Element) -> list[ElementTree.Element] | None:
        kind = node.tag.removeprefix(f"{{{RNG}}}")
        if kind == "ref" and node.get("name") in self.impossible:
            return None
        if kind == "ref" and node.get("name") in self.empty:
            return []
        if kind == "value" and of_another_mode(node.text or ""):
            return None
        if kind in ("optional", "zeroOrMore"):
            node[:] = self.sequence(node) or []
            return [node] if len(node) else []
        if kind == "group":
            return self.sequence(node)
        if kind in ("element", "attribute"):
            content = self.sequence(node)
            node[:] = content or []
            return None if content is None else [node]
        if kind == "choice":
            parts = [part for child in node if (part := self.remaining(child)) is not None]
            assert all(parts), "an alternative became empty"
            if len(parts) < 2:
                return parts[0] if parts else None
            node[:] = [part[0] if len(part) == 1 else group(part) for part in parts]
        return [node]


def of_another_mode(value: str) -> bool:
    found = re.fullmatch(r"power(\d+)", value)
    return bool(found) and int(found[1]) not in FEW


def group(parts: list[ElementTree.Element]) -> ElementTree.Element:
    result = ElementTree.Element(f"{{{RNG}}}group")
    result.extend(parts)
    return result


def constant(name: str, grammar: ElementTree.Element) -> str:
    text = ElementTree.tostring(grammar, encoding="unicode")
    assert ')rng"' not in text
    return f'constexpr std::string_view {name} = R"rng({text})rng";\n'


def constants(name: str, path: Path) -> str:
    grammar = load(path)
    merge(grammar, path.parent)
    compact(grammar)
    whole = constant(name, grammar)
    Pruning(grammar)
    return whole + constant(f"{name}OfFewModes", grammar)


def main() -> None:
    output, schema_dir, *grammars = sys.argv[1:]
    ElementTree.register_namespace("", RNG)
    text = "".join(constants(*pair) for pair in named(grammars))
    Path(output).write_text(
        "// SPDX-License-Identifier: LGPL-2.1-or-later\n"
        "// The grammars of schema/ as constants; made by schema/embed.py.\n"
        "#pragma once\n\n#include <string_view>\n\n"
        "namespace hostcompat::embedded {\n\n"
        f"{text}"
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
